//! What becomes of documents: released, discarded, posted, paid.

use quoin_canonical::{Date, Decimal, Id, InvoiceType, Money, Payment, PaymentStatus};

use super::{Draft, canonical_id, expense, linked_id, release_over_cap, run, time};
use crate::account::{Account, DocumentStage, InvoiceState};
use crate::event::{AccountEvent, AdvanceAvailable, InvoicePosted, InvoiceRef, PaymentApplied};
use crate::policy::{AdvanceUsable, Context, Refusal};

/// What the ERP says about a posted document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Canonical id of the document.
    pub invoice: Id,
    /// Its number.
    pub number: String,
    /// The day it was posted.
    pub on: Date,
}

/// Lets a draft go out (with the policy that drafts are reviewed).
///
/// # Errors
/// `INVOICE_UNKNOWN`; `INVOICE_DISCARDED`.
pub fn release(account: &Account, invoice: &Id, _ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let state = find(account, invoice)?;
    match state.stage {
        DocumentStage::Draft => Ok(vec![AccountEvent::InvoiceReleased(InvoiceRef { invoice: invoice.clone() })]),
        DocumentStage::Released | DocumentStage::Posted => Ok(Vec::new()),
        DocumentStage::Discarded => {
            Err(Refusal::new("INVOICE_DISCARDED", "the draft was discarded; release the one made in its place")
                .field("/invoice"))
        }
    }
}

/// Throws a draft away: all on it waits for a run again (rule CO5).
///
/// # Errors
/// `INVOICE_UNKNOWN`; `INVOICE_IMMUTABLE` for a document that went out: correct it by credit
/// (rule CO1).
pub fn discard(account: &Account, invoice: &Id, _ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let state = find(account, invoice)?;
    match state.stage {
        DocumentStage::Draft => Ok(vec![AccountEvent::InvoiceDiscarded(InvoiceRef { invoice: invoice.clone() })]),
        DocumentStage::Discarded => Ok(Vec::new()),
        DocumentStage::Released | DocumentStage::Posted => {
            Err(Refusal::new("INVOICE_IMMUTABLE", "the document went out; correct it by a credit note")
                .field("/invoice"))
        }
    }
}

/// A document is in the books. An advance may then be drawn from; a credit note gives capacity
/// back to caps, and what they held waits for the next run (rule NX4); changes that waited for the
/// posting are made now.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `NUMBER_CHANGED` when it is posted under another number already;
/// `INVOICE_DISCARDED` when somebody posted a draft that was thrown away.
pub fn invoice_posted(account: &Account, posting: &Posting, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let state = find(account, &posting.invoice)?;
    if state.stage == DocumentStage::Discarded {
        let message =
            format!("{} is posted, but its draft was discarded: void it, or its work is billed twice", posting.number);
        return Err(Refusal::new("INVOICE_DISCARDED", message).field("/invoice").owner(&ctx.policy.owners.finance));
    }
    if state.stage == DocumentStage::Posted {
        return match state.invoice.number.as_deref() {
            Some(number) if number == posting.number => Ok(Vec::new()),
            number => {
                let known = number.unwrap_or_default();
                let message =
                    format!("the document is posted as {known} already, now again as {}: void one", posting.number);
                Err(Refusal::new("NUMBER_CHANGED", message).field("/number").owner(&ctx.policy.owners.finance))
            }
        };
    }
    let mut steps = Draft::new(account);
    steps.push(AccountEvent::InvoicePosted(InvoicePosted {
        invoice: posting.invoice.clone(),
        number: posting.number.clone(),
        on: posting.on,
        open: open_after(account, state)?,
        corrects: state.corrects.clone(),
    }));
    if ctx.policy.retainer.usable == AdvanceUsable::AfterPosting {
        steps.extend(available(state, &posting.invoice));
    }
    if state.invoice.kind == InvoiceType::CreditNote {
        for line in state.invoice.lines.iter().map(|line| &line.contract_line) {
            let released = release_over_cap(&steps.account, line, "credit_posted", ctx)?;
            steps.extend(released);
        }
    } else {
        for changed in waiting(&steps.account, &posting.invoice) {
            let made = time::resume(&steps.account, &changed, ctx)?;
            steps.extend(made);
        }
        for changed in waiting_expenses(&steps.account, &posting.invoice) {
            let made = expense::resume(&steps.account, &changed, ctx)?;
            steps.extend(made);
        }
    }
    Ok(steps.events)
}

/// Open on the document, or on the one a credit note corrects, once this is posted.
fn open_after(account: &Account, state: &InvoiceState) -> Result<Money, Refusal> {
    let Some(corrects) = &state.corrects else { return Ok(state.open()) };
    let original = find(account, corrects)?.open();
    Ok(Money::new(original.amount - state.invoice.totals.gross.amount, original.currency))
}

fn available(state: &InvoiceState, invoice: &Id) -> Vec<AccountEvent> {
    let of = |bought: &crate::account::RetainerPeriod| {
        AccountEvent::AdvanceAvailable(AdvanceAvailable { invoice: invoice.clone(), bought: bought.clone() })
    };
    state.advances.iter().map(of).collect()
}

/// Changes of time that waited for this document.
fn waiting(account: &Account, invoice: &Id) -> Vec<quoin_canonical::TimeEntry> {
    let on_it = |event: &Id| account.billing_events.get(event).is_some_and(|event| event.invoice == *invoice);
    account
        .entries
        .values()
        .filter(|entry| entry.portions.iter().any(|portion| portion.event.as_ref().is_some_and(on_it)))
        .filter_map(|entry| entry.pending.clone())
        .collect()
}

/// Changes of expenses that waited for this document.
fn waiting_expenses(account: &Account, invoice: &Id) -> Vec<crate::expense::Expense> {
    let on_it = |event: &Id| account.billing_events.get(event).is_some_and(|event| event.invoice == *invoice);
    let states = account.expenses.values().filter(|state| state.event.as_ref().is_some_and(on_it));
    states.filter_map(|state| state.pending.clone()).collect()
}

/// Makes a draft anew from all that is there now, up to its own day (test TM-04).
///
/// # Errors
/// `INVOICE_UNKNOWN`; `INVOICE_IMMUTABLE`; what the run refuses.
pub fn recalculate(account: &Account, invoice: &Id, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let state = find(account, invoice)?;
    let mut steps = Draft::new(account);
    steps.extend(discard(account, invoice, ctx)?);
    if steps.events.is_empty() {
        return Ok(Vec::new());
    }
    let anew = run(&steps.account, state.as_of, ctx)?;
    steps.extend(anew);
    Ok(steps.events)
}

/// Money on a document. Settled counts, reversed and refunded take back what counted; anything
/// else has no effect yet.
///
/// # Errors
/// `ID_MISSING`; `LINK_UNRESOLVED`; `INVOICE_UNKNOWN`; `INVOICE_NOT_POSTED`; `CURRENCY_MISMATCH`.
pub fn payment(account: &Account, payment: &Payment, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let id = canonical_id(&payment.header, "payment")?;
    let invoice = linked_id(&payment.invoice, "/invoice")?;
    let state = find(account, invoice)?;
    let owner = &ctx.policy.owners.finance;
    if payment.amount.currency != state.invoice.currency {
        let message =
            format!("the payment is in {}, the document in {}", payment.amount.currency, state.invoice.currency);
        return Err(Refusal::new("CURRENCY_MISMATCH", message).field("/amount/currency").owner(owner));
    }
    let known = account.payments.get(id);
    let counted = known.map(|known| known.amount).unwrap_or_default();
    let wanted = match payment.status {
        PaymentStatus::Settled => payment.amount.amount,
        PaymentStatus::Reversed | PaymentStatus::Refunded | PaymentStatus::Failed => Decimal::ZERO,
        PaymentStatus::Pending => counted,
    };
    if let Some(known) = known.filter(|known| known.invoice != *invoice && !known.amount.is_zero()) {
        let message = format!("the payment counts on document {} already; reverse it there first", known.invoice);
        return Err(Refusal::new("PAYMENT_MOVED", message).field("/invoice").owner(owner));
    }
    if wanted == counted {
        return Ok(Vec::new());
    }
    if state.stage != DocumentStage::Posted {
        return Err(Refusal::new("INVOICE_NOT_POSTED", "money came in for a document that is not posted")
            .field("/invoice")
            .owner(owner));
    }
    let mut after = state.clone();
    after.paid += wanted - counted;
    let mut events = vec![AccountEvent::PaymentApplied(PaymentApplied {
        payment: id.clone(),
        invoice: invoice.clone(),
        amount: Money::new(wanted - counted, payment.amount.currency),
        open: after.open(),
        status: after.status(),
        on: payment.value_date,
    })];
    let paid_now = after.open().amount <= Decimal::ZERO && state.open().amount > Decimal::ZERO;
    if paid_now && ctx.policy.retainer.usable == AdvanceUsable::AfterPayment {
        events.extend(available(state, invoice));
    }
    Ok(events)
}

pub(super) fn find<'a>(account: &'a Account, invoice: &Id) -> Result<&'a InvoiceState, Refusal> {
    account.invoices.get(invoice).ok_or_else(|| {
        Refusal::new("INVOICE_UNKNOWN", format!("contract {} has no document {invoice}", account.contract.number))
            .field("/invoice")
    })
}
