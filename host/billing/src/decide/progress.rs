//! Fixed prices billed by percent complete (rules FM4 and FM5).

use quoin_canonical::{BillingMethod, ContractLine, Date, Decimal, OverBilled};

use super::{check_entity, credit};
use crate::account::{Account, DocumentStage, Reported};
use crate::event::{AccountEvent, BillingEvent, ProgressReported, Source};
use crate::fixed;
use crate::policy::{Context, Refusal};

/// How far a line is, as delivery reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Contract line.
    pub line: String,
    /// Percent complete, from the start.
    pub percent: Decimal,
    /// The day it holds for.
    pub on: Date,
    /// Who reported it.
    pub by: String,
}

/// Takes in how far a line is. A report for an earlier day than the last one has no effect.
///
/// # Errors
/// `ENTITY_MISMATCH`; `LINE_UNKNOWN`; `NOT_PROGRESS` for a line that is billed otherwise;
/// `PERCENT_RANGE`.
pub fn report_progress(account: &Account, report: &Progress, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let owner = &ctx.policy.owners.over_cap;
    let Some(line) = account.line(&report.line) else {
        let message = format!("contract {} has no line {}", account.contract.number, report.line);
        return Err(Refusal::new("LINE_UNKNOWN", message).field("/line").owner(owner));
    };
    if line.terms.progress.is_none() {
        let message = format!("line {} is not billed by percent complete; agree it in a change order", line.id);
        return Err(Refusal::new("NOT_PROGRESS", message).field("/line").owner(owner));
    }
    if report.percent < Decimal::ZERO || report.percent > Decimal::ONE_HUNDRED {
        let message = format!("{} is no percentage from 0 to 100", report.percent);
        return Err(Refusal::new("PERCENT_RANGE", message).field("/percent").owner(owner));
    }
    let known = account.lines.get(&line.id).and_then(|state| state.progress);
    if known.is_some_and(|known| known.on > report.on || (known.on == report.on && known.percent == report.percent)) {
        return Ok(Vec::new());
    }
    let Progress { line, percent, on, by } = report.clone();
    Ok(vec![AccountEvent::ProgressReported(ProgressReported { line, percent, on, by })])
}

/// What a progress line is due.
pub(super) struct Due {
    pub(super) reported: Reported,
    pub(super) earned: Decimal,
    /// Billed to date, credits that are posted deducted.
    pub(super) billed: Decimal,
    pub(super) bill: Decimal,
    /// Billed above what is earned, credits that are drafted deducted.
    pub(super) over: Decimal,
}

pub(super) fn due(account: &Account, line: &ContractLine, as_of: Date, ctx: &Context) -> Option<Due> {
    let BillingMethod::FixedFee { price, .. } = &line.billing else { return None };
    line.terms.progress?;
    let reported = account.lines.get(&line.id)?.progress.filter(|reported| reported.on <= as_of)?;
    let (billed, with_drafts) = billed(account, &line.id);
    let carry = OverBilled::CarryForward;
    let step = fixed::progress(*price, reported.percent, billed, carry, ctx.entity.rounding);
    let over = fixed::progress(*price, reported.percent, with_drafts, carry, ctx.entity.rounding).over_billed.amount;
    let earned = billed + step.bill.amount - step.over_billed.amount;
    Some(Due { reported, earned, billed, bill: step.bill.amount, over })
}

fn is_progress(event: &BillingEvent, line: &str) -> bool {
    event.contract_line == line && matches!(event.source, Source::Progress { .. }) && !event.goodwill
}

/// Billed to date: less posted credits, and less all credits.
fn billed(account: &Account, line: &str) -> (Decimal, Decimal) {
    let (mut posted, mut all) = (Decimal::ZERO, Decimal::ZERO);
    for event in account.billing_events.values().filter(|event| is_progress(event, line)) {
        let stage = account.invoices.get(&event.invoice).map(|state| state.stage);
        all += event.net;
        if event.reversal_of.is_none() || stage == Some(DocumentStage::Posted) {
            posted += event.net;
        }
    }
    (posted, all)
}

/// Lines whose over-billing the contract wants credited.
pub(super) fn over_billed(account: &Account, as_of: Date, ctx: &Context) -> Vec<String> {
    let credited = account.contract.lines.iter().filter(|line| line.terms.progress == Some(OverBilled::Credit));
    let over = credited.filter(|line| due(account, line, as_of, ctx).is_some_and(|due| due.over > Decimal::ZERO));
    over.map(|line| line.id.clone()).collect()
}

/// Credits what is billed above what is earned, the last billed first; what is on documents that
/// are not posted waits.
pub(super) fn credit_back(
    account: &Account,
    line: &str,
    as_of: Date,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let Some(due) = account.line(line).and_then(|line| due(account, line, as_of, ctx)) else { return Ok(Vec::new()) };
    let mut billed: Vec<&BillingEvent> = account
        .billing_events
        .values()
        .filter(|event| is_progress(event, line) && event.reversal_of.is_none())
        .filter(|event| account.invoices.get(&event.invoice).is_some_and(|state| state.stage == DocumentStage::Posted))
        .collect();
    billed.sort_by(|a, b| (b.service.to, &b.id).cmp(&(a.service.to, &a.id)));
    let mut wanted = due.over;
    let mut parts = Vec::new();
    for event in billed {
        let part = wanted.min(credit::left_of(account, event).1);
        if part > Decimal::ZERO {
            wanted -= part;
            parts.push((event.id.clone(), part));
        }
    }
    credit::credit_parts(account, parts, "progress_corrected", ctx)
}
