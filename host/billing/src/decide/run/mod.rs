//! The regular billing run: advances that are due, time and materials under caps, milestones that
//! are ready, progress, expenses.
//!
//! Caps are evaluated here, over all candidates at once and in order of date of work, then entry
//! id (rule NX3), not when an entry arrives: so the order of delivery changes no total (law 8).

mod issue;
mod lines;
mod meter;

use quoin_canonical::{Date, Decimal, Money};

use super::{Draft, check_entity, progress};
use crate::account::Account;
use crate::document::DraftLine;
use crate::event::{AccountEvent, BeyondCapFreed, CapAlert, ExpenseHeld, OverCapHeld};
use crate::policy::{Context, Refusal};
use meter::Metered;

/// Bills what is there up to and including `as_of`: an invoice per group of lines and payer, one
/// for each advance that is due, what a cap holds back, and the alerts it raises. Run again, it
/// finds nothing and does nothing.
///
/// # Errors
/// `ENTITY_MISMATCH`; `LINE_EQUATION` when a line can't be printed as quantity x price;
/// `EN16931` when a document would break the standard.
pub fn run(account: &Account, as_of: Date, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let mut metered = meter::meter(account, as_of, ctx);
    let groups = std::mem::take(&mut metered.groups);
    let mut lines = meter::time_lines(account, groups, ctx)?;
    lines.extend(lines::milestones(account, as_of, ctx));
    lines.extend(lines::progress(account, as_of, ctx));
    lines.extend(lines::expenses(account, &metered.expenses, ctx));
    sort(account, &mut lines);
    let mut steps = Draft::new(account);
    steps.extend(issue::advances_due(account, as_of, ctx)?);
    let drafted = steps.events.len();
    steps.extend(issue::documents(account, as_of, lines, drafted, ctx)?);
    steps.extend(held(account, as_of, &metered, ctx));
    steps.extend(alerts(account, &metered, ctx));
    for line in progress::over_billed(account, as_of, ctx) {
        let credits = progress::credit_back(steps.account(), &line, as_of, ctx)?;
        steps.extend(credits);
    }
    Ok(steps.events)
}

/// In the contract's order of lines, then by date of service; each line's own order is kept.
fn sort(account: &Account, lines: &mut [DraftLine]) {
    let position = |id: &str| account.contract.lines.iter().position(|line| line.id == id);
    lines.sort_by_key(|line| (position(&line.contract_line), line.service.from));
}

fn held(account: &Account, as_of: Date, metered: &Metered, ctx: &Context) -> Vec<AccountEvent> {
    let currency = account.contract.currency;
    let owner = &ctx.policy.owners.over_cap;
    let time = metered.held.iter().map(|(line, held)| {
        let exact: Decimal = held.entries.iter().map(|part| part.amount).sum();
        let limit = metered.meter.limits().get(held.limit).map(|limit| limit.limit).unwrap_or_default();
        AccountEvent::OverCapHeld(OverCapHeld {
            as_of,
            limit: Money::new(limit, currency),
            amount: Money::new(exact, currency).rounded(ctx.entity.rounding),
            entries: held.entries.clone(),
            owner: owner.clone(),
            used_percent: percent(metered.meter.used(held.limit), limit),
            alert_percents: ctx.policy.cap_alert_percents.clone(),
            line: line.clone(),
            policy_version: ctx.policy.version,
        })
    });
    let freed = metered.freed.iter().map(|(line, entries)| {
        AccountEvent::BeyondCapFreed(BeyondCapFreed { line: line.clone(), entries: entries.clone() })
    });
    let expenses = metered.held_expenses.iter().filter_map(|id| account.expenses.get(id)).map(|state| {
        AccountEvent::ExpenseHeld(ExpenseHeld {
            expense: state.expense.id.clone(),
            line: state.expense.line.clone(),
            amount: Money::new(state.amount, currency),
            owner: owner.clone(),
        })
    });
    time.chain(freed).chain(expenses).collect()
}

/// One alert per threshold that this run's use crosses.
fn alerts(account: &Account, metered: &Metered, ctx: &Context) -> Vec<AccountEvent> {
    let currency = account.contract.currency;
    let mut alerts = Vec::new();
    for (at, limit) in metered.meter.limits().iter().enumerate() {
        let used = metered.meter.used(at);
        let (before, after) = (percent(limit.used, limit.limit), percent(used, limit.limit));
        for threshold in
            ctx.policy.cap_alert_percents.iter().filter(|threshold| before < **threshold && **threshold <= after)
        {
            alerts.push(AccountEvent::CapAlert(CapAlert {
                line: limit.line.clone().unwrap_or_default(),
                percent: *threshold,
                limit: Money::new(limit.limit, currency),
                used: Money::new(used, currency),
                owner: ctx.policy.owners.over_cap.clone(),
            }));
        }
    }
    alerts
}

/// `part` of `whole` in percent; a limit of zero is used up from the start.
fn percent(part: Decimal, whole: Decimal) -> Decimal {
    if whole.is_zero() { Decimal::ONE_HUNDRED } else { part * Decimal::ONE_HUNDRED / whole }
}
