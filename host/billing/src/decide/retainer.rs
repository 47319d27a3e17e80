//! Retainers: the fee in advance, the hours drawn from it, what rolls and what expires (RE1 to RE5).

use jiff::ToSpan;
use quoin_canonical::{BillingMethod, Date, Decimal, Id, Invoice, InvoiceType, Money, Period, RetainerTerm, Unit};

use super::{Draft, approval, check_entity, credit};
use crate::account::{Account, Advance, Bucket, Entry, RetainerPeriod, RetainerState};
use crate::document::{Cover, DraftLine, billing_event_id, build, document_id};
use crate::event::{
    AccountEvent, BillingEvent, InvoiceDrafted, RetainerClosed, RetainerReturned, RetainerSettled, SettledEntry, Source,
};
use crate::policy::{Context, Deed, Refusal, RetainerEnd, RetainerPolicy};
use crate::retainer::{Balance, draw};
use crate::rounding::{event_amount, hours, quantity_for};

/// The fee of the period of a retainer line that begins on `period_start`: a prepayment invoice
/// (type 386). The periods before are settled first; hours beyond those bought are put on the same
/// document, which is then an ordinary invoice (380). A period is billed once; a day on which no
/// period begins bills no fee.
///
/// # Errors
/// `ENTITY_MISMATCH`; `LINE_UNKNOWN` when the line is no retainer; `EN16931`; `LINE_EQUATION`.
pub fn retainer_due(
    account: &Account,
    line: &str,
    period_start: Date,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let Some(BillingMethod::Retainer(term)) = account.line(line).map(|line| &line.billing) else {
        let message = format!("contract {} has no retainer line {line}", account.contract.number);
        return Err(Refusal::new("LINE_UNKNOWN", message).field("/line").owner(&ctx.policy.owners.finance));
    };
    let mut steps = Draft::new(account);
    let settled = settle(steps.account(), line, term, period_start, ctx);
    steps.extend(settled);
    let document = next_document(steps.account());
    let known = |bought: &RetainerPeriod| {
        account.retainers.get(line).is_some_and(|state| state.advances.contains_key(&bought.period.from))
    };
    let bought = period(term, line, period_start, ctx, account).filter(|bought| !known(bought));
    let mut lines = Vec::new();
    if let Some(bought) = &bought {
        lines.push(fee_line(account, bought, term, &document, ctx)?);
    }
    let over = overage_line(steps.account(), line, term, period_start, &document, ctx)?;
    let kind = if over.is_some() { InvoiceType::Invoice } else { InvoiceType::Prepayment };
    lines.extend(over);
    if lines.is_empty() {
        return Ok(steps.events);
    }
    let cover = Cover { kind, issued_on: ctx.posting_date(period_start), preceding: None, buyer: None };
    let (invoice, billing_events) = build(steps.account(), ctx, &document, cover, lines)?;
    let advances = bought.into_iter().collect();
    steps.push(drafted(invoice, billing_events, period_start, advances, ctx));
    Ok(steps.events)
}

fn next_document(account: &Account) -> Id {
    document_id(account, account.documents)
}

/// The policy's rules of retainers, with what the line's own terms say of the rollover.
fn rules(account: &Account, line: &str, ctx: &Context) -> RetainerPolicy {
    let mut rules = ctx.policy.retainer.clone();
    if let Some(rollover) = account.line(line).and_then(|line| line.terms.rollover.as_ref()) {
        rules.rollover_cap_hours = rollover.cap_hours;
        rules.rollover_periods = rollover.periods;
    }
    rules
}

/// The monthly period that begins on that day, if one does.
fn period(term: &RetainerTerm, line: &str, start: Date, ctx: &Context, account: &Account) -> Option<RetainerPeriod> {
    let months =
        i32::from(start.year() - term.starts_on.year()) * 12 + i32::from(start.month() - term.starts_on.month());
    if months < 0 || term.starts_on.checked_add(months.months()).ok()? != start {
        return None;
    }
    let next = term.starts_on.checked_add((months + 1).months()).ok()?;
    let amount =
        ctx.entity.rounding.round(term.hours_per_month * term.hourly_rate, account.contract.currency.minor_units());
    Some(RetainerPeriod {
        line: line.to_owned(),
        period: Period { from: start, to: next.yesterday().ok()? },
        hours: term.hours_per_month,
        amount,
    })
}

fn fee_line(
    account: &Account,
    bought: &RetainerPeriod,
    term: &RetainerTerm,
    document: &Id,
    ctx: &Context,
) -> Result<DraftLine, Refusal> {
    let line = account
        .line(&bought.line)
        .ok_or_else(|| Refusal::new("LINE_UNKNOWN", format!("there is no line {}", bought.line)))?;
    let quantity = printed(bought.amount, term.hourly_rate, bought.hours, &bought.line, account, ctx)?;
    let event = BillingEvent {
        id: billing_event_id(document, &format!("{}/{}", bought.line, bought.period.from)),
        contract_line: line.id.clone(),
        source: Source::Retainer { period_start: bought.period.from },
        policy_version: ctx.policy.version,
        rate: None,
        minutes: Decimal::ZERO,
        unit_price: term.hourly_rate,
        amount: bought.amount,
        net: Decimal::ZERO,
        tax: line.tax.clone(),
        service: bought.period,
        cap: None,
        invoice: document.clone(),
        line: String::new(),
        reversal_of: None,
        repriced: None,
        payer: None,
        goodwill: false,
        steps: vec![format!("{} h at {}/h in advance = {}", bought.hours, term.hourly_rate, bought.amount)],
    };
    Ok(DraftLine {
        contract_line: line.id.clone(),
        description: format!("{}, {} to {}", line.description, bought.period.from, bought.period.to),
        quantity,
        unit: Unit::Hour,
        unit_price: term.hourly_rate,
        net: bought.amount,
        tax: line.tax.clone(),
        service: bought.period,
        events: vec![event],
    })
}

fn printed(
    net: Decimal,
    price: Decimal,
    exact: Decimal,
    line: &str,
    account: &Account,
    ctx: &Context,
) -> Result<Decimal, Refusal> {
    quantity_for(net, price, exact, account.contract.currency, ctx.entity.rounding).ok_or_else(|| {
        let message = format!("no quantity makes {net} at {price} an hour; correct the rate");
        Refusal::new("LINE_EQUATION", message).field(format!("/lines/{line}")).owner(&ctx.policy.owners.finance)
    })
}

/// Settles the billed periods that ended before `until` and are not settled, oldest first. Work of
/// a settled period that came in late is drawn in the period that is settled next.
fn settle(account: &Account, line: &str, term: &RetainerTerm, until: Date, ctx: &Context) -> Vec<AccountEvent> {
    let mut steps = Draft::new(account);
    while let Some(period) = next_unsettled(steps.account().retainers.get(line), until) {
        let event = settle_period(steps.account(), line, term, period, false, ctx);
        steps.push(event);
    }
    steps.events
}

/// Ends a retainer: all its periods are settled, hours beyond are billed, hours left are given
/// back by credit notes or expire, as the policy says (rules RE1 and RE4).
///
/// # Errors
/// `LINE_UNKNOWN` when the line is no retainer; `INVOICE_NOT_POSTED` while an advance to give back
/// is not posted; `EN16931`; `LINE_EQUATION`.
pub fn close_retainer(account: &Account, line: &str, on: Date, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let Some(BillingMethod::Retainer(term)) = account.line(line).map(|line| &line.billing) else {
        let message = format!("contract {} has no retainer line {line}", account.contract.number);
        return Err(Refusal::new("LINE_UNKNOWN", message).field("/line").owner(&ctx.policy.owners.finance));
    };
    if account.retainers.get(line).is_none_or(|state| state.closed_on.is_some()) {
        return Ok(Vec::new());
    }
    let mut steps = Draft::new(account);
    while let Some(period) = next_unsettled(steps.account().retainers.get(line), Date::MAX) {
        let last = next_unsettled(steps.account().retainers.get(line), Date::MAX).is_some_and(|next| next.to >= on);
        let event = settle_period(steps.account(), line, term, period, last, ctx);
        steps.push(event);
    }
    let document = next_document(steps.account());
    if let Some(over) = overage_line(steps.account(), line, term, Date::MAX, &document, ctx)? {
        let cover = Cover { kind: InvoiceType::Invoice, issued_on: ctx.posting_date(on), preceding: None, buyer: None };
        let (invoice, billing_events) = build(steps.account(), ctx, &document, cover, vec![over])?;
        steps.push(drafted(invoice, billing_events, on, Vec::new(), ctx));
    }
    let state = steps.account().retainers.get(line).cloned().unwrap_or_default();
    let left: Vec<(Date, Decimal)> = state
        .advances
        .iter()
        .map(|(start, advance)| (*start, advance.left()))
        .filter(|(_, hours)| *hours > Decimal::ZERO)
        .collect();
    let refund = ctx.policy.retainer.at_end == RetainerEnd::Refund;
    if refund {
        for advance in state.advances.values().filter(|advance| advance.left() > Decimal::ZERO) {
            let credit = refund_hours(steps.account(), advance, advance.left(), term, ctx)?;
            steps.extend(credit);
        }
    }
    let lost: Decimal = if refund { Decimal::ZERO } else { left.iter().map(|(_, hours)| *hours).sum() };
    let breakage = Money::new(lost * term.hourly_rate, account.contract.currency).rounded(ctx.entity.rounding);
    let (refunded, expired) = if refund { (left, Vec::new()) } else { (Vec::new(), left) };
    steps.push(AccountEvent::RetainerClosed(RetainerClosed { line: line.to_owned(), on, refunded, expired, breakage }));
    Ok(steps.events)
}

fn drafted(
    invoice: Invoice,
    billing_events: Vec<BillingEvent>,
    as_of: Date,
    advances: Vec<RetainerPeriod>,
    ctx: &Context,
) -> AccountEvent {
    let approval = approval::needed(Deed::Release, [invoice.totals.net], ctx);
    AccountEvent::InvoiceDrafted(Box::new(InvoiceDrafted {
        group: None,
        invoice,
        billing_events,
        as_of,
        released: approval.is_none(),
        approval,
        advances,
        set: None,
        applied: Vec::new(),
    }))
}

fn refund_hours(
    account: &Account,
    advance: &Advance,
    hours: Decimal,
    term: &RetainerTerm,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let start = advance.bought.period.from;
    let fee = account.billing_events.values().find(|event| {
        event.invoice == advance.invoice
            && event.reversal_of.is_none()
            && event.source == Source::Retainer { period_start: start }
    });
    let Some(fee) = fee else { return Ok(Vec::new()) };
    let places = account.contract.currency.minor_units();
    let amount = match hours == advance.bought.hours {
        true => advance.bought.amount,
        false => ctx.entity.rounding.round(hours * term.hourly_rate, places),
    };
    credit::credit_part(account, &fee.id, Decimal::ZERO, amount, "retainer_ended", ctx)
}

fn next_unsettled(state: Option<&RetainerState>, until: Date) -> Option<Period> {
    let state = state?;
    let periods = state.advances.values().filter(|advance| advance.available).map(|advance| advance.bought.period);
    periods
        .filter(|period| period.to < until && state.settled_through.is_none_or(|through| period.to > through))
        .min_by_key(|p| p.to)
}

/// Draws the work of a period, oldest hours first. At the end of the retainer nothing expires here.
fn settle_period(
    account: &Account,
    line: &str,
    term: &RetainerTerm,
    period: Period,
    last: bool,
    ctx: &Context,
) -> AccountEvent {
    let policy = &rules(account, line, ctx);
    let mut balances: Vec<Balance> = account
        .retainers
        .get(line)
        .into_iter()
        .flat_map(|state| state.advances.iter())
        .filter(|(_, advance)| advance.available && advance.bought.period.from <= period.from)
        .map(|(start, advance)| Balance { start: *start, hours: advance.left() })
        .collect();
    let mut drawn: std::collections::BTreeMap<Date, Decimal> = Default::default();
    let mut entries = Vec::new();
    for entry in work(account, line, period.to) {
        let minutes = entry.in_bucket(Bucket::Unbilled).0;
        let factor = drawn_per_hour(entry, ctx);
        // Hours are kept to six decimals, like amounts: thirds of an hour would never add up again.
        let wanted = ctx.entity.rounding.round(hours(minutes) * factor, crate::rounding::EVENT_PLACES);
        let taken = draw(&mut balances, wanted);
        let covered: Decimal = taken.iter().map(|(_, hours)| *hours).sum();
        for (start, hours) in taken {
            *drawn.entry(start).or_default() += hours;
        }
        let over_share = if wanted.is_zero() { Decimal::ZERO } else { (wanted - covered) / wanted };
        let over_minutes = ctx.entity.rounding.round(minutes * over_share, crate::rounding::EVENT_PLACES);
        entries.push(SettledEntry {
            entry: entry.terms.entry.clone(),
            covered_minutes: minutes - over_minutes,
            over_minutes,
            over_amount: event_amount(over_minutes * factor, term.overage_rate, ctx.entity.rounding),
        });
    }
    let expiry = if last { Vec::new() } else { crate::retainer::expire(&balances, period.from, policy) };
    let rolled: Decimal =
        balances.iter().map(|balance| balance.hours).sum::<Decimal>() - expiry.iter().map(|(_, h)| *h).sum::<Decimal>();
    let lost: Decimal = expiry.iter().map(|(_, hours)| *hours).sum();
    let breakage = Money::new(lost * term.hourly_rate, account.contract.currency).rounded(ctx.entity.rounding);
    let left: Decimal = balances.iter().map(|balance| balance.hours).sum();
    AccountEvent::RetainerSettled(RetainerSettled {
        line: line.to_owned(),
        period,
        drawn: drawn.into_iter().collect(),
        expired: expiry,
        rolled_hours: rolled,
        breakage,
        entries,
        low_balance: left * Decimal::ONE_HUNDRED <= term.hours_per_month * policy.low_balance_percent,
    })
}

/// Hours that an entry drew and needs no more, after a correction: back to the newest advances it
/// can have drawn from, so that they can still be used.
pub(super) fn hours_back(
    account: &Account,
    before: &Entry,
    after: Option<&Entry>,
    ctx: &Context,
) -> Option<AccountEvent> {
    let covered = |entry: &Entry| entry.in_bucket(Bucket::Covered).0;
    let minutes = covered(before) - after.map(covered).unwrap_or_default();
    if minutes <= Decimal::ZERO {
        return None;
    }
    let line = &before.terms.line;
    let mut left =
        ctx.entity.rounding.round(hours(minutes) * drawn_per_hour(before, ctx), crate::rounding::EVENT_PLACES);
    let mut back = Vec::new();
    for (start, advance) in account.retainers.get(line)?.advances.iter().rev() {
        let part = left.min(advance.drawn);
        if part > Decimal::ZERO {
            back.push((*start, part));
            left -= part;
        }
    }
    let entry = before.terms.entry.clone();
    (!back.is_empty())
        .then(|| AccountEvent::RetainerReturned(RetainerReturned { line: line.clone(), entry, hours: back }))
}

/// Retainer hours that one hour of this work draws (rule RE3).
fn drawn_per_hour(entry: &Entry, ctx: &Context) -> Decimal {
    let role = entry.terms.role.as_ref();
    role.and_then(|role| ctx.policy.retainer.role_multipliers.get(role)).copied().unwrap_or(Decimal::ONE)
}

/// Work on a retainer line that waits, up to that day, in order.
fn work<'a>(account: &'a Account, line: &str, until: Date) -> Vec<&'a Entry> {
    let mut found: Vec<&Entry> = account
        .entries
        .values()
        .filter(|entry| entry.terms.line == line && entry.terms.date <= until)
        .filter(|entry| !entry.in_bucket(Bucket::Unbilled).0.is_zero())
        .collect();
    found.sort_by(|a, b| (a.terms.date, &a.terms.entry).cmp(&(b.terms.date, &b.terms.entry)));
    found
}

/// Hours beyond those bought, of settled periods.
fn overage_line(
    account: &Account,
    line: &str,
    term: &RetainerTerm,
    until: Date,
    document: &Id,
    ctx: &Context,
) -> Result<Option<DraftLine>, Refusal> {
    let Some(through) =
        account.retainers.get(line).and_then(|state| state.settled_through).filter(|through| *through < until)
    else {
        return Ok(None);
    };
    let Some(contract_line) = account.line(line) else { return Ok(None) };
    let events: Vec<BillingEvent> = work(account, line, through)
        .into_iter()
        .map(|entry| overage_event(entry, term, contract_line, document, ctx))
        .collect();
    if events.is_empty() {
        return Ok(None);
    }
    let exact: Decimal = events.iter().map(|event| event.amount).sum();
    let net = ctx.entity.rounding.round(exact, account.contract.currency.minor_units());
    let quantity = printed(net, term.overage_rate, exact / term.overage_rate, line, account, ctx)?;
    let from = events.iter().map(|event| event.service.from).min().unwrap_or(until);
    let to = events.iter().map(|event| event.service.to).max().unwrap_or(until);
    Ok(Some(DraftLine {
        contract_line: line.to_owned(),
        description: format!("{}, hours beyond the retainer, {from} to {to}", contract_line.description),
        quantity,
        unit: Unit::Hour,
        unit_price: term.overage_rate,
        net,
        tax: contract_line.tax.clone(),
        service: Period { from, to },
        events,
    }))
}

fn overage_event(
    entry: &Entry,
    term: &RetainerTerm,
    line: &quoin_canonical::ContractLine,
    document: &Id,
    ctx: &Context,
) -> BillingEvent {
    let (minutes, amount) = entry.in_bucket(Bucket::Unbilled);
    let terms = &entry.terms;
    BillingEvent {
        id: billing_event_id(document, terms.entry.as_str()),
        contract_line: line.id.clone(),
        source: Source::Time {
            entry: terms.entry.clone(),
            revision: terms.revision.clone(),
            role: terms.role.clone(),
            date: terms.date,
        },
        policy_version: ctx.policy.version,
        rate: None,
        minutes,
        unit_price: term.overage_rate,
        amount,
        net: Decimal::ZERO,
        tax: line.tax.clone(),
        service: Period { from: terms.date, to: terms.date },
        cap: None,
        invoice: document.clone(),
        line: String::new(),
        reversal_of: None,
        repriced: None,
        payer: None,
        goodwill: false,
        steps: vec![format!(
            "{} min beyond the retainer at {}/h = {}",
            minutes.normalize(),
            term.overage_rate,
            amount.normalize()
        )],
    }
}
