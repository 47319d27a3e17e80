//! The regular billing run: time and materials under caps, and milestones that are ready.
//!
//! Caps are evaluated here, over all candidates at once and in order of date of work, then entry
//! id (rule NX3), not when an entry arrives: so the order of delivery changes no total (law 8).

use std::collections::{BTreeMap, BTreeSet};

use quoin_canonical::{BillingMethod, Date, Decimal, Id, InvoiceType, Money, Period, TaxTreatment, Unit};

use super::check_entity;
use crate::account::{Account, Bucket, Entry, ExpenseStage, ExpenseState, MilestoneStage, MilestoneState};
use crate::caps::{Limit, Meter, Verdict};
use crate::document::{Cover, DraftLine, billing_event_id, build, document_id};
use crate::event::{AccountEvent, BillingEvent, CapAlert, CapSplit, HeldEntry, InvoiceDrafted, OverCapHeld, Source};
use crate::policy::{Context, GroupBy, Refusal};
use crate::rounding::{EVENT_PLACES, event_amount, hours, quantity_for};

/// What is summed into one line of time (rule TM2), in the order lines are printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    line_position: usize,
    month: (i16, i8),
    who: String,
    price: Decimal,
}

/// Bills what is there up to and including `as_of`: at most one invoice with all lines, what a cap
/// holds back, and the alerts it raises. Run again, it finds nothing and does nothing.
///
/// # Errors
/// `ENTITY_MISMATCH`; `LINE_EQUATION` when a line can't be printed as quantity x price;
/// `EN16931` when the document would break the standard.
pub fn run(account: &Account, as_of: Date, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let document = document_id(account, account.documents);
    let time = meter_time(account, as_of, &document, ctx);
    let mut lines = time_lines(account, time.groups, ctx)?;
    lines.extend(milestone_lines(account, as_of, &document, ctx));
    lines.extend(expense_lines(account, as_of, &document, ctx));
    let position = |id: &str| account.contract.lines.iter().position(|line| line.id == id);
    lines.sort_by_key(|line| (position(&line.contract_line), line.service.from)); // stable: keeps each line's own order
    let mut events = Vec::new();
    if !lines.is_empty() {
        let cover = Cover { kind: InvoiceType::Invoice, issued_on: ctx.posting_date(as_of), preceding: None };
        let (invoice, billing_events) = build(account, ctx, &document, cover, lines)?;
        let released = !ctx.policy.review_drafts;
        let drafted = InvoiceDrafted { invoice, billing_events, as_of, released, advances: Vec::new() };
        events.push(AccountEvent::InvoiceDrafted(Box::new(drafted)));
    }
    events.extend(held(account, as_of, &time.meter, time.held, ctx));
    events.extend(alerts(account, &time.meter, ctx));
    Ok(events)
}

/// Metered time.
struct Metered {
    groups: BTreeMap<Group, Vec<BillingEvent>>,
    held: BTreeMap<String, Vec<HeldEntry>>,
    meter: Meter<Group>,
}

fn meter_time(account: &Account, as_of: Date, document: &Id, ctx: &Context) -> Metered {
    let places = account.contract.currency.minor_units();
    let mut meter = Meter::new(limits(account), ctx.entity.rounding, places);
    let mut groups: BTreeMap<Group, Vec<BillingEvent>> = BTreeMap::new();
    let mut held: BTreeMap<String, Vec<HeldEntry>> = BTreeMap::new();
    for entry in candidates(account, as_of) {
        let Some((line_position, line)) =
            account.contract.lines.iter().enumerate().find(|(_, line)| line.id == entry.terms.line)
        else {
            continue;
        };
        let group = group_of(entry, line_position, ctx);
        let (minutes, amount) = entry.in_bucket(Bucket::Unbilled);
        let verdict = meter.offer(&group, &line.id, amount);
        let whole = verdict.billable == amount;
        let billed = if whole { minutes } else { minutes_worth(verdict.billable, group.price, minutes, ctx) };
        if !whole {
            let part = HeldEntry {
                entry: entry.terms.entry.clone(),
                minutes: minutes - billed,
                amount: amount - verdict.billable,
            };
            held.entry(line.id.clone()).or_default().push(part);
        }
        if !billed.is_zero() {
            let event = time_event(entry, &group, billed, &verdict, &line.tax, document, ctx);
            groups.entry(group).or_default().push(event);
        }
    }
    Metered { groups, held, meter }
}

/// Unbilled time on time-and-materials lines up to that day, in the order caps are consumed.
fn candidates(account: &Account, as_of: Date) -> Vec<&Entry> {
    let hourly: BTreeSet<&str> = account
        .contract
        .lines
        .iter()
        .filter(|line| matches!(line.billing, BillingMethod::TimeAndMaterials { .. }))
        .map(|line| line.id.as_str())
        .collect();
    let mut found: Vec<&Entry> = account
        .entries
        .values()
        .filter(|entry| entry.terms.date <= as_of && hourly.contains(entry.terms.line.as_str()))
        .filter(|entry| !entry.in_bucket(Bucket::Unbilled).0.is_zero())
        .collect();
    found.sort_by(|a, b| (a.terms.date, &a.terms.entry).cmp(&(b.terms.date, &b.terms.entry)));
    found
}

fn limits(account: &Account) -> Vec<Limit> {
    account
        .contract
        .lines
        .iter()
        .filter_map(|line| match &line.billing {
            BillingMethod::TimeAndMaterials { cap: Some(cap), .. } => Some(Limit {
                level: format!("line {}", line.id),
                line: Some(line.id.clone()),
                limit: cap.limit.amount,
                used: account.lines.get(&line.id).map(|state| state.used()).unwrap_or_default(),
                mode: cap.mode,
            }),
            _ => None,
        })
        .collect()
}

fn group_of(entry: &Entry, line_position: usize, ctx: &Context) -> Group {
    let terms = &entry.terms;
    let who = match ctx.policy.group_by {
        GroupBy::Role => terms.role.clone().unwrap_or_default(),
        GroupBy::Person => terms.resource.clone(),
    };
    let price = entry.rate.as_ref().map_or(Decimal::ZERO, |rate| rate.hourly_rate);
    Group { line_position, month: (terms.date.year(), terms.date.month()), who, price }
}

/// Minutes that an amount buys at a price, never more than there are.
fn minutes_worth(amount: Decimal, price: Decimal, at_most: Decimal, ctx: &Context) -> Decimal {
    if price.is_zero() {
        return at_most;
    }
    ctx.entity.rounding.round(amount * Decimal::from(60) / price, EVENT_PLACES).min(at_most)
}

fn time_event(
    entry: &Entry,
    group: &Group,
    minutes: Decimal,
    verdict: &Verdict,
    tax: &TaxTreatment,
    document: &Id,
    ctx: &Context,
) -> BillingEvent {
    let terms = &entry.terms;
    let mut steps = Vec::new();
    if terms.worked_minutes != terms.billed_minutes {
        steps.push(format!("{} min worked, {} min after the increment", terms.worked_minutes, terms.billed_minutes));
    }
    let full = event_amount(entry.in_bucket(Bucket::Unbilled).0, group.price, ctx.entity.rounding);
    steps.push(format!(
        "{} min at {}/h = {}",
        entry.in_bucket(Bucket::Unbilled).0.normalize(),
        group.price,
        full.normalize()
    ));
    let cap = verdict.bound.as_ref().map(|bound| CapSplit {
        limit: bound.limit,
        available: bound.available,
        over: verdict.over,
    });
    if let Some(bound) = verdict.bound.as_ref().filter(|_| !verdict.over.is_zero()) {
        steps.push(format!(
            "{} left of {} ({}): {} billed, {} over",
            bound.available, bound.limit, bound.level, verdict.billable, verdict.over
        ));
    }
    BillingEvent {
        id: billing_event_id(document, terms.entry.as_str()),
        contract_line: terms.line.clone(),
        source: Source::Time {
            entry: terms.entry.clone(),
            revision: terms.revision.clone(),
            role: terms.role.clone(),
            date: terms.date,
        },
        policy_version: ctx.policy.version,
        rate: entry.rate.clone(),
        minutes,
        unit_price: group.price,
        amount: verdict.billable,
        net: Decimal::ZERO,
        tax: tax.clone(),
        service: Period { from: terms.date, to: terms.date },
        cap,
        invoice: document.clone(),
        line: String::new(),
        reversal_of: None,
        steps,
    }
}

fn time_lines(
    account: &Account,
    groups: BTreeMap<Group, Vec<BillingEvent>>,
    ctx: &Context,
) -> Result<Vec<DraftLine>, Refusal> {
    let currency = account.contract.currency;
    groups
        .into_iter()
        .filter_map(|(group, events)| Some((account.contract.lines.get(group.line_position)?, group, events)))
        .map(|(line, group, events)| {
            let exact: Decimal = events.iter().map(|event| event.amount).sum();
            let minutes: Decimal = events.iter().map(|event| event.minutes).sum();
            let net = ctx.entity.rounding.round(exact, currency.minor_units());
            let quantity =
                quantity_for(net, group.price, hours(minutes), currency, ctx.entity.rounding).ok_or_else(|| {
                    let message = format!("no quantity makes {net} at {} an hour; correct the rate", group.price);
                    Refusal::new("LINE_EQUATION", message)
                        .field(format!("/lines/{}", line.id))
                        .owner(&ctx.policy.owners.finance)
                })?;
            let service = service_period(&events);
            Ok(DraftLine {
                contract_line: line.id.clone(),
                description: describe(&line.description, &group, service),
                quantity,
                unit: Unit::Hour,
                unit_price: group.price,
                net,
                tax: line.tax.clone(),
                service,
                events,
            })
        })
        .collect()
}

fn service_period(events: &[BillingEvent]) -> Period {
    let from = events.iter().map(|event| event.service.from).min().unwrap_or_default();
    let to = events.iter().map(|event| event.service.to).max().unwrap_or_default();
    Period { from, to }
}

fn describe(line: &str, group: &Group, service: Period) -> String {
    let who = if group.who.is_empty() { String::new() } else { format!(", {}", group.who) };
    let free = if group.price.is_zero() { ", complimentary" } else { "" };
    match service.from == service.to {
        true => format!("{line}{who}{free}, {}", service.from),
        false => format!("{line}{who}{free}, {} to {}", service.from, service.to),
    }
}

fn milestone_lines(account: &Account, as_of: Date, document: &Id, ctx: &Context) -> Vec<DraftLine> {
    let mut ready: Vec<(&Id, &MilestoneState)> = account
        .milestones
        .iter()
        .filter(|(_, state)| state.stage == MilestoneStage::Ready && state.hold.is_none())
        .filter(|(_, state)| state.acceptance.as_ref().is_some_and(|proof| proof.on <= as_of))
        .collect();
    ready.sort_by(|(_, a), (_, b)| {
        (&a.milestone.contract_line, &a.milestone.code).cmp(&(&b.milestone.contract_line, &b.milestone.code))
    });
    ready.into_iter().filter_map(|(id, state)| milestone_line(account, id, state, document, ctx)).collect()
}

fn milestone_line(
    account: &Account,
    id: &Id,
    state: &MilestoneState,
    document: &Id,
    ctx: &Context,
) -> Option<DraftLine> {
    let line = account.line(&state.milestone.contract_line)?;
    let proof = state.acceptance.as_ref()?;
    let amount = state.milestone.amount?.amount;
    let service = Period { from: proof.on, to: proof.on };
    let event = BillingEvent {
        id: billing_event_id(document, id.as_str()),
        contract_line: line.id.clone(),
        source: Source::Milestone { milestone: id.clone(), evidence_sha256: proof.evidence_sha256.clone() },
        policy_version: ctx.policy.version,
        rate: None,
        minutes: Decimal::ZERO,
        unit_price: amount,
        amount,
        net: Decimal::ZERO,
        tax: line.tax.clone(),
        service,
        cap: None,
        invoice: document.clone(),
        line: String::new(),
        reversal_of: None,
        steps: vec![format!("milestone {} accepted by {} on {}: {amount}", state.milestone.code, proof.by, proof.on)],
    };
    Some(DraftLine {
        contract_line: line.id.clone(),
        description: format!("{}, milestone {}: {}", line.description, state.milestone.code, state.milestone.name),
        quantity: Decimal::ONE,
        unit: Unit::LumpSum,
        unit_price: amount,
        net: amount,
        tax: line.tax.clone(),
        service,
        events: vec![event],
    })
}

/// Billable expenses, a line each. They do not count against caps (rule NX6).
fn expense_lines(account: &Account, as_of: Date, document: &Id, ctx: &Context) -> Vec<DraftLine> {
    let mut ready: Vec<&ExpenseState> = account
        .expenses
        .values()
        .filter(|state| state.stage == ExpenseStage::Unbilled && state.expense.date <= as_of)
        .collect();
    ready.sort_by_key(|state| (state.expense.date, &state.expense.id));
    ready.into_iter().filter_map(|state| expense_line(account, state, document, ctx)).collect()
}

fn expense_line(account: &Account, state: &ExpenseState, document: &Id, ctx: &Context) -> Option<DraftLine> {
    let expense = &state.expense;
    let line = account.line(&expense.line)?;
    let service = Period { from: expense.date, to: expense.date };
    let cost = expense.cost(ctx.entity.rounding);
    let event = BillingEvent {
        id: billing_event_id(document, expense.id.as_str()),
        contract_line: line.id.clone(),
        source: Source::Expense { expense: expense.id.clone(), date: expense.date },
        policy_version: ctx.policy.version,
        rate: None,
        minutes: Decimal::ZERO,
        unit_price: state.amount,
        amount: state.amount,
        net: Decimal::ZERO,
        tax: line.tax.clone(),
        service,
        cap: None,
        invoice: document.clone(),
        line: String::new(),
        reversal_of: None,
        steps: vec![format!(
            "{} paid, {} without reclaimed tax, plus {} % = {}",
            expense.paid,
            cost.normalize(),
            expense.markup_percent,
            state.amount
        )],
    };
    Some(DraftLine {
        contract_line: line.id.clone(),
        description: format!("{}, {}", expense.description, expense.date),
        quantity: Decimal::ONE,
        unit: Unit::One,
        unit_price: state.amount,
        net: state.amount,
        tax: line.tax.clone(),
        service,
        events: vec![event],
    })
}

fn held(
    account: &Account,
    as_of: Date,
    meter: &Meter<Group>,
    held: BTreeMap<String, Vec<HeldEntry>>,
    ctx: &Context,
) -> Vec<AccountEvent> {
    let currency = account.contract.currency;
    held.into_iter()
        .filter_map(|(line, entries)| {
            let limit = meter.limits().iter().find(|limit| limit.line.as_deref() == Some(line.as_str()))?;
            let exact: Decimal = entries.iter().map(|part| part.amount).sum();
            Some(AccountEvent::OverCapHeld(OverCapHeld {
                as_of,
                limit: Money::new(limit.limit, currency),
                amount: Money::new(exact, currency).rounded(ctx.entity.rounding),
                entries,
                owner: ctx.policy.owners.over_cap.clone(),
                used_percent: percent(meter.used(limit), limit.limit),
                alert_percents: ctx.policy.cap_alert_percents.clone(),
                line,
            }))
        })
        .collect()
}

/// One alert per threshold that this run's use crosses.
fn alerts(account: &Account, meter: &Meter<Group>, ctx: &Context) -> Vec<AccountEvent> {
    let currency = account.contract.currency;
    let mut alerts = Vec::new();
    for limit in meter.limits() {
        let (before, after) = (percent(limit.used, limit.limit), percent(meter.used(limit), limit.limit));
        for threshold in
            ctx.policy.cap_alert_percents.iter().filter(|threshold| before < **threshold && **threshold <= after)
        {
            alerts.push(AccountEvent::CapAlert(CapAlert {
                line: limit.line.clone().unwrap_or_default(),
                percent: *threshold,
                limit: Money::new(limit.limit, currency),
                used: Money::new(meter.used(limit), currency),
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
