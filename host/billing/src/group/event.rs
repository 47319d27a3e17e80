//! What happens to a group: past tense, never changed. Kinds are stable for ever.

use quoin_canonical::{Date, Id, Invoice, InvoiceStatus, Money, Payment};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{GroupTerms, Part, Run};
use crate::approval::{Approval, ApprovalNeed};

/// One thing that happened to a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum GroupEvent {
    /// A contract is billed with the group's others from now on.
    #[serde(rename = "group.member_joined")]
    Joined(Joined),
    /// A contract reported what it bills, or that it bills nothing.
    #[serde(rename = "group.part_collected")]
    Collected(Collected),
    /// Parts became one document.
    #[serde(rename = "group.invoice_drafted")]
    Drafted(Box<WholeDrafted>),
    /// The document goes out.
    #[serde(rename = "group.invoice_released")]
    Released(InvoiceReleased),
    /// The document was sent back; so are its parts.
    #[serde(rename = "group.invoice_discarded")]
    Discarded(InvoiceDiscarded),
    /// The document is in the books, under a number.
    #[serde(rename = "group.invoice_posted")]
    Posted(InvoicePosted),
    /// A contract credited some of its part.
    #[serde(rename = "group.part_credited")]
    Credited(PartCredited),
    /// Money came in, or a payment was reversed.
    #[serde(rename = "group.payment_applied")]
    Paid(PaymentApplied),
}

/// A contract that joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Joined {
    /// The group.
    pub group: GroupTerms,
    /// The contract.
    pub contract: String,
}

/// What a contract reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// The contract.
    pub contract: String,
    /// In which run.
    pub run: Run,
    /// Its parts; none where there was nothing to bill.
    pub parts: Vec<Invoice>,
}

/// A drafted document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WholeDrafted {
    /// The document, ready for the ERP.
    pub invoice: Invoice,
    /// Its parts, in the order of its lines.
    pub parts: Vec<Part>,
    /// Who must approve it first, where the policy asks somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalNeed>,
}

/// A document that went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceReleased {
    /// The document.
    pub invoice: Id,
    /// Who let it go, where the policy asks somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
}

/// A document that was sent back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceDiscarded {
    /// The document.
    pub invoice: Id,
    /// Its parts: they go back to their contracts.
    pub parts: Vec<Part>,
    /// Who sent it back.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A document in the books.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoicePosted {
    /// The document.
    pub invoice: Id,
    /// Its number.
    pub number: String,
    /// Its parts: each is posted in its own account now.
    pub parts: Vec<Part>,
}

/// A credit note against one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartCredited {
    /// The document.
    pub invoice: Id,
    /// The part.
    pub part: Id,
    /// The credit note.
    pub credit: Id,
    /// Its gross.
    pub gross: Money,
}

/// Money on a document, part by part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentApplied {
    /// The payment.
    pub payment: Id,
    /// The document.
    pub invoice: Id,
    /// What counts of it now; nothing once it is reversed.
    pub amount: Money,
    /// The same, part by part, in the order of the document's parts.
    pub parts: Vec<PartPaid>,
    /// Still open on the document; negative when overpaid.
    pub open: Money,
    /// The document's status now.
    pub status: InvoiceStatus,
    /// The day it counts.
    pub on: Date,
}

/// What a payment counts on one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartPaid {
    /// The contract.
    pub contract: String,
    /// How much of the payment counts here.
    pub amount: Money,
    /// The same as a payment of its own, for the contract's account.
    pub payment: Payment,
}

impl GroupEvent {
    /// Its stable kind.
    pub fn kind(&self) -> &'static str {
        match self {
            GroupEvent::Joined(_) => "group.member_joined",
            GroupEvent::Collected(_) => "group.part_collected",
            GroupEvent::Drafted(_) => "group.invoice_drafted",
            GroupEvent::Released(_) => "group.invoice_released",
            GroupEvent::Discarded(_) => "group.invoice_discarded",
            GroupEvent::Posted(_) => "group.invoice_posted",
            GroupEvent::Credited(_) => "group.part_credited",
            GroupEvent::Paid(_) => "group.payment_applied",
        }
    }

    /// Its content, without the kind.
    ///
    /// # Errors
    /// Never for the types here; the signature leaves it to the caller.
    pub fn to_body(&self) -> Result<Value, serde_json::Error> {
        match serde_json::to_value(self)? {
            Value::Object(mut object) => Ok(object.remove("body").unwrap_or(Value::Null)),
            other => Ok(other),
        }
    }
}
