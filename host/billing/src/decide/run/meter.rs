//! Time and expenses through the caps, in order: what is billed at which price, what is held.

use std::collections::{BTreeMap, BTreeSet};

use quoin_canonical::{BeyondCap, BillingMethod, CapMode, ContractLine, Date, Decimal, Id, Period, Unit};

use crate::account::{Account, Bucket, DocumentStage, Entry, ExpenseStage, ExpenseState};
use crate::caps::{Limit, Meter, Shares, Verdict};
use crate::document::DraftLine;
use crate::event::{BillingEvent, CapSplit, HeldEntry, PricedBy, Repriced, Source};
use crate::policy::{Context, GroupBy, Refusal};
use crate::rounding::{EVENT_PLACES, event_amount, hours, quantity_for};

/// What is summed into one line of time (rule TM2), in the order lines are printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    line_position: usize,
    month: (i16, i8),
    who: String,
    price: Decimal,
    by: Option<PricedBy>,
}

/// An invoice line under way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Time(Group),
    Expense(Id),
}

/// Work of one line that a cap holds.
pub(super) struct HeldLine {
    pub(super) limit: usize,
    pub(super) entries: Vec<HeldEntry>,
}

/// What came through the caps, and what did not.
pub(super) struct Metered {
    pub(super) groups: BTreeMap<Group, Vec<BillingEvent>>,
    pub(super) held: BTreeMap<String, HeldLine>,
    pub(super) freed: BTreeMap<String, Vec<HeldEntry>>,
    pub(super) expenses: Vec<Id>,
    pub(super) held_expenses: Vec<Id>,
    pub(super) meter: Meter<Key>,
}

/// Minutes of an entry at one price.
struct Piece {
    minutes: Decimal,
    price: Decimal,
    /// Value at this price, six decimals.
    amount: Decimal,
    /// Value at the frozen rate.
    frozen: Decimal,
    by: Option<PricedBy>,
}

/// One candidate, in the order caps are consumed (rule NX3).
enum Candidate<'a> {
    Time(&'a Entry),
    Expense(&'a ExpenseState),
}

impl Candidate<'_> {
    fn order(&self) -> (Date, &Id) {
        match self {
            Candidate::Time(entry) => (entry.terms.date, &entry.terms.entry),
            Candidate::Expense(state) => (state.expense.date, &state.expense.id),
        }
    }
}

pub(super) fn meter(account: &Account, as_of: Date, ctx: &Context) -> Metered {
    let shares = shares(account);
    let meter =
        Meter::new(limits(account, ctx), ctx.entity.rounding, account.contract.currency.minor_units()).shared(shares);
    let mut metered = Metered {
        groups: BTreeMap::new(),
        held: BTreeMap::new(),
        freed: BTreeMap::new(),
        expenses: Vec::new(),
        held_expenses: Vec::new(),
        meter,
    };
    let mut steps = used_steps(account);
    for candidate in candidates(account, as_of) {
        match candidate {
            Candidate::Time(entry) => metered.time(account, entry, &mut steps, ctx),
            Candidate::Expense(state) => metered.expense(account, state),
        }
    }
    metered
}

impl Metered {
    fn time(&mut self, account: &Account, entry: &Entry, steps: &mut UsedSteps, ctx: &Context) {
        let found = account.contract.lines.iter().enumerate().find(|(_, line)| line.id == entry.terms.line);
        let Some((position, line)) = found else { return };
        for piece in pieces(entry, line, steps, ctx) {
            let group = group_of(entry, position, &piece, ctx);
            let verdict = self.meter.offer(&Key::Time(group.clone()), &line.id, piece.amount);
            let billed = self.bill(entry, group, &piece, &verdict, line, ctx);
            note_step(steps, entry, &piece, billed);
            let left = remainder(&piece, &verdict, billed);
            if left.minutes.is_zero() {
                continue;
            }
            let own_cap = verdict.bound.as_ref().filter(|bound| bound.mode == CapMode::Spill);
            let own_cap = own_cap.is_some_and(|bound| {
                self.meter.limits()[bound.at].line.as_deref() == Some(line.id.as_str())
                    && self.meter.limits()[bound.at].payer.is_none()
            });
            match line.terms.beyond_cap.as_ref().filter(|_| own_cap) {
                Some(beyond) => self.spill(account, entry, &left, beyond, &verdict, ctx),
                None => self.hold(entry, &left, &verdict),
            }
        }
    }

    /// Puts the billable part of a piece on its line; the minutes it is worth.
    fn bill(
        &mut self,
        entry: &Entry,
        group: Group,
        piece: &Piece,
        verdict: &Verdict,
        line: &ContractLine,
        ctx: &Context,
    ) -> Decimal {
        let whole = verdict.billable == piece.amount;
        let billed =
            if whole { piece.minutes } else { minutes_worth(verdict.billable, piece.price, piece.minutes, ctx) };
        if !billed.is_zero() {
            let event = time_event(entry, piece, billed, verdict, line, ctx);
            self.groups.entry(group).or_default().push(event);
        }
        billed
    }

    /// Work beyond a line's cap goes where the contract says; what finds no room there is held.
    fn spill(
        &mut self,
        account: &Account,
        entry: &Entry,
        left: &Piece,
        beyond: &BeyondCap,
        verdict: &Verdict,
        ctx: &Context,
    ) {
        let own = entry.terms.line.as_str();
        let (target, price, by, counts_on) = match beyond {
            BeyondCap::NonBillable => {
                return self.freed.entry(own.to_owned()).or_default().push(held_entry(entry, left));
            }
            // Outside the line's own cap: nothing but limits over all lines apply.
            BeyondCap::Rate { hourly_rate } => (own, *hourly_rate, PricedBy::BeyondCap, ""),
            BeyondCap::Line { line } => (line.as_str(), left.price, PricedBy::OtherLine, line.as_str()),
        };
        let found = account.contract.lines.iter().enumerate().find(|(_, line)| line.id == target);
        let Some((position, line)) = found else { return self.hold(entry, left, verdict) };
        let amount = event_amount(left.minutes, price, ctx.entity.rounding);
        let piece = Piece { minutes: left.minutes, price, amount, frozen: left.frozen, by: Some(by) };
        let group = group_of(entry, position, &piece, ctx);
        let second = self.meter.offer(&Key::Time(group.clone()), counts_on, amount);
        let billed = self.bill(entry, group, &piece, &second, line, ctx);
        let rest = remainder(&piece, &second, billed);
        if !rest.minutes.is_zero() {
            self.hold(entry, &rest, &second);
        }
    }

    fn hold(&mut self, entry: &Entry, left: &Piece, verdict: &Verdict) {
        let limit = verdict.bound.as_ref().map_or(0, |bound| bound.at);
        let line = entry.terms.line.clone();
        let held = self.held.entry(line).or_insert_with(|| HeldLine { limit, entries: Vec::new() });
        // The pieces of one entry come one after the other.
        match held.entries.last_mut().filter(|part| part.entry == entry.terms.entry) {
            Some(part) => {
                part.minutes += left.minutes;
                part.amount += left.frozen;
            }
            None => held.entries.push(held_entry(entry, left)),
        }
    }

    /// An expense is billed whole or held whole.
    fn expense(&mut self, account: &Account, state: &ExpenseState) {
        let id = &state.expense.id;
        if account.contract.agreement.expenses_count {
            let mut trial = self.meter.clone();
            let verdict = trial.offer(&Key::Expense(id.clone()), &state.expense.line, state.amount);
            if verdict.billable != state.amount {
                return self.held_expenses.push(id.clone());
            }
            self.meter = trial;
        }
        self.expenses.push(id.clone());
    }
}

fn held_entry(entry: &Entry, left: &Piece) -> HeldEntry {
    HeldEntry { entry: entry.terms.entry.clone(), minutes: left.minutes, amount: left.frozen }
}

/// What of a piece was not billed.
fn remainder(piece: &Piece, verdict: &Verdict, billed: Decimal) -> Piece {
    let minutes = piece.minutes - billed;
    let amount = piece.amount - verdict.billable;
    let frozen = match piece.by {
        None => amount,
        Some(_) => piece.frozen - frozen_share(piece, billed),
    };
    Piece { minutes, price: piece.price, amount, frozen, by: piece.by }
}

/// Value at the frozen rate of some of a piece's minutes.
fn frozen_share(piece: &Piece, minutes: Decimal) -> Decimal {
    match minutes == piece.minutes {
        true => piece.frozen,
        false => (piece.frozen * minutes / piece.minutes).round_dp(EVENT_PLACES),
    }
}

/// Minutes used of each step of hours, per line and month.
type UsedSteps = BTreeMap<(String, (i16, i8)), Vec<Decimal>>;

fn used_steps(account: &Account) -> UsedSteps {
    let mut used = UsedSteps::new();
    if account.contract.lines.iter().all(|line| line.terms.monthly_hours.is_empty()) {
        return used;
    }
    for event in account.billing_events.values() {
        if let (Source::Time { date, .. }, Some(Repriced { by: PricedBy::HoursStep { step }, .. })) =
            (&event.source, &event.repriced)
        {
            *used_of(&mut used, &event.contract_line, *date, *step) += event.minutes;
        }
    }
    used
}

fn used_of<'a>(used: &'a mut UsedSteps, line: &str, date: Date, step: u32) -> &'a mut Decimal {
    let steps = used.entry((line.to_owned(), (date.year(), date.month()))).or_default();
    let at = usize::try_from(step).unwrap_or(usize::MAX).min(u16::MAX.into());
    if steps.len() <= at {
        steps.resize(at + 1, Decimal::ZERO);
    }
    &mut steps[at]
}

fn note_step(used: &mut UsedSteps, entry: &Entry, piece: &Piece, billed: Decimal) {
    if let Some(PricedBy::HoursStep { step }) = piece.by {
        *used_of(used, &entry.terms.line, entry.terms.date, step) += billed;
    }
}

/// The prices an entry's unbilled minutes have: its frozen rate, or the month's steps of hours.
fn pieces(entry: &Entry, line: &ContractLine, used: &mut UsedSteps, ctx: &Context) -> Vec<Piece> {
    let (minutes, value) = entry.in_bucket(Bucket::Unbilled);
    let rate = entry.rate.as_ref().map_or(Decimal::ZERO, |rate| rate.hourly_rate);
    let plain = |minutes, amount| Piece { minutes, price: rate, amount, frozen: amount, by: None };
    if line.terms.monthly_hours.is_empty() || entry.rate.is_none() {
        return vec![plain(minutes, value)];
    }
    let (mut left, mut left_value) = (minutes, value);
    let mut found = Vec::new();
    for (at, step) in line.terms.monthly_hours.iter().enumerate() {
        let step_no = u32::try_from(at).unwrap_or(u32::MAX);
        let taken = *used_of(used, &line.id, entry.terms.date, step_no);
        let room =
            step.up_to_hours.map_or(left, |limit| (limit * Decimal::from(60) - taken).max(Decimal::ZERO).min(left));
        if room.is_zero() {
            continue;
        }
        let price = step.hourly_rate.unwrap_or(rate);
        let frozen = if room == left { left_value } else { event_amount(room, rate, ctx.entity.rounding) };
        let by = Some(PricedBy::HoursStep { step: step_no });
        let amount = event_amount(room, price, ctx.entity.rounding);
        found.push(Piece { minutes: room, price, amount, frozen, by });
        left -= room;
        left_value -= frozen;
    }
    if !left.is_zero() {
        found.push(plain(left, left_value));
    }
    found
}

/// Unbilled work up to that day, in the order caps are consumed.
fn candidates(account: &Account, as_of: Date) -> Vec<Candidate<'_>> {
    let hourly: BTreeSet<&str> = account
        .contract
        .lines
        .iter()
        .filter(|line| matches!(line.billing, BillingMethod::TimeAndMaterials { .. }))
        .map(|line| line.id.as_str())
        .collect();
    let time = account
        .entries
        .values()
        .filter(|entry| entry.terms.date <= as_of && hourly.contains(entry.terms.line.as_str()))
        .filter(|entry| !entry.in_bucket(Bucket::Unbilled).0.is_zero())
        .map(Candidate::Time);
    let expenses = account
        .expenses
        .values()
        .filter(|state| state.stage == ExpenseStage::Unbilled && state.expense.date <= as_of)
        .map(Candidate::Expense);
    let mut found: Vec<Candidate<'_>> = time.chain(expenses).collect();
    found.sort_by(|a, b| a.order().cmp(&b.order()));
    found
}

fn shares(account: &Account) -> Shares {
    let payers = &account.contract.agreement.payers;
    Shares {
        percents: payers.iter().map(|payer| payer.percent).collect(),
        remainder: payers.iter().position(|payer| payer.takes_remainder).unwrap_or_default(),
    }
}

/// The limits that apply: of lines, of payers, of the contract (rule NX1).
fn limits(account: &Account, ctx: &Context) -> Vec<Limit> {
    let agreement = &account.contract.agreement;
    let line_used = |id: &String| {
        let state = account.lines.get(id);
        match agreement.expenses_count {
            true => state.map(|state| state.used_with_expenses()),
            false => state.map(|state| state.used()),
        }
        .unwrap_or_default()
    };
    let of_lines = account.contract.lines.iter().filter_map(|line| match &line.billing {
        BillingMethod::TimeAndMaterials { cap: Some(cap), .. } => Some(Limit {
            level: format!("line {}", line.id),
            line: Some(line.id.clone()),
            payer: None,
            limit: cap.limit.amount,
            used: line_used(&line.id),
            mode: ctx.policy.cap_mode.unwrap_or(cap.mode),
        }),
        _ => None,
    });
    let wider = agreement.caps.iter().map(|cap| {
        let payer = cap.payer.as_ref().and_then(|code| agreement.payers.iter().position(|payer| payer.code == *code));
        let used = match &cap.payer {
            Some(code) => paid_by(account, code, cap.line.as_deref(), agreement.expenses_count),
            None => account.lines.keys().filter(|id| cap.line.as_ref().is_none_or(|of| of == *id)).map(line_used).sum(),
        };
        // What went beyond its own line's cap still counts against a limit over all lines.
        let used: Decimal = match &cap.line {
            Some(_) => used,
            None => used + beyond_caps(account, cap.payer.as_deref()),
        };
        let level = match (&cap.payer, &cap.line) {
            (Some(payer), Some(line)) => format!("line {line}, payer {payer}"),
            (Some(payer), None) => format!("payer {payer}"),
            (None, Some(line)) => format!("line {line}"),
            (None, None) => "contract".to_owned(),
        };
        Limit {
            level,
            line: cap.line.clone(),
            payer,
            limit: cap.limit.amount,
            used,
            mode: ctx.policy.cap_mode.unwrap_or(cap.mode),
        }
    });
    of_lines.chain(wider).collect()
}

/// Time billed beyond the cap of its line, at the rate agreed for that.
fn beyond_caps(account: &Account, payer: Option<&str>) -> Decimal {
    let counts = |event: &&BillingEvent| {
        let of_payer = payer.is_none() || event.payer.as_deref() == payer;
        of_payer && matches!(event.source, Source::Time { .. }) && !event.capped()
    };
    account.billing_events.values().filter(counts).filter(|event| stands(account, event)).map(|event| event.net).sum()
}

/// Whether a billing event counts: discarded documents have none, credits count once posted.
fn stands(account: &Account, event: &BillingEvent) -> bool {
    let stage = account.invoices.get(&event.invoice).map(|state| state.stage);
    event.reversal_of.is_none() || stage == Some(DocumentStage::Posted)
}

/// What counts of a payer's documents: all but discarded ones, less posted credits.
fn paid_by(account: &Account, payer: &str, line: Option<&str>, with_expenses: bool) -> Decimal {
    let counts = |event: &&BillingEvent| {
        let kind = event.capped() || (with_expenses && matches!(event.source, Source::Expense { .. }));
        kind && event.payer.as_deref() == Some(payer) && line.is_none_or(|line| event.contract_line == line)
    };
    account.billing_events.values().filter(counts).filter(|event| stands(account, event)).map(|event| event.net).sum()
}

fn group_of(entry: &Entry, line_position: usize, piece: &Piece, ctx: &Context) -> Group {
    let terms = &entry.terms;
    let who = match ctx.policy.group_by {
        GroupBy::Role => terms.role.clone().unwrap_or_default(),
        GroupBy::Person => terms.resource.clone(),
    };
    Group { line_position, month: (terms.date.year(), terms.date.month()), who, price: piece.price, by: piece.by }
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
    piece: &Piece,
    minutes: Decimal,
    verdict: &Verdict,
    line: &ContractLine,
    ctx: &Context,
) -> BillingEvent {
    let terms = &entry.terms;
    let cap = verdict.bound.as_ref().map(|bound| CapSplit {
        limit: bound.limit,
        available: bound.available,
        over: verdict.over,
    });
    BillingEvent {
        id: terms.entry.clone(), // its own once it has a document
        contract_line: line.id.clone(),
        source: Source::Time {
            entry: terms.entry.clone(),
            revision: terms.revision.clone(),
            role: terms.role.clone(),
            date: terms.date,
        },
        policy_version: ctx.policy.version,
        rate: entry.rate.clone(),
        minutes,
        unit_price: piece.price,
        amount: verdict.billable,
        net: Decimal::ZERO,
        tax: line.tax.clone(),
        service: Period { from: terms.date, to: terms.date },
        cap,
        invoice: terms.entry.clone(),
        line: String::new(),
        reversal_of: None,
        repriced: piece.by.map(|by| Repriced { by, replaces: frozen_share(piece, minutes) }),
        payer: None,
        goodwill: false,
        steps: time_steps(entry, piece, verdict),
    }
}

fn time_steps(entry: &Entry, piece: &Piece, verdict: &Verdict) -> Vec<String> {
    let terms = &entry.terms;
    let mut steps = Vec::with_capacity(4);
    if terms.worked_minutes != terms.billed_minutes {
        steps.push(format!("{} min worked, {} min after the increment", terms.worked_minutes, terms.billed_minutes));
    }
    match piece.by {
        None => {}
        Some(PricedBy::HoursStep { step }) => steps.push(format!("step {} of the month's hours", step + 1)),
        Some(PricedBy::BeyondCap) => {
            steps.push(format!("beyond the cap of line {}, at the rate agreed for it", terms.line))
        }
        Some(PricedBy::OtherLine) => steps.push(format!("beyond the cap of line {}, billed on this one", terms.line)),
    }
    steps.push(format!("{} min at {}/h = {}", piece.minutes.normalize(), piece.price, piece.amount.normalize()));
    if let Some(bound) = verdict.bound.as_ref().filter(|_| !verdict.over.is_zero()) {
        steps.push(format!(
            "{} left of {} ({}): {} billed, {} over",
            bound.available, bound.limit, bound.level, verdict.billable, verdict.over
        ));
    }
    steps
}

pub(super) fn time_lines(
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
    let how = match group.by {
        Some(PricedBy::HoursStep { .. }) if group.price.is_zero() => ", included hours",
        Some(PricedBy::HoursStep { .. }) | None if !group.price.is_zero() => "",
        Some(PricedBy::BeyondCap | PricedBy::OtherLine) => ", beyond the cap",
        _ => ", complimentary",
    };
    match service.from == service.to {
        true => format!("{line}{who}{how}, {}", service.from),
        false => format!("{line}{who}{how}, {} to {}", service.from, service.to),
    }
}
