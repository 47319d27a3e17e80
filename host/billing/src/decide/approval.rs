//! Documents that wait for a person: approved they go out, rejected their work waits for a run again.

use quoin_canonical::{Id, InvoiceType, Money};

use super::documents::{self, drafts_of};
use crate::account::{Account, DocumentStage};
use crate::approval::{Approval, ApprovalNeed, Approver};
use crate::event::{AccountEvent, InvoiceReleased};
use crate::policy::{Context, Deed, Refusal};

/// What stands in the way of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: it may go out.
    Free,
    /// It waits for a person.
    Waits(ApprovalNeed),
    /// It was discarded and goes nowhere.
    Discarded,
}

/// Where a document stands.
///
/// # Errors
/// `INVOICE_UNKNOWN`.
pub fn standing(account: &Account, invoice: &Id, ctx: &Context) -> Result<Standing, Refusal> {
    let state = documents::find(account, invoice)?;
    Ok(match state.stage {
        DocumentStage::Released | DocumentStage::Posted => Standing::Free,
        DocumentStage::Discarded => Standing::Discarded,
        DocumentStage::Draft => Standing::Waits(state.approval.clone().unwrap_or_else(|| ApprovalNeed {
            deed: Deed::Release,
            amount: state.invoice.totals.net,
            percent: None,
            role: ctx.policy.owners.finance.clone(),
            roles: vec![ctx.policy.owners.finance.clone()],
        })),
    })
}

/// Lets a document go out that waits for a person, with those that share its work among payers.
/// Asking again for one that is out does nothing.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `INVOICE_DISCARDED`; `APPROVAL_ROLE` when this person may not decide about
/// that much.
pub fn approve(
    account: &Account,
    invoice: &Id,
    approver: &Approver,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let mut events = Vec::new();
    match standing(account, invoice, ctx)? {
        Standing::Free => return Ok(events),
        Standing::Discarded => {
            return Err(Refusal::new(
                "INVOICE_DISCARDED",
                "the draft was discarded; approve the one made in its place",
            )
            .field("/invoice"));
        }
        Standing::Waits(_) => {}
    }
    for id in drafts_of(account, invoice) {
        let Standing::Waits(need) = standing(account, id, ctx)? else { continue };
        let role = need.role_of(approver)?.to_owned();
        let approved = Approval { by: approver.by.clone(), role, at: ctx.now };
        events.push(AccountEvent::InvoiceReleased(InvoiceReleased { invoice: id.clone(), approved: Some(approved) }));
    }
    Ok(events)
}

/// Throws away a draft that waits for a person: its work waits for a run again (rule CO5). A credit
/// note cannot be rejected: the work it corrects has changed at its source.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `APPROVAL_ROLE`; `CREDIT_STANDS`; `INVOICE_IMMUTABLE` when it went out.
pub fn reject(
    account: &Account,
    invoice: &Id,
    approver: &Approver,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let state = documents::find(account, invoice)?;
    if state.invoice.kind == InvoiceType::CreditNote {
        let message = "a credit note follows from a change at the source; correct it there, or approve the credit";
        return Err(Refusal::new("CREDIT_STANDS", message).field("/invoice").owner(&ctx.policy.owners.finance));
    }
    if let Standing::Waits(need) = standing(account, invoice, ctx)? {
        // Beyond all limits nobody can approve, but whoever is asked may send it back.
        if !need.roles.is_empty() || !approver.roles.contains(&need.role) {
            need.role_of(approver)?;
        }
    }
    let mut events = documents::discard(account, invoice, ctx)?;
    for event in &mut events {
        if let AccountEvent::InvoiceDiscarded(discarded) = event {
            discarded.by = Some(approver.by.clone());
            discarded.reason = Some(reason.to_owned());
        }
    }
    Ok(events)
}

/// What documents of that net amount together wait for.
pub(super) fn needed(deed: Deed, nets: impl IntoIterator<Item = Money>, ctx: &Context) -> Option<ApprovalNeed> {
    let mut nets = nets.into_iter();
    let first = nets.next()?;
    let amount = nets.fold(first.amount, |sum, net| sum + net.amount);
    ctx.policy.need(deed, Money::new(amount, first.currency))
}
