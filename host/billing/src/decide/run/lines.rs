//! Lines that are not time: milestones that are ready, progress, expenses.

use quoin_canonical::{BillingMethod, ContractLine, Date, Decimal, Id, Period, TaxTreatment, Unit};

use crate::account::{Account, ExpenseState, MilestoneStage, MilestoneState};
use crate::decide::progress;
use crate::document::DraftLine;
use crate::event::{BillingEvent, Source};
use crate::policy::Context;

pub(super) fn milestones(account: &Account, as_of: Date, ctx: &Context) -> Vec<DraftLine> {
    let mut ready: Vec<(&Id, &MilestoneState)> = account
        .milestones
        .iter()
        .filter(|(_, state)| state.stage == MilestoneStage::Ready && state.hold.is_none())
        .filter(|(_, state)| state.acceptance.as_ref().is_some_and(|proof| proof.on <= as_of))
        .collect();
    ready.sort_by(|(_, a), (_, b)| {
        (&a.milestone.contract_line, &a.milestone.code).cmp(&(&b.milestone.contract_line, &b.milestone.code))
    });
    ready.into_iter().filter_map(|(id, state)| milestone(account, id, state, ctx)).collect()
}

fn milestone(account: &Account, id: &Id, state: &MilestoneState, ctx: &Context) -> Option<DraftLine> {
    let line = account.line(&state.milestone.contract_line)?;
    let proof = state.acceptance.as_ref()?;
    let amount = state.milestone.amount?.amount;
    let source = Source::Milestone { milestone: id.clone(), evidence_sha256: proof.evidence_sha256.clone() };
    let steps = vec![format!("milestone {} accepted by {} on {}: {amount}", state.milestone.code, proof.by, proof.on)];
    let service = Period { from: proof.on, to: proof.on };
    let event = lump_event(line, source, amount, service, steps, ctx);
    let description = format!("{}, milestone {}: {}", line.description, state.milestone.code, state.milestone.name);
    Some(lump_line(line, description, Unit::LumpSum, event))
}

/// What percent complete earns beyond what is billed (rules FM4 and FM5).
pub(super) fn progress(account: &Account, as_of: Date, ctx: &Context) -> Vec<DraftLine> {
    account.contract.lines.iter().filter_map(|line| progress_line(account, line, as_of, ctx)).collect()
}

fn progress_line(account: &Account, line: &ContractLine, as_of: Date, ctx: &Context) -> Option<DraftLine> {
    let due = progress::due(account, line, as_of, ctx).filter(|due| due.bill > Decimal::ZERO)?;
    let BillingMethod::FixedFee { price, .. } = &line.billing else { return None };
    let (percent, on) = (due.reported.percent, due.reported.on);
    let source = Source::Progress { percent, on };
    let steps = vec![format!(
        "{percent} % of {price} on {on} = {}, less {} billed = {}",
        due.earned.normalize(),
        due.billed.normalize(),
        due.bill.normalize()
    )];
    let event = lump_event(line, source, due.bill, Period { from: on, to: on }, steps, ctx);
    Some(lump_line(line, format!("{}, {percent} % complete on {on}", line.description), Unit::LumpSum, event))
}

/// Billable expenses, a line each.
pub(super) fn expenses(account: &Account, ready: &[Id], ctx: &Context) -> Vec<DraftLine> {
    ready.iter().filter_map(|id| expense(account, account.expenses.get(id)?, ctx)).collect()
}

fn expense(account: &Account, state: &ExpenseState, ctx: &Context) -> Option<DraftLine> {
    let expense = &state.expense;
    let line = account.line(&expense.line)?;
    let source = Source::Expense { expense: expense.id.clone(), date: expense.date };
    let mut steps = Vec::new();
    if let Some(fx) = &expense.fx {
        steps.push(format!("{} to {} at {} ({}, {})", fx.from, fx.to, fx.rate, fx.source, fx.on));
    }
    steps.push(format!(
        "{} paid, {} without reclaimed tax, plus {} % = {}",
        expense.paid,
        expense.cost(ctx.entity.rounding).normalize(),
        expense.markup_percent.unwrap_or_default(),
        state.amount
    ));
    let service = Period { from: expense.date, to: expense.date };
    let event = lump_event(line, source, state.amount, service, steps, ctx);
    Some(lump_line(line, format!("{}, {}", expense.description, expense.date), Unit::One, event))
}

/// An amount that is no time; its document and its id are filled in once it has one.
pub(super) fn lump_event(
    line: &ContractLine,
    source: Source,
    amount: Decimal,
    service: Period,
    steps: Vec<String>,
    ctx: &Context,
) -> BillingEvent {
    let none = Id::derived(&["no document yet"]);
    BillingEvent {
        id: none.clone(),
        contract_line: line.id.clone(),
        source,
        policy_version: ctx.policy.version,
        rate: None,
        minutes: Decimal::ZERO,
        unit_price: amount,
        amount,
        net: Decimal::ZERO,
        tax: line.tax.clone(),
        service,
        cap: None,
        invoice: none,
        line: String::new(),
        reversal_of: None,
        repriced: None,
        payer: None,
        goodwill: false,
        steps,
    }
}

/// A line of one piece.
pub(super) fn lump_line(line: &ContractLine, description: String, unit: Unit, event: BillingEvent) -> DraftLine {
    let tax: TaxTreatment = line.tax.clone();
    DraftLine {
        contract_line: line.id.clone(),
        description,
        quantity: Decimal::ONE,
        unit,
        unit_price: event.amount,
        net: event.amount,
        tax,
        service: event.service,
        events: vec![event],
    }
}
