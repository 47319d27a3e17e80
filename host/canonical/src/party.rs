//! Parties: customers, our own legal entities, and how tax applies to them.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commercial::check_payment_terms;
use crate::details::CustomerDetails;
use crate::money::{Currency, Money, Rounding};
use crate::object::canonical;
use crate::validate::{Path, Problems};
use crate::{Date, Header, terms};

/// Who buys. Canonical object `customer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Customer {
    /// Identity and custom fields.
    #[serde(default)]
    pub header: Header,
    /// Legal name.
    pub name: String,
    /// Name of the parent organisation, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_name: Option<String>,
    /// VAT id with country prefix (Greece uses EL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    /// ISO 3166-1 alpha-2 country of tax residence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Postal addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// Days from issue to due date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_terms_days: Option<u16>,
    /// Currency it is usually billed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Credit standing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<Credit>,
    /// Lifecycle state.
    #[serde(default)]
    pub status: CustomerStatus,
    /// Further facts, where anybody knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<CustomerDetails>>,
}

canonical!(Customer, Customer, |this, problems| {
    this.check(&mut problems, "");
});

impl Customer {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        problems.text(format_args!("{path}/name"), &self.name, "NAME_MISSING", "the customer's legal name");
        if let Some(details) = &self.details {
            details.check(problems, format_args!("{path}/details"), self.currency);
        }
        if let Some(id) = &self.vat_id {
            terms::vat_id(problems, format_args!("{path}/vat_id"), id);
        }
        if let Some(country) = &self.country {
            problems.country(format_args!("{path}/country"), country);
        }
        for (at, address) in self.addresses.iter().enumerate() {
            terms::address(problems, format_args!("{path}/addresses/{at}"), address);
        }
        if let Some(days) = self.payment_terms_days {
            check_payment_terms(problems, format_args!("{path}/payment_terms_days"), days);
        }
        if let Some(limit) = self.credit.as_ref().and_then(|credit| credit.limit) {
            problems.price(format_args!("{path}/credit/limit"), limit, limit.currency);
        }
    }
}

/// prospect -> active -> on_hold -> inactive -> merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum CustomerStatus {
    Prospect,
    #[default]
    Active,
    OnHold,
    Inactive,
    Merged,
}

/// A postal address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Address {
    /// What it is for: `billing`, `shipping`, `registered`.
    pub purpose: String,
    /// Street and number, as lines.
    pub lines: Vec<String>,
    /// City.
    pub city: String,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// How far a customer is trusted with unpaid work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Credit {
    /// The standing.
    pub status: CreditStatus,
    /// Highest open amount, where one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
    /// Why it is on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Credit standing, apart from the customer's lifecycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum CreditStatus {
    Ok,
    Warn,
    Hold,
    Blocked,
}

/// VAT categories of EN 16931 (UNTDID 5305).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TaxCategory {
    /// Standard rate, reduced rates included.
    S,
    /// Zero rated.
    Z,
    /// Exempt.
    E,
    /// Reverse charge.
    AE,
    /// Intra-community supply.
    K,
    /// Export.
    G,
    /// Outside the scope of VAT.
    O,
    /// Canary Islands indirect tax.
    L,
    /// Ceuta and Melilla tax.
    M,
}

/// Tax on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaxTreatment {
    /// Category.
    pub category: TaxCategory,
    /// Rate in percent (19, not 0.19); absent for category O.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub rate_percent: Option<Decimal>,
    /// Why no tax is charged: required for E, AE, K, G, O; forbidden for S and Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exemption_reason: Option<String>,
}

impl TaxTreatment {
    /// Checks category, rate and exemption reason against each other.
    ///
    /// # Errors
    /// What does not fit, with paths below `path`.
    pub fn validate(&self, path: &str) -> Result<(), Vec<crate::Invalid>> {
        let mut problems = Problems::new();
        terms::tax(&mut problems, path, self);
        problems.into_result()
    }
}

/// One of our own companies: who sells, and under which rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LegalEntity {
    /// Short code used by routes and quotes, such as `DE01`.
    pub code: String,
    /// Registered name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Functional currency.
    pub currency: Currency,
    /// IANA time zone: a business date is a date in this zone.
    pub zone: String,
    /// VAT id.
    pub vat_id: String,
    /// Registered address.
    pub address: Address,
    /// How its documents round.
    #[serde(default)]
    pub rounding: Rounding,
    /// Tax charged to a customer of the same country, by default.
    pub default_tax: TaxTreatment,
    /// Last closed accounting period: the last day of it. Nothing posts on or before this date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_through: Option<Date>,
}

impl LegalEntity {
    /// Checks an entity as configured. Its zone is checked where the time-zone database is.
    ///
    /// # Errors
    /// All that is wrong, each with the path to the field.
    pub fn validate(&self) -> Result<(), Vec<crate::Invalid>> {
        let mut problems = Problems::new();
        problems.text("/code", &self.code, "CODE_MISSING", "the entity's code");
        problems.text("/name", &self.name, "NAME_MISSING", "the entity's registered name");
        problems.text("/zone", &self.zone, "ZONE_MISSING", "the entity's IANA time zone");
        problems.country("/country", &self.country);
        terms::vat_id(&mut problems, "/vat_id", &self.vat_id);
        terms::address(&mut problems, "/address", &self.address);
        terms::tax(&mut problems, "/default_tax", &self.default_tax);
        problems.into_result()
    }
}
