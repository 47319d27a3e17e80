//! Our own companies, and revenue as the books recognise it.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::agreement::RevenueMethod;
use crate::money::{Currency, Money};
use crate::object::canonical;
use crate::party::LegalEntity;
use crate::{Date, Header, Link, Period};

/// One of our own companies as the books know it. Canonical object `legal_entity`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Company {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Who sells, and under which rules.
    pub entity: LegalEntity,
    /// Currency of the group's reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporting_currency: Option<Currency>,
    /// Accounting periods, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<AccountingPeriod>,
    /// Further tax registrations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registrations: Vec<TaxRegistration>,
    /// Number series of documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub number_series: Vec<NumberSeries>,
    /// Where it is paid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bank_accounts: Vec<BankAccount>,
    /// Our other companies, as its books call them: code of the entity and partner code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intercompany: Vec<PartnerCode>,
    /// Its address in e-invoice networks, with the scheme (EAS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub e_addresses: Vec<ElectronicAddress>,
    /// Where it stands.
    pub status: CompanyStatus,
}

canonical!(Company, LegalEntity, |this, problems| {
    for problem in this.entity.validate().err().unwrap_or_default() {
        problems.require(false, format_args!("/entity{}", problem.path), &problem.code, problem.message);
    }
    for (at, period) in this.periods.iter().enumerate() {
        problems.ordered(format_args!("/periods/{at}/to"), period.from, period.to);
        if let Some(before) = at.checked_sub(1).and_then(|before| this.periods.get(before)) {
            let follows = before.to < period.from;
            problems.require(follows, format_args!("/periods/{at}/from"), "OVERLAP", "periods follow each other");
        }
    }
    for (at, registration) in this.registrations.iter().enumerate() {
        problems.country(format_args!("/registrations/{at}/country"), &registration.country);
        problems.text(format_args!("/registrations/{at}/id"), &registration.id, "ID_MISSING", "the registration's id");
    }
    for (at, account) in this.bank_accounts.iter().enumerate() {
        let path = format_args!("/bank_accounts/{at}/iban");
        let message = format_args!("'{}' is no IBAN: its check digits are wrong (ISO 13616)", account.iban);
        problems.require(is_iban(&account.iban), path, "IBAN", message);
    }
    problems.unique("/number_series", "kind", this.number_series.iter().map(|series| series.kind.as_str()));
});

/// Whether the check digits of an IBAN fit (ISO 13616: modulo 97 is 1).
fn is_iban(text: &str) -> bool {
    let plain: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !(15..=34).contains(&plain.len()) || !plain.chars().all(|c| c.is_ascii_alphanumeric()) {
        return false;
    }
    let (head, tail) = plain.split_at(4);
    let rest = tail.chars().chain(head.chars()).filter_map(|c| c.to_digit(36)).fold(0_u32, |rest, value| {
        let shift = if value > 9 { 100 } else { 10 };
        (rest * shift + value) % 97
    });
    rest == 1
}

/// draft -> active -> closing -> dissolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum CompanyStatus {
    Draft,
    Active,
    Closing,
    Dissolved,
}

/// An accounting period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountingPeriod {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Whether nothing is posted into it any more.
    pub closed: bool,
}

/// A tax registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaxRegistration {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its id.
    pub id: String,
    /// Regime, such as `vat`, `gst`, `oss`.
    pub regime: String,
}

/// The numbers of one kind of document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NumberSeries {
    /// Document type (UNTDID 1001).
    pub kind: String,
    /// What numbers begin with.
    pub prefix: String,
}

/// A bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BankAccount {
    /// IBAN.
    pub iban: String,
    /// BIC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
    /// Currency.
    pub currency: Currency,
}

/// One of our companies in another one's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartnerCode {
    /// Code of the legal entity.
    pub entity: String,
    /// Its partner code.
    pub code: String,
}

/// An address in an e-invoice network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ElectronicAddress {
    /// Scheme (EAS code list), such as `0088`.
    pub scheme: String,
    /// Address.
    pub address: String,
}

/// Revenue of one performance obligation in one period (IFRS 15, ASC 606). Canonical object
/// `revenue_recognition`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RevenueRecognition {
    /// Identity.
    #[serde(default)]
    pub header: Header,
    /// Contract.
    pub contract_number: String,
    /// Its line, which is the performance obligation.
    pub contract_line: String,
    /// Project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<Link>,
    /// How revenue is measured.
    pub method: RevenueMethod,
    /// Currency.
    pub currency: Currency,
    /// Transaction price allocated to it.
    pub transaction_price: Money,
    /// Its standalone selling price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standalone_price: Option<Money>,
    /// Estimated cost at completion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_at_completion: Option<Money>,
    /// Cost from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_to_date: Option<Money>,
    /// Percent complete.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::exact::option")]
    #[schemars(with = "Option<crate::exact::Digits>")]
    pub percent: Option<Decimal>,
    /// The period.
    pub period: Period,
    /// Revenue of the period.
    pub period_revenue: Money,
    /// Revenue from the start.
    pub revenue_to_date: Money,
    /// Billed from the start, net of credits.
    pub billed_to_date: Money,
    /// Earned and not billed.
    pub contract_asset: Money,
    /// Billed and not earned.
    pub contract_liability: Money,
    /// Provision for a loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_provision: Option<Money>,
    /// Journal it is posted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// Where it stands.
    pub status: RecognitionStatus,
}

canonical!(RevenueRecognition, RevenueRecognition, |this, problems| {
    problems.text("/contract_number", &this.contract_number, "NUMBER_MISSING", "the contract's number");
    problems.text("/contract_line", &this.contract_line, "LINE_MISSING", "the contract line");
    problems.ordered("/period/to", this.period.from, this.period.to);
    problems.price("/transaction_price", this.transaction_price, this.currency);
    for (path, amount) in [
        ("/period_revenue", this.period_revenue),
        ("/revenue_to_date", this.revenue_to_date),
        ("/billed_to_date", this.billed_to_date),
    ] {
        problems.amount(path, amount, this.currency);
    }
    problems.price("/contract_asset", this.contract_asset, this.currency);
    problems.price("/contract_liability", this.contract_liability, this.currency);
    if let Some(percent) = this.percent {
        problems.percent("/percent", percent);
    }
    let difference = this.revenue_to_date.amount - this.billed_to_date.amount;
    let held = this.contract_asset.amount - this.contract_liability.amount;
    problems.require(
        difference == held,
        "/contract_asset",
        "ASSET_IDENTITY",
        format_args!("revenue less billed is {difference}, asset less liability {held}"),
    );
    problems.require(
        this.status != RecognitionStatus::Posted || this.journal.is_some(),
        "/journal",
        "JOURNAL_MISSING",
        "posted revenue is in a journal; name it",
    );
});

/// planned -> calculated -> posted -> reversed; eliminated between our own companies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RecognitionStatus {
    Planned,
    Calculated,
    Posted,
    Reversed,
    Eliminated,
}
