//! Money on a document that bills several contracts: which part it settles.

use quoin_canonical::{Decimal, Header, Id, Link, Money, Payment, PaymentStatus};

use super::decide::find;
use super::event::{GroupEvent, PartPaid, PaymentApplied};
use super::{Group, PaidParts, Whole};
use crate::account::DocumentStage;
use crate::policy::{Context, Refusal};
use crate::rounding::allocate;

/// Spreads a payment over the parts of its document, by what is open on each; each share goes to its
/// contract as a payment of its own. Reversed, it is taken back from each as it was spread.
///
/// # Errors
/// `ID_MISSING`; `LINK_UNRESOLVED`; `INVOICE_UNKNOWN`; `INVOICE_NOT_POSTED`; `CURRENCY_MISMATCH`.
pub fn payment(group: &Group, payment: &Payment, ctx: &Context) -> Result<Vec<GroupEvent>, Refusal> {
    let (id, invoice) = (known_id(payment)?, known_invoice(payment)?);
    let whole = find(group, invoice)?;
    let owner = &ctx.policy.owners.finance;
    let currency = whole.invoice.currency;
    if payment.amount.currency != currency {
        let message = format!("the payment is in {}, the document in {currency}", payment.amount.currency);
        return Err(Refusal::new("CURRENCY_MISMATCH", message).field("/amount/currency").owner(owner));
    }
    let before = group.payments.get(id);
    let counted: Decimal = before.iter().flat_map(|paid| &paid.amounts).sum();
    let wanted = match payment.status {
        PaymentStatus::Settled => payment.amount.amount,
        PaymentStatus::Reversed | PaymentStatus::Refunded | PaymentStatus::Failed => Decimal::ZERO,
        PaymentStatus::Pending => counted,
    };
    if wanted == counted {
        return Ok(Vec::new());
    }
    if whole.stage != DocumentStage::Posted {
        let message = "money came in for a document that is not posted";
        return Err(Refusal::new("INVOICE_NOT_POSTED", message).field("/invoice").owner(owner));
    }
    let amounts = spread(group, whole, invoice, before, wanted);
    let part = |(part, amount): (&super::Part, &Decimal)| {
        let amount = Money::new(*amount, currency);
        let own = Id::derived(&["part payment", id.as_str(), part.invoice.as_str()]);
        let header = Header { id: Some(own), ..Header::default() };
        let payment = Payment { header, invoice: Link::Id(part.invoice.clone()), amount, ..payment.clone() };
        PartPaid { contract: part.contract.clone(), amount, payment }
    };
    let parts: Vec<PartPaid> = whole.parts.iter().zip(&amounts).map(part).collect();
    let mut after = group.clone();
    after.payments.insert(id.clone(), PaidParts { invoice: invoice.clone(), amounts });
    let open = after.open(invoice).unwrap_or(whole.invoice.totals.due);
    Ok(vec![GroupEvent::Paid(PaymentApplied {
        payment: id.clone(),
        invoice: invoice.clone(),
        amount: Money::new(wanted, currency),
        parts,
        open,
        status: after.status(invoice).unwrap_or(whole.invoice.status),
        on: payment.value_date,
    })])
}

/// How much of a payment counts on each part: in proportion to what is open on it without this
/// payment; to its amount, where nothing is open on any.
fn spread(group: &Group, whole: &Whole, invoice: &Id, before: Option<&PaidParts>, wanted: Decimal) -> Vec<Decimal> {
    let due: Vec<Decimal> = whole.parts.iter().map(|part| part.share.totals.due.amount).collect();
    if wanted.is_zero() {
        return vec![Decimal::ZERO; due.len()];
    }
    let mut open = due.clone();
    for paid in group.payments.values().filter(|paid| paid.invoice == *invoice) {
        let own = before.is_some_and(|before| std::ptr::eq(before, paid));
        open.iter_mut().zip(&paid.amounts).filter(|_| !own).for_each(|(open, amount)| *open -= amount);
    }
    for credit in whole.credits.values() {
        let of = whole.parts.iter().position(|part| part.invoice == credit.part);
        if let Some(open) = of.and_then(|at| open.get_mut(at)) {
            *open -= credit.gross.amount;
        }
    }
    open.iter_mut().for_each(|open| *open = (*open).max(Decimal::ZERO));
    let weights = if open.iter().all(Decimal::is_zero) { due } else { open };
    let all: Decimal = weights.iter().sum();
    if all.is_zero() {
        return weights;
    }
    let exact: Vec<Decimal> = weights.iter().map(|weight| wanted * weight / all).collect();
    allocate(wanted, &exact, whole.invoice.currency)
}

fn known_id(payment: &Payment) -> Result<&Id, Refusal> {
    let missing = || Refusal::new("ID_MISSING", "the payment has no canonical id; resolve it before billing");
    payment.header.id.as_ref().ok_or_else(|| missing().field("/header/id"))
}

fn known_invoice(payment: &Payment) -> Result<&Id, Refusal> {
    payment.invoice.id().ok_or_else(|| {
        let message = format!("'{}' is not resolved to a canonical id", payment.invoice.external().unwrap_or_default());
        Refusal::new("LINK_UNRESOLVED", message).field("/invoice")
    })
}
