//! What becomes of documents: released, discarded, posted, paid.

use std::collections::BTreeSet;

use quoin_canonical::{Date, Decimal, Id, InvoiceType, Money, Payment, PaymentStatus};

use super::{Draft, canonical_id, expense, linked_id, release_over_cap, run, time};
use crate::account::{Account, DocumentStage, InvoiceState};
use crate::event::{
    AccountEvent, AdvanceAvailable, AdvanceUsable, InvoiceDiscarded, InvoicePosted, PartShare, PaymentApplied,
};
use crate::fx::{Booked, convert, realised};
use crate::policy::{AdvanceUsable as AdvanceWhen, Context, Refusal};

/// What the ERP says about a posted document.
#[derive(Debug, Clone, PartialEq)]
pub struct Posting {
    /// Canonical id of the document.
    pub invoice: Id,
    /// Its number.
    pub number: String,
    /// The day it was posted.
    pub on: Date,
    /// What it is on the document that bills several contracts, where it is a part of one.
    pub share: Option<PartShare>,
}

/// A draft, and those that share its work among payers: they go out and away together.
pub(super) fn drafts_of<'a>(account: &'a Account, invoice: &'a Id) -> Vec<&'a Id> {
    let draft = |id: &&Id| account.invoices.get(*id).is_some_and(|state| state.stage == DocumentStage::Draft);
    account.set_of(invoice).into_iter().filter(draft).collect()
}

/// Throws a draft away: all on it waits for a run again (rule CO5).
///
/// # Errors
/// `INVOICE_UNKNOWN`; `CREDIT_STANDS` for a credit note; `INVOICE_IMMUTABLE` for a document that
/// went out: correct it by credit (rule CO1).
pub fn discard(account: &Account, invoice: &Id, _ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let state = find(account, invoice)?;
    if state.invoice.kind == InvoiceType::CreditNote {
        return Err(Refusal::new(
            "CREDIT_STANDS",
            "a credit note follows from a change at the source; correct it there",
        )
        .field("/invoice"));
    }
    let of =
        |id: &&Id| AccountEvent::InvoiceDiscarded(InvoiceDiscarded { invoice: (*id).clone(), by: None, reason: None });
    match state.stage {
        DocumentStage::Draft => Ok(drafts_of(account, invoice).iter().map(of).collect()),
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
    if state.group.is_some() != posting.share.is_some() {
        let message = "a part is posted with the document that bills several contracts, and nothing else is";
        return Err(Refusal::new("PART", message).field("/share").owner(&ctx.policy.owners.finance));
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
    let shared = posting.share.as_ref().map(|share| {
        let mut shared = state.clone();
        shared.take_share(share);
        shared
    });
    let state = shared.as_ref().unwrap_or(state);
    let mut steps = Draft::new(account);
    steps.push(AccountEvent::InvoicePosted(InvoicePosted {
        invoice: posting.invoice.clone(),
        number: posting.number.clone(),
        on: posting.on,
        open: open_after(account, state)?,
        corrects: state.corrects.clone(),
        booked: booked(account, state, ctx)?,
        share: posting.share.clone().map(Box::new),
    }));
    if ctx.policy.retainer.usable == AdvanceWhen::AfterPosting {
        steps.extend(available(account, state, &posting.invoice));
    }
    if state.invoice.kind == InvoiceType::CreditNote {
        for line in given_back(account, state) {
            let released = release_over_cap(account, &line, "credit_posted", ctx)?;
            steps.extend(released);
        }
    } else {
        for changed in waiting(account, &posting.invoice) {
            let made = time::resume(steps.account(), &changed, ctx)?;
            steps.extend(made);
        }
        for changed in waiting_expenses(account, &posting.invoice) {
            let made = expense::resume(steps.account(), &changed, ctx)?;
            steps.extend(made);
        }
    }
    Ok(steps.events)
}

/// Takes a part back that its group sent back: its work waits for a run again, and changes that waited
/// for the posting are made now. A second time nothing happens.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `INVOICE_IMMUTABLE` for a document that is no part, or is posted.
pub fn part_returned(
    account: &Account,
    invoice: &Id,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let state = find(account, invoice)?;
    match state.stage {
        DocumentStage::Discarded => return Ok(Vec::new()),
        DocumentStage::Released if state.group.is_some() => {}
        _ => {
            return Err(
                Refusal::new("INVOICE_IMMUTABLE", "only a part that is not posted can be sent back").field("/invoice")
            );
        }
    }
    let (changed, expenses) = (waiting(account, invoice), waiting_expenses(account, invoice));
    let mut steps = Draft::new(account);
    let reason = Some(reason.to_owned());
    steps.push(AccountEvent::InvoiceDiscarded(InvoiceDiscarded { invoice: invoice.clone(), by: None, reason }));
    for time in changed {
        let made = time::resume(steps.account(), &time, ctx)?;
        steps.extend(made);
    }
    for expense in expenses {
        let made = expense::resume(steps.account(), &expense, ctx)?;
        steps.extend(made);
    }
    Ok(steps.events)
}

/// Open on the document, or on the one a credit note corrects, once this is posted.
fn open_after(account: &Account, state: &InvoiceState) -> Result<Money, Refusal> {
    let Some(corrects) = &state.corrects else { return Ok(state.open()) };
    let original = find(account, corrects)?.open();
    Ok(Money::new(original.amount - state.invoice.totals.gross.amount, original.currency))
}

/// Lines to which a credit note gives capacity back: its own, and with a wider cap all that it
/// may hold work of.
fn given_back(account: &Account, state: &InvoiceState) -> Vec<String> {
    let own = state.invoice.lines.iter().map(|line| line.contract_line.clone());
    let lines: BTreeSet<String> = match account.contract.agreement.caps.is_empty() {
        true => own.collect(),
        false => account.contract.lines.iter().map(|line| line.id.clone()).collect(),
    };
    lines.into_iter().collect()
}

/// The totals in the seller's own currency, at the agreed rate of the day of issue; a credit note
/// at the rate of the document it corrects (rules RD7 and CO2).
fn booked(account: &Account, state: &InvoiceState, ctx: &Context) -> Result<Option<Booked>, Refusal> {
    let (invoice, own) = (&state.invoice, ctx.entity.currency);
    if invoice.currency == own {
        return Ok(None);
    }
    let original = state.corrects.as_ref().and_then(|id| account.invoices.get(id));
    let fx = match original {
        Some(original) => original.booked.as_ref().map(|booked| &booked.fx),
        None => account.contract.agreement.fx(invoice.currency, own, invoice.issued_on),
    };
    let Some(fx) = fx else { return Ok(None) };
    let net = convert(invoice.totals.net, fx, ctx.entity.rounding)?;
    let tax = convert(invoice.totals.tax, fx, ctx.entity.rounding)?;
    Ok(Some(Booked { fx: fx.clone(), net, tax, gross: Money::new(net.amount + tax.amount, own) }))
}

/// Hours and money that may be used once this document stands.
fn available(account: &Account, state: &InvoiceState, invoice: &Id) -> Vec<AccountEvent> {
    let hours = state.advances.iter().map(|bought| {
        AccountEvent::AdvanceAvailable(AdvanceAvailable { invoice: invoice.clone(), bought: bought.clone() })
    });
    let money = account
        .advances
        .values()
        .filter(|advance| advance.invoice.as_ref() == Some(invoice) && advance.ledger.invoiced.is_zero())
        .map(|advance| {
            let amount = advance.term.amount.amount;
            let code = advance.term.code.clone();
            AccountEvent::AdvanceUsable(AdvanceUsable { code, invoice: invoice.clone(), amount })
        });
    hours.chain(money).collect()
}

/// Changes of time that waited for this document.
fn waiting(account: &Account, invoice: &Id) -> Vec<quoin_canonical::TimeEntry> {
    let on_it = |event: &Id| account.billing_events.get(event).is_some_and(|event| event.invoice == *invoice);
    account
        .entries
        .values()
        .filter(|entry| entry.portions.iter().any(|portion| portion.event.as_ref().is_some_and(on_it)))
        .filter_map(|entry| entry.pending.as_deref().cloned())
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
    let anew = run(steps.account(), state.as_of, ctx)?;
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
        gain: gain(state, Money::new(wanted - counted, payment.amount.currency), payment, ctx)?,
    })];
    let paid_now = after.open().amount <= Decimal::ZERO && state.open().amount > Decimal::ZERO;
    if paid_now && ctx.policy.retainer.usable == AdvanceWhen::AfterPayment {
        events.extend(available(account, state, invoice));
    }
    Ok(events)
}

/// What the exchange rate gained or lost between booking and payment (test RD-16).
fn gain(state: &InvoiceState, amount: Money, payment: &Payment, ctx: &Context) -> Result<Option<Money>, Refusal> {
    let (Some(booked), Some(settled)) = (&state.booked, &payment.fx) else { return Ok(None) };
    realised(amount, &booked.fx, settled, ctx.entity.rounding).map(Some)
}

pub(super) fn find<'a>(account: &'a Account, invoice: &Id) -> Result<&'a InvoiceState, Refusal> {
    account.invoices.get(invoice).ok_or_else(|| {
        Refusal::new("INVOICE_UNKNOWN", format!("contract {} has no document {invoice}", account.contract.number))
            .field("/invoice")
    })
}
