//! Revenue indicators per contract line, and what the books say (rules RR1, RR2, RR3, RR5, RR6).

use quoin_canonical::{
    BillingMethod, CapMode, ContractLine, Date, Decimal, Money, ProjectFinancials, RevenueIndicator,
};

use super::check_entity;
use crate::account::{Account, Bucket, DocumentStage};
use crate::event::{AccountEvent, LinePosition, RevenueAgrees, RevenueComputed, RevenueDiffers};
use crate::policy::{Context, Refusal};
use crate::revenue::{at_percent, loss, percent_by_cost, position};

/// Computes the indicators of every line at the end of `as_of`, from the account and from the
/// costs that the books report, and compares them with the revenue in the books. The books win: a
/// difference above the policy's tolerance is an event with an owner, nothing is adjusted.
///
/// A fixed-fee line with a cost estimate needs its cost to date; until the books report one it has
/// no indicator. A retainer has none before it starts.
///
/// # Errors
/// `ENTITY_MISMATCH`; `CURRENCY_MISMATCH` for costs in another currency.
pub fn compute_revenue(
    account: &Account,
    as_of: Date,
    financials: &[ProjectFinancials],
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let books = |line: &str| {
        financials.iter().filter(|row| row.contract_line == line && row.as_of <= as_of).max_by_key(|row| row.as_of)
    };
    if let Some(row) = financials.iter().find(|row| row.cost_to_date.currency != account.contract.currency) {
        let message = format!("cost of line {} is in {}", row.contract_line, row.cost_to_date.currency);
        return Err(Refusal::new("CURRENCY_MISMATCH", message)
            .field("/cost_to_date")
            .owner(&ctx.policy.owners.revenue));
    }
    let positions: Vec<LinePosition> = account
        .contract
        .lines
        .iter()
        .filter_map(|line| line_position(account, line, as_of, books(&line.id), ctx))
        .collect();
    let mut events = Vec::new();
    let known = |position: &LinePosition| {
        account
            .revenue
            .get(&position.indicator.contract_line)
            .is_some_and(|known| known.indicator == position.indicator)
    };
    if !positions.iter().all(known) {
        events.push(AccountEvent::RevenueComputed(RevenueComputed { as_of, positions: positions.clone() }));
    }
    for position in &positions {
        let line = &position.indicator.contract_line;
        if let Some(theirs) = books(line).and_then(|row| row.revenue_to_date) {
            events.extend(compare(account, line, as_of, position.indicator.revenue, theirs, ctx));
        }
    }
    Ok(events)
}

fn compare(
    account: &Account,
    line: &str,
    as_of: Date,
    ours: Money,
    books: Money,
    ctx: &Context,
) -> Option<AccountEvent> {
    let difference = Money::new(books.amount - ours.amount, ours.currency);
    let reported = account.revenue_differences.get(line);
    if difference.amount.abs() > ctx.policy.revenue_tolerance || books.currency != ours.currency {
        return (reported != Some(&difference)).then(|| {
            AccountEvent::RevenueDiffers(RevenueDiffers {
                line: line.to_owned(),
                as_of,
                ours,
                books,
                difference,
                owner: ctx.policy.owners.revenue.clone(),
            })
        });
    }
    reported.map(|_| AccountEvent::RevenueAgrees(RevenueAgrees { line: line.to_owned(), as_of }))
}

fn line_position(
    account: &Account,
    line: &ContractLine,
    as_of: Date,
    books: Option<&ProjectFinancials>,
    ctx: &Context,
) -> Option<LinePosition> {
    let currency = account.contract.currency;
    let (method, percent, revenue) = match &line.billing {
        BillingMethod::TimeAndMaterials { cap, .. } => {
            let limit = cap.as_ref().filter(|cap| cap.mode != CapMode::Warn).map(|cap| cap.limit.amount);
            let worked = worked(account, line, as_of, ctx);
            ("as_invoiceable", None, limit.map_or(worked, |limit| worked.min(limit)))
        }
        BillingMethod::FixedFee { price, .. } => match line.cost_estimate {
            Some(estimate) => {
                let cost = known_cost(account, line, books)?;
                let percent =
                    percent_by_cost(cost.amount, estimate.amount, ctx.policy.percent_places, ctx.entity.rounding)?;
                ("percent_of_cost", Some(percent), at_percent(*price, percent, ctx.entity.rounding).amount)
            }
            None => ("on_acceptance", None, accepted(account, line, as_of)),
        },
        BillingMethod::Retainer(term) if as_of < term.starts_on => return None,
        BillingMethod::Retainer(term) => ("as_drawn", None, drawn(account, line, term.hourly_rate, as_of, ctx)),
    };
    let billed = billed(account, &line.id, as_of);
    let (asset, liability) = position(revenue, billed);
    let money = |amount| Money::new(amount, currency);
    let before = account.revenue.get(&line.id).filter(|known| known.indicator.as_of < as_of);
    let prior = before.map(|known| known.indicator.revenue.amount).unwrap_or_default();
    let cost_to_date = (method == "percent_of_cost").then(|| known_cost(account, line, books)).flatten();
    let provision = match (&line.billing, line.cost_estimate, cost_to_date) {
        (BillingMethod::FixedFee { price, .. }, Some(estimate), Some(cost)) => {
            loss(*price, estimate.amount, revenue, cost.amount).map(|loss| loss.provision)
        }
        _ => None,
    };
    Some(LinePosition {
        indicator: RevenueIndicator {
            contract_line: line.id.clone(),
            as_of,
            method: method.into(),
            percent,
            revenue: money(revenue),
            billed: money(billed),
            contract_asset: money(asset),
            contract_liability: money(liability),
        },
        period_revenue: money(revenue - prior),
        cost_to_date,
        loss_provision: provision,
    })
}

/// The books' cost, else the last one known.
fn known_cost(account: &Account, line: &ContractLine, books: Option<&ProjectFinancials>) -> Option<Money> {
    books.map(|row| row.cost_to_date).or_else(|| account.revenue.get(&line.id)?.cost_to_date)
}

/// Hours times rate of what was worked, billed or not: the right to invoice (rule RR1). What is on
/// documents counts with its share of the rounded line, so that billed work leaves no stray cent.
fn worked(account: &Account, line: &ContractLine, as_of: Date, ctx: &Context) -> Decimal {
    let (mut printed, mut exact) = (Decimal::ZERO, Decimal::ZERO);
    for entry in account.entries.values().filter(|entry| entry.terms.date <= as_of) {
        for portion in &entry.portions {
            let event = portion.event.as_ref().and_then(|event| account.billing_events.get(event));
            match portion.bucket {
                Bucket::OnInvoice | Bucket::Billed if event.is_some_and(|event| event.contract_line == line.id) => {
                    printed += portion.net;
                }
                Bucket::Unbilled | Bucket::OverCap if entry.terms.line == line.id => exact += portion.amount,
                _ => {}
            }
        }
    }
    printed + ctx.entity.rounding.round(exact, account.contract.currency.minor_units())
}

fn accepted(account: &Account, line: &ContractLine, as_of: Date) -> Decimal {
    account
        .milestones
        .values()
        .filter(|state| state.milestone.contract_line == line.id)
        .filter(|state| state.acceptance.as_ref().is_some_and(|proof| proof.on <= as_of))
        .filter_map(|state| state.milestone.amount)
        .map(|amount| amount.amount)
        .sum()
}

/// Hours drawn and expired, at the price they were bought for, and what was billed beyond them.
fn drawn(account: &Account, line: &ContractLine, hourly_rate: Decimal, as_of: Date, ctx: &Context) -> Decimal {
    let used: Decimal = account
        .retainers
        .get(&line.id)
        .into_iter()
        .flat_map(|state| state.advances.values())
        .map(|advance| advance.drawn + advance.expired)
        .sum();
    let prepaid = ctx.entity.rounding.round(used * hourly_rate, account.contract.currency.minor_units());
    prepaid + worked(account, line, as_of, ctx)
}

/// Posted net of a line up to that day, less posted credits.
fn billed(account: &Account, line: &str, as_of: Date) -> Decimal {
    account
        .invoices
        .values()
        .filter(|state| state.stage == DocumentStage::Posted && state.invoice.issued_on <= as_of)
        .flat_map(|state| state.invoice.lines.iter().map(move |row| (state.corrects.is_some(), row)))
        .filter(|(_, row)| row.contract_line == line)
        .map(|(credit, row)| if credit { -row.net.amount } else { row.net.amount })
        .sum()
}
