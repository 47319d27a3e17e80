//! What is known of a customer beside name, address and terms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ordered;
use crate::books::ElectronicAddress;
use crate::money::{Currency, Money};
use crate::validate::{Path, Problems};
use crate::{Date, Id, Link, Timestamp};

/// Further facts about a customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CustomerDetails {
    /// Name it trades under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trading_name: Option<String>,
    /// Our number for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_number: Option<String>,
    /// The organisation above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Link>,
    /// The organisation at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ultimate_parent: Option<Link>,
    /// What it is in its hierarchy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hierarchy_roles: Vec<HierarchyRole>,
    /// Company registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// Tax ids beside the VAT id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tax_ids: Vec<TaxId>,
    /// Whether it pays tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_status: Option<TaxStatus>,
    /// Proofs that it does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// People there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    /// Where e-invoices go (BT-49).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_address: Option<ElectronicAddress>,
    /// Its price list or rate card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_card: Option<String>,
    /// What it owes and has ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_exposure: Option<Money>,
    /// When its credit was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_reviewed_at: Option<Timestamp>,
    /// How far it is reminded of what it owes; 0 is not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dunning_level: Option<u8>,
    /// Ledger account of what it owes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receivable_account: Option<String>,
    /// Where it belongs in our reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<Segments>,
    /// The customer it was merged into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<Id>,
}

impl CustomerDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path, currency: Option<Currency>) {
        for (at, tax) in self.tax_ids.iter().enumerate() {
            problems.country(format_args!("{path}/tax_ids/{at}/country"), &tax.country);
            problems.text(format_args!("{path}/tax_ids/{at}/id"), &tax.id, "ID_MISSING", "the tax id");
        }
        for (at, certificate) in self.certificates.iter().enumerate() {
            let path = &format!("{path}/certificates/{at}");
            problems.text(format_args!("{path}/id"), &certificate.id, "ID_MISSING", "the certificate's number");
            problems.country(format_args!("{path}/country"), &certificate.country);
            ordered(problems, format_args!("{path}/to"), certificate.from, certificate.to);
        }
        for (at, contact) in self.contacts.iter().enumerate() {
            problems.text(
                format_args!("{path}/contacts/{at}/name"),
                &contact.name,
                "NAME_MISSING",
                "the contact's name",
            );
        }
        if let Some(registration) = &self.registration {
            problems.text(format_args!("{path}/registration/id"), &registration.id, "ID_MISSING", "the registration");
        }
        if let (Some(exposure), Some(currency)) = (self.credit_exposure, currency) {
            problems.price(format_args!("{path}/credit_exposure"), exposure, currency);
        }
        if let Some(parent) = &self.parent {
            problems.link(format_args!("{path}/parent"), parent);
        }
    }
}

/// What an organisation is in its hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum HierarchyRole {
    BillTo,
    SoldTo,
    ShipTo,
    Payer,
    EndClient,
}

/// A company registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registration {
    /// The id.
    pub id: String,
    /// Its scheme (ISO 6523 ICD), such as `0002`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
}

/// A tax id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaxId {
    /// Country (ISO 3166-1).
    pub country: String,
    /// The id, with its country prefix where it has one (Greece: EL).
    pub id: String,
    /// Regime, such as `vat`, `gst`, `sales_tax`.
    pub regime: String,
}

/// Whether somebody pays tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum TaxStatus {
    Taxable,
    Exempt,
    Unregistered,
}

/// A proof of exemption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// Number.
    pub id: String,
    /// Country (ISO 3166-1).
    pub country: String,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

/// Somebody there. Personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// What for, such as `billing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Where a customer belongs in our reports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[allow(missing_docs)]
pub struct Segments {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub practice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
}
