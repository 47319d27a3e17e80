//! Revenue indicators per contract line, and what the books say (rules RR1, RR2, RR3, RR5, RR6).

use quoin_canonical::{
    BillingMethod, CapMode, ContractLine, Date, Decimal, Money, ProjectFinancials, RevenueIndicator, RevenueMethod,
    Rounding,
};

use super::check_entity;
use crate::account::{Account, Bucket, DocumentStage};
use crate::event::{AccountEvent, LinePosition, RevenueAgrees, RevenueComputed, RevenueDiffers};
use crate::policy::{Context, Refusal};
use crate::revenue::{allocate_by_price, at_percent, loss, percent_by_cost, position, straight_line};
use crate::rounding::hours;

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
    if matches!(&line.billing, BillingMethod::Retainer(term) if as_of < term.starts_on) {
        return None;
    }
    let Recognised { method, percent, revenue } = match method_of(line) {
        Some(method) => recognised(account, line, &method, as_of, books, ctx)?,
        None => as_drawn(account, line, as_of, ctx)?,
    };
    let revenue = revenue + lapsed(account, &line.id, as_of);
    let billed = billed(account, &line.id, as_of);
    let (asset, liability) = position(revenue, billed);
    let money = |amount| Money::new(amount, currency);
    let before = account.revenue.get(&line.id).filter(|known| known.indicator.as_of < as_of);
    let prior = before.map(|known| known.indicator.revenue.amount).unwrap_or_default();
    let cost_to_date = (method == "percent_of_cost").then(|| known_cost(account, line, books)).flatten();
    let provision = match (fixed_price(account, line, ctx.entity.rounding), line.cost_estimate, cost_to_date) {
        (Some(price), Some(estimate), Some(cost)) => {
            loss(price, estimate.amount, revenue, cost.amount).map(|loss| loss.provision)
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

/// Revenue to date by one method.
struct Recognised {
    method: &'static str,
    percent: Option<Decimal>,
    revenue: Decimal,
}

/// How a line's revenue is recognised: as agreed, else by its billing method. None for a retainer:
/// it is earned as it is drawn.
fn method_of(line: &ContractLine) -> Option<RevenueMethod> {
    if let Some(agreed) = &line.terms.revenue {
        return Some(agreed.clone());
    }
    match &line.billing {
        BillingMethod::TimeAndMaterials { .. } => Some(RevenueMethod::AsInvoiceable),
        BillingMethod::FixedFee { .. } if line.cost_estimate.is_some() => Some(RevenueMethod::PercentOfCost),
        BillingMethod::FixedFee { .. } if line.terms.progress.is_some() => Some(RevenueMethod::ByOutput),
        BillingMethod::FixedFee { .. } => Some(RevenueMethod::OnAcceptance),
        BillingMethod::Retainer(_) => None,
    }
}

fn recognised(
    account: &Account,
    line: &ContractLine,
    method: &RevenueMethod,
    as_of: Date,
    books: Option<&ProjectFinancials>,
    ctx: &Context,
) -> Option<Recognised> {
    let (places, rounding) = (ctx.policy.percent_places, ctx.entity.rounding);
    let by_percent = |method, percent: Decimal| {
        let revenue = at_percent(fixed_price(account, line, ctx.entity.rounding)?, percent, rounding).amount;
        Some(Recognised { method, percent: Some(percent), revenue })
    };
    match method {
        RevenueMethod::AsInvoiceable => {
            let limit = match &line.billing {
                BillingMethod::TimeAndMaterials { cap: Some(cap), .. }
                    if matches!(cap.mode, CapMode::Block | CapMode::Fit)
                        || line.terms.beyond_cap.is_none() && cap.mode == CapMode::Spill =>
                {
                    Some(cap.limit.amount)
                }
                _ => None,
            };
            let worked = worked(account, line, as_of, ctx);
            let revenue = limit.map_or(worked, |limit| worked.min(limit));
            Some(Recognised { method: "as_invoiceable", percent: None, revenue })
        }
        RevenueMethod::PercentOfCost => {
            let cost = known_cost(account, line, books)?;
            by_percent("percent_of_cost", percent_by_cost(cost.amount, line.cost_estimate?.amount, places, rounding)?)
        }
        RevenueMethod::PercentOfHours { planned_hours } => {
            let hours = hours(worked_minutes(account, line, as_of));
            by_percent("percent_of_hours", percent_by_cost(hours, *planned_hours, places, rounding)?)
        }
        RevenueMethod::ByOutput => {
            let reported = account.lines.get(&line.id).and_then(|state| state.progress);
            let reported = reported.filter(|reported| reported.on <= as_of);
            by_percent("by_output", reported.map(|reported| reported.percent).unwrap_or_default())
        }
        RevenueMethod::StraightLine { from, to } => {
            let revenue =
                straight_line(fixed_price(account, line, ctx.entity.rounding)?, *from, *to, as_of, rounding).amount;
            Some(Recognised { method: "straight_line", percent: None, revenue })
        }
        RevenueMethod::OnAcceptance => {
            let revenue = at_allocated(account, line, accepted(account, line, as_of), ctx);
            Some(Recognised { method: "on_acceptance", percent: None, revenue })
        }
    }
}

fn as_drawn(account: &Account, line: &ContractLine, as_of: Date, ctx: &Context) -> Option<Recognised> {
    let BillingMethod::Retainer(term) = &line.billing else { return None };
    let revenue = drawn(account, line, term.hourly_rate, as_of, ctx);
    Some(Recognised { method: "as_drawn", percent: None, revenue })
}

/// The fixed price of a line; where all fixed prices name what they would cost alone, its share of
/// their sum (rule RR4).
fn fixed_price(account: &Account, line: &ContractLine, rounding: Rounding) -> Option<Money> {
    let BillingMethod::FixedFee { price, .. } = &line.billing else { return None };
    let fixed: Vec<(&ContractLine, Decimal, Option<Money>)> = account
        .contract
        .lines
        .iter()
        .filter_map(|line| match &line.billing {
            BillingMethod::FixedFee { price, .. } => Some((line, price.amount, line.terms.standalone_price)),
            _ => None,
        })
        .collect();
    let alone: Option<Vec<Decimal>> = fixed.iter().map(|(_, _, alone)| alone.map(|alone| alone.amount)).collect();
    let Some(alone) = alone else { return Some(*price) };
    let whole = Money::new(fixed.iter().map(|(_, price, _)| *price).sum(), price.currency);
    let at = fixed.iter().position(|(of, ..)| of.id == line.id)?;
    allocate_by_price(whole, &alone, rounding).get(at).copied().or(Some(*price))
}

/// An amount at the contract's price, as revenue at the allocated one.
fn at_allocated(account: &Account, line: &ContractLine, amount: Decimal, ctx: &Context) -> Decimal {
    let (BillingMethod::FixedFee { price, .. }, Some(allocated)) =
        (&line.billing, fixed_price(account, line, ctx.entity.rounding))
    else {
        return amount;
    };
    if allocated == *price || price.amount.is_zero() {
        return amount;
    }
    ctx.entity.rounding.round(amount * allocated.amount / price.amount, price.currency.minor_units())
}

/// Advances on a line that lapsed: revenue (rule RE4).
fn lapsed(account: &Account, line: &str, as_of: Date) -> Decimal {
    let ended = |state: &&crate::account::AdvanceState| state.closed_on.is_some_and(|closed| closed <= as_of);
    let of_line = account.advances.values().filter(|state| state.term.line == line).filter(ended);
    of_line.map(|state| state.ledger.expired).sum()
}

fn worked_minutes(account: &Account, line: &ContractLine, as_of: Date) -> Decimal {
    let of_line = |entry: &&crate::account::Entry| entry.terms.line == line.id && entry.terms.date <= as_of;
    account.entries.values().filter(of_line).map(|entry| Decimal::from(entry.terms.billed_minutes)).sum()
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
        .sum::<Decimal>()
        - set_off(account, line, as_of)
}

/// Advances of a line that later documents set off: what they bill was billed before.
fn set_off(account: &Account, line: &str, as_of: Date) -> Decimal {
    account
        .invoices
        .values()
        .filter(|state| state.stage == DocumentStage::Posted && state.invoice.issued_on <= as_of)
        .flat_map(|state| &state.applied)
        .filter(|part| account.advances.get(&part.code).is_some_and(|state| state.term.line == line))
        .map(|part| part.net)
        .sum()
}
