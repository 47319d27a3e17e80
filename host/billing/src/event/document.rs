//! Documents: drafted, released, posted, credited, paid.

use quoin_canonical::{Date, Decimal, Id, Invoice, InvoiceStatus, Money, TaxSubtotal, Totals};
use serde::{Deserialize, Serialize};

use crate::account::{AppliedAdvance, RetainerPeriod};
use crate::approval::{Approval, ApprovalNeed};
use crate::fx::Booked;

use super::charge::BillingEvent;

/// A drafted document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceDrafted {
    /// The document, ready for the ERP; `header.id` is its canonical id.
    pub invoice: Invoice,
    /// What its lines sum.
    pub billing_events: Vec<BillingEvent>,
    /// Day up to which work was looked at.
    pub as_of: Date,
    /// It counts as released at once.
    pub released: bool,
    /// Who must approve it first, where the policy asks somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalNeed>,
    /// Retainer periods it bills in advance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advances: Vec<RetainerPeriod>,
    /// The first of the documents that share the same work among several payers: they are released
    /// and discarded together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Id>,
    /// Money paid in advance that is set off against it (rule RE1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applied: Vec<AppliedAdvance>,
    /// Key of the group whose invoice it becomes a part of, where contracts are billed together. Such
    /// a part never goes out on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// An invoice made by hand that bills nothing of ours any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignInvoiceCleared {
    /// The invoice.
    pub invoice: Id,
    /// Which finding is answered.
    pub finding: String,
    /// Why.
    pub reason: String,
}

/// A draft that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceReleased {
    /// The document.
    pub invoice: Id,
    /// Who let it go, where the policy asks somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
}

/// A draft that was thrown away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceDiscarded {
    /// The document.
    pub invoice: Id,
    /// Who rejected it; absent where a change of its work made it void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A document in the books.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoicePosted {
    /// The document.
    pub invoice: Id,
    /// Its number.
    pub number: String,
    /// The day it was posted.
    pub on: Date,
    /// What is open on the document itself, or, for a credit note, on the one it corrects.
    pub open: Money,
    /// The document a credit note corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<Id>,
    /// Its totals in the seller's own currency, where that is another one and a rate is agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booked: Option<Booked>,
    /// Its share of the document that bills several contracts, where it is a part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Box<PartShare>>,
}

/// What a part is on the document that bills several contracts: that document's days, and of its tax,
/// which is rounded once for all parts, the part's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartShare {
    /// The document.
    pub document: Id,
    /// The day it was issued.
    pub issued_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// The part's tax rows.
    pub tax: Vec<TaxSubtotal>,
    /// The part's totals.
    pub totals: Totals,
}

/// A drafted credit note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditDrafted {
    /// The credit note (type 381, positive amounts), ready for the ERP.
    pub credit: Invoice,
    /// The document it corrects.
    pub corrects: Id,
    /// What it takes back; amounts are negative.
    pub billing_events: Vec<BillingEvent>,
    /// Why: `time_corrected`, `time_withdrawn`, `expense_withdrawn`, `rate_corrected`,
    /// `retainer_ended`, or a person's words.
    pub reason: String,
    /// What is billed again, at its frozen rate: time and expenses by the next run, milestones once
    /// the credit note is posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Returned>,
    /// Who must approve it first, where the policy asks somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalNeed>,
}

/// Minutes billed at nothing, taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditedAtZero {
    /// The document they were on.
    pub corrects: Id,
    /// What is taken back; minutes are negative.
    pub billing_events: Vec<BillingEvent>,
    /// What is billed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Returned>,
}

/// Something credited that will be billed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The entry, expense or milestone.
    pub source: Id,
    /// Minutes, for time.
    pub minutes: Decimal,
    /// Value at the frozen rate, six decimals.
    pub amount: Decimal,
}

/// Money on a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentApplied {
    /// The payment.
    pub payment: Id,
    /// The document.
    pub invoice: Id,
    /// What was applied; negative when a payment was reversed.
    pub amount: Money,
    /// Still open on the document; negative when overpaid.
    pub open: Money,
    /// The document's status now.
    pub status: InvoiceStatus,
    /// The day it counts.
    pub on: Date,
    /// Gain (or loss, when negative) on the exchange since booking, in the seller's own currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<Money>,
}
