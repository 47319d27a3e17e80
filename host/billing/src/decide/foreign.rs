//! An invoice that somebody wrote in the ERP by hand: what it bills is not billed again.

use quoin_canonical::{Id, Invoice, InvoiceLine, InvoiceStatus, InvoiceType};

use super::{Draft, canonical_id, hold_milestone};
use crate::account::{Account, MilestoneStage, MilestoneState};
use crate::event::{AccountEvent, ForeignInvoiceCleared};
use crate::foreign::ForeignInvoice;
use crate::policy::{Context, Refusal};

/// Takes in an invoice as the ERP holds it. One of ours is no news. A milestone that it may bill is kept
/// out of runs until a person has looked: better unbilled for a day than billed twice. Voided, or changed
/// so that it bills nothing of ours, it lets the milestone go again.
///
/// # Errors
/// `ID_MISSING`.
pub fn foreign_invoice(
    account: &Account,
    invoice: &Invoice,
    finding: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let id = canonical_id(&invoice.header, "invoice")?;
    if account.invoices.contains_key(id) || invoice.kind == InvoiceType::CreditNote {
        return Ok(Vec::new());
    }
    let known = account.foreign.get(id);
    let void = invoice.status == InvoiceStatus::Void;
    let billed: Vec<Id> = if void { Vec::new() } else { billed_by(account, invoice) };
    let number = invoice.number.clone().unwrap_or_default();
    let mut steps = Draft::new(account);
    let held = reason(&number);
    for milestone in known.iter().flat_map(|known| &known.milestones).filter(|milestone| !billed.contains(milestone)) {
        let state = account.milestones.get(milestone);
        if state.is_some_and(|state| state.hold.as_deref() == Some(&held)) {
            steps.extend(hold_milestone(account, milestone, None, ctx)?);
        }
    }
    for milestone in &billed {
        let free = account.milestones.get(milestone).is_some_and(|state| state.hold.is_none());
        if free {
            steps.extend(hold_milestone(account, milestone, Some(&held), ctx)?);
        }
    }
    if let Some(known) = known.filter(|known| void || known.milestones != billed) {
        let reason = if void { "it was voided" } else { "it was changed" };
        let (invoice, finding) = (id.clone(), known.finding.clone());
        steps.push(AccountEvent::ForeignInvoiceCleared(ForeignInvoiceCleared {
            invoice,
            finding,
            reason: reason.into(),
        }));
    }
    if !void && known.is_none_or(|known| known.milestones != billed) {
        steps.push(AccountEvent::ForeignInvoiceFound(ForeignInvoice {
            invoice: id.clone(),
            number,
            on: invoice.issued_on,
            net: invoice.totals.net,
            milestones: billed,
            finding: finding.to_owned(),
        }));
    }
    Ok(steps.events)
}

/// Why a milestone waits.
fn reason(number: &str) -> String {
    format!("invoice {number}, written by hand in the ERP, may bill it already")
}

/// Refuses to go on while an invoice made by hand, as it was found, may bill a milestone of ours.
///
/// # Errors
/// `DOUBLE_BILLING_RISK`, with the invoice and the milestones.
pub fn no_double_billing(account: &Account, invoice: &Id, finding: &str, ctx: &Context) -> Result<(), Refusal> {
    let risk = |found: &&ForeignInvoice| found.finding == finding && !found.milestones.is_empty();
    let Some(found) = account.foreign.get(invoice).filter(risk) else { return Ok(()) };
    let states = found.milestones.iter().filter_map(|id| account.milestones.get(id));
    let named: Vec<String> = states
        .map(|state| {
            let billed = if waits(state) { "kept out of runs" } else { "billed by us too" };
            format!("{} of line {} ({billed})", state.milestone.code, state.milestone.contract_line)
        })
        .collect();
    let message = format!(
        "invoice {} of {} net, written by hand in the ERP, may bill milestone {}",
        found.number,
        found.net,
        named.join(" and ")
    );
    Err(Refusal::new("DOUBLE_BILLING_RISK", message)
        .field(format!("/foreign/{invoice}"))
        .owner(&ctx.policy.owners.finance))
}

fn waits(state: &MilestoneState) -> bool {
    matches!(state.stage, MilestoneStage::NotReady | MilestoneStage::Ready)
}

/// Milestones that a line of the invoice may bill: of the same contract line where it names one, and
/// with the same amount, or named by their code.
fn billed_by(account: &Account, invoice: &Invoice) -> Vec<Id> {
    let bills = |line: &InvoiceLine, state: &MilestoneState| {
        let milestone = &state.milestone;
        let on_line = line.contract_line.is_empty() || line.contract_line == milestone.contract_line;
        let words = line.description.split(|c: char| !c.is_alphanumeric());
        let named = words.into_iter().any(|word| word == milestone.code);
        on_line && (named || milestone.amount == Some(line.net))
    };
    let may = |state: &MilestoneState| invoice.lines.iter().any(|line| bills(line, state));
    account.milestones.iter().filter(|(_, state)| may(state)).map(|(id, _)| id.clone()).collect()
}
