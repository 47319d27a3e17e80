//! What happens to an account: past tense, never changed. Kinds are stable for ever.

use quoin_canonical::{Assignment, TimeEntry};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::expense::Expense;
use crate::foreign::ForeignInvoice;

mod cap;
mod charge;
mod document;
mod prepaid;
mod revenue;
mod terms;
mod work;

pub use cap::*;
pub use charge::*;
pub use document::*;
pub use prepaid::*;
pub use revenue::*;
pub use terms::*;
pub use work::*;

/// A request, of billing's kinds by name, that is no event of an account: what comes of it is.
const RUN_REQUESTED: &str = "billing.run_requested";

/// One thing that happened to an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body")]
pub enum AccountEvent {
    /// The account exists; its terms are those of the contract.
    #[serde(rename = "billing.opened")]
    Opened(Box<Opened>),
    /// The terms follow a newer version of the quote.
    #[serde(rename = "billing.amended")]
    Amended(Box<Opened>),
    /// Discounts are above the policy's limits; somebody is asked.
    #[serde(rename = "billing.discount_judged")]
    DiscountJudged(DiscountJudged),
    /// Discounts above the policy's limits were approved, or refused.
    #[serde(rename = "billing.discount_decided")]
    DiscountDecided(DiscountDecided),
    /// Somebody works on the project in a role.
    #[serde(rename = "billing.assigned")]
    Assigned(Box<Assignment>),
    /// Approved time counts, at a frozen rate.
    #[serde(rename = "billing.time_recorded")]
    TimeRecorded(Box<TimeRecorded>),
    /// Time that was not billed counts no more.
    #[serde(rename = "billing.time_reversed")]
    TimeReversed(TimeReversed),
    /// Approved time can't be valued; its minutes are held with an owner.
    #[serde(rename = "billing.entry_refused")]
    EntryRefused(Box<EntryRefused>),
    /// A change to time on a document that is not posted yet waits for the posting.
    #[serde(rename = "billing.correction_pending")]
    CorrectionPending(Box<TimeEntry>),
    /// Billed time was deleted at its source; a person decides on the credit.
    #[serde(rename = "billing.credit_proposed")]
    CreditProposed(Box<CreditProposed>),
    /// An approved expense counts.
    #[serde(rename = "billing.expense_recorded")]
    ExpenseRecorded(Box<ExpenseRecorded>),
    /// An expense counts no more.
    #[serde(rename = "billing.expense_reversed")]
    ExpenseReversed(ExpenseReversed),
    /// A change to an expense on a document that is not posted yet waits for the posting.
    #[serde(rename = "billing.expense_pending")]
    ExpensePending(Box<Expense>),
    /// Other rates apply from now on; nothing is valued anew by itself.
    #[serde(rename = "billing.rates_changed")]
    RatesChanged(Box<RatesChanged>),
    /// A milestone may be billed.
    #[serde(rename = "billing.milestone_ready")]
    MilestoneReady(MilestoneReady),
    /// Acceptance was withdrawn before it was billed.
    #[serde(rename = "billing.milestone_withdrawn")]
    MilestoneWithdrawn(MilestoneRef),
    /// Acceptance was withdrawn after it was billed: no automatic credit (test FM-09).
    #[serde(rename = "billing.milestone_disputed")]
    MilestoneDisputed(MilestoneRef),
    /// A milestone waits although it is ready.
    #[serde(rename = "billing.milestone_held")]
    MilestoneHeld(MilestoneHeld),
    /// An invoice was found in the ERP that somebody wrote by hand.
    #[serde(rename = "billing.foreign_invoice_found")]
    ForeignInvoiceFound(ForeignInvoice),
    /// Such an invoice bills nothing of ours any more: it was voided, or changed.
    #[serde(rename = "billing.foreign_invoice_cleared")]
    ForeignInvoiceCleared(ForeignInvoiceCleared),
    /// A document is drafted; its billing events explain every line.
    #[serde(rename = "billing.invoice_drafted")]
    InvoiceDrafted(Box<InvoiceDrafted>),
    /// A draft goes out; from here on it is corrected by credit only.
    #[serde(rename = "billing.invoice_released")]
    InvoiceReleased(InvoiceReleased),
    /// A draft was thrown away before release (rule CO5).
    #[serde(rename = "billing.invoice_discarded")]
    InvoiceDiscarded(InvoiceDiscarded),
    /// Work beyond a cap is held.
    #[serde(rename = "billing.over_cap_held")]
    OverCapHeld(OverCapHeld),
    /// Held work waits for the next run again (rules NX4, NX-07).
    #[serde(rename = "billing.over_cap_released")]
    OverCapReleased(OverCapReleased),
    /// Held work was given up by decision.
    #[serde(rename = "billing.written_off")]
    WrittenOff(WrittenOff),
    /// The use of a cap reached a threshold.
    #[serde(rename = "billing.cap_alert")]
    CapAlert(CapAlert),
    /// A document is in the books, under a number.
    #[serde(rename = "billing.invoice_posted")]
    InvoicePosted(InvoicePosted),
    /// A credit note is drafted.
    #[serde(rename = "billing.credit_drafted")]
    CreditDrafted(Box<CreditDrafted>),
    /// Minutes billed at nothing were taken back; there is nothing to credit.
    #[serde(rename = "billing.credited_at_zero")]
    CreditedAtZero(Box<CreditedAtZero>),
    /// Money came in, or a payment was reversed (then the amount is negative).
    #[serde(rename = "billing.payment_applied")]
    PaymentApplied(PaymentApplied),
    /// A retainer's hours may be drawn.
    #[serde(rename = "billing.advance_available")]
    AdvanceAvailable(AdvanceAvailable),
    /// A retainer's period was settled: drawn, rolled, expired, over.
    #[serde(rename = "billing.retainer_settled")]
    RetainerSettled(RetainerSettled),
    /// Hours drawn for work that was corrected since may be drawn again.
    #[serde(rename = "billing.retainer_returned")]
    RetainerReturned(RetainerReturned),
    /// A retainer ended: what was left is given back or expires.
    #[serde(rename = "billing.retainer_closed")]
    RetainerClosed(RetainerClosed),
    /// An advance may be set off against invoices (rule RE1).
    #[serde(rename = "billing.advance_usable")]
    AdvanceUsable(AdvanceUsable),
    /// An advance ended: what was left is given back or lapses.
    #[serde(rename = "billing.advance_closed")]
    AdvanceClosed(AdvanceClosed),
    /// Delivery reports how far a fixed price is earned.
    #[serde(rename = "billing.progress_reported")]
    ProgressReported(ProgressReported),
    /// Work beyond a cap is not charged, as agreed (rule NX2).
    #[serde(rename = "billing.beyond_cap_freed")]
    BeyondCapFreed(BeyondCapFreed),
    /// An expense beyond a cap is held (rule NX6).
    #[serde(rename = "billing.expense_held")]
    ExpenseHeld(ExpenseHeld),
    /// Revenue indicators, per contract line.
    #[serde(rename = "billing.revenue_computed")]
    RevenueComputed(RevenueComputed),
    /// The books say another revenue than we do; the books win, and somebody looks (rule RR6).
    #[serde(rename = "billing.revenue_differs")]
    RevenueDiffers(RevenueDiffers),
    /// The books agree again.
    #[serde(rename = "billing.revenue_agrees")]
    RevenueAgrees(RevenueAgrees),
}

impl AccountEvent {
    /// Its stable kind.
    pub fn kind(&self) -> &'static str {
        match self {
            AccountEvent::Opened(_) => "billing.opened",
            AccountEvent::Amended(_) => "billing.amended",
            AccountEvent::DiscountJudged(_) => "billing.discount_judged",
            AccountEvent::DiscountDecided(_) => "billing.discount_decided",
            AccountEvent::Assigned(_) => "billing.assigned",
            AccountEvent::TimeRecorded(_) => "billing.time_recorded",
            AccountEvent::TimeReversed(_) => "billing.time_reversed",
            AccountEvent::EntryRefused(_) => "billing.entry_refused",
            AccountEvent::CorrectionPending(_) => "billing.correction_pending",
            AccountEvent::CreditProposed(_) => "billing.credit_proposed",
            AccountEvent::ExpenseRecorded(_) => "billing.expense_recorded",
            AccountEvent::ExpenseReversed(_) => "billing.expense_reversed",
            AccountEvent::ExpensePending(_) => "billing.expense_pending",
            AccountEvent::RatesChanged(_) => "billing.rates_changed",
            AccountEvent::MilestoneReady(_) => "billing.milestone_ready",
            AccountEvent::MilestoneWithdrawn(_) => "billing.milestone_withdrawn",
            AccountEvent::MilestoneDisputed(_) => "billing.milestone_disputed",
            AccountEvent::MilestoneHeld(_) => "billing.milestone_held",
            AccountEvent::ForeignInvoiceFound(_) => "billing.foreign_invoice_found",
            AccountEvent::ForeignInvoiceCleared(_) => "billing.foreign_invoice_cleared",
            AccountEvent::InvoiceDrafted(_) => "billing.invoice_drafted",
            AccountEvent::InvoiceReleased(_) => "billing.invoice_released",
            AccountEvent::InvoiceDiscarded(_) => "billing.invoice_discarded",
            AccountEvent::OverCapHeld(_) => "billing.over_cap_held",
            AccountEvent::OverCapReleased(_) => "billing.over_cap_released",
            AccountEvent::WrittenOff(_) => "billing.written_off",
            AccountEvent::CapAlert(_) => "billing.cap_alert",
            AccountEvent::InvoicePosted(_) => "billing.invoice_posted",
            AccountEvent::CreditDrafted(_) => "billing.credit_drafted",
            AccountEvent::CreditedAtZero(_) => "billing.credited_at_zero",
            AccountEvent::PaymentApplied(_) => "billing.payment_applied",
            AccountEvent::AdvanceAvailable(_) => "billing.advance_available",
            AccountEvent::RetainerSettled(_) => "billing.retainer_settled",
            AccountEvent::RetainerReturned(_) => "billing.retainer_returned",
            AccountEvent::RetainerClosed(_) => "billing.retainer_closed",
            AccountEvent::AdvanceUsable(_) => "billing.advance_usable",
            AccountEvent::AdvanceClosed(_) => "billing.advance_closed",
            AccountEvent::ProgressReported(_) => "billing.progress_reported",
            AccountEvent::BeyondCapFreed(_) => "billing.beyond_cap_freed",
            AccountEvent::ExpenseHeld(_) => "billing.expense_held",
            AccountEvent::RevenueComputed(_) => "billing.revenue_computed",
            AccountEvent::RevenueDiffers(_) => "billing.revenue_differs",
            AccountEvent::RevenueAgrees(_) => "billing.revenue_agrees",
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

    /// The event of a kind and a body, as the log stores them; `None` when the kind is not one of
    /// an account's.
    ///
    /// # Errors
    /// The body is not what that kind holds.
    pub fn from_kind_and_body(kind: &str, body: &Value) -> Result<Option<Self>, serde_json::Error> {
        if !kind.starts_with("billing.") || kind == RUN_REQUESTED {
            return Ok(None);
        }
        serde_json::from_value(serde_json::json!({ "kind": kind, "body": body })).map(Some)
    }
}
