//! What documents and payments say beside amounts, dates and parties.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::digest;
use crate::money::{Currency, Money};
use crate::party::Address;
use crate::validate::{Path, Problems};
use crate::{Date, Link};

/// Further facts about a document. Names follow EN 16931.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InvoiceDetails {
    /// The day the tax falls due (BT-7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_point: Option<Date>,
    /// Currency the tax is also told in (BT-6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_currency: Option<Currency>,
    /// Who is paid, where it is not the seller (BG-10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    /// Who represents the seller in tax (BG-11).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_representative: Option<Represented>,
    /// The buyer's own reference (BT-10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_reference: Option<String>,
    /// The buyer's order (BT-13).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<String>,
    /// Payment terms in words (BT-20).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
    /// How it is to be paid (BT-81, UNTDID 4461), such as `58`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_means: Option<String>,
    /// What is attached (BG-24).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// How far it is as an e-invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub e_invoice: Option<EInvoiceStatus>,
    /// How the ERP booked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posted: Option<Posted>,
}

impl InvoiceDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path) {
        if let Some(means) = &self.payment_means {
            let fits = (1..=3).contains(&means.len()) && means.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let message = format!("'{means}' is no code of UNTDID 4461");
            problems.require(fits, format!("{path}/payment_means"), "PAYMENT_MEANS", message);
        }
        if let Some(representative) = &self.tax_representative {
            let path = &format!("{path}/tax_representative/vat_id");
            problems.text(path, &representative.vat_id, "BR-56", "the tax representative's VAT id");
        }
        for (at, attachment) in self.attachments.iter().enumerate() {
            digest(problems, format_args!("{path}/attachments/{at}/sha256"), &attachment.sha256);
        }
    }
}

/// Who represents a seller in tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Represented {
    /// Name (BT-62).
    pub name: String,
    /// VAT id (BT-63).
    pub vat_id: String,
    /// Address (BG-12).
    pub address: Address,
}

/// Something attached to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Media type.
    pub media: String,
    /// SHA-256 of it, 64 hex digits.
    pub sha256: String,
}

/// How far an e-invoice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum EInvoiceStatus {
    NotSent,
    Sent,
    Delivered,
    Accepted,
    Refused,
}

/// How the ERP booked a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posted {
    /// Its id there.
    pub id: String,
    /// Accounting period, such as `2026-03`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
}

/// Further facts about a payment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PaymentDetails {
    /// How it was paid, such as `credit_transfer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The bank's reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_reference: Option<String>,
    /// Documents that the whole payment settles, this one among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<Application>,
    /// What of the whole payment settles nothing yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unapplied: Option<Money>,
}

impl PaymentDetails {
    pub(crate) fn check(&self, problems: &mut Problems, path: impl Path, currency: Currency) {
        for (at, application) in self.applications.iter().enumerate() {
            let path = &format!("{path}/applications/{at}");
            problems.link(format_args!("{path}/invoice"), &application.invoice);
            problems.amount(format_args!("{path}/amount"), application.amount, currency);
            for (field, money) in [("discount", application.discount), ("write_off", application.write_off)] {
                if let Some(money) = money {
                    problems.price(format_args!("{path}/{field}"), money, currency);
                }
            }
        }
        if let Some(unapplied) = self.unapplied {
            problems.price(format_args!("{path}/unapplied"), unapplied, currency);
        }
    }
}

/// A document that a payment settles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Application {
    /// The document.
    pub invoice: Link,
    /// How much of it.
    pub amount: Money,
    /// Taken off for paying early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
    /// Given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_off: Option<Money>,
}
