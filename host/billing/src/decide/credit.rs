//! Credit notes: what was billed and must be taken back, at its original rate and tax (CO1 to CO4).

use std::collections::{BTreeMap, BTreeSet};

use quoin_canonical::{Date, Decimal, Id, InvoiceLine, InvoiceType, Period};

use super::{Draft, approval, documents, linked_id, time};
use crate::account::{Account, DocumentStage, Entry, InvoiceState, Portion};
use crate::document::{Cover, DraftLine, billing_event_id, build, document_id};
use crate::event::{AccountEvent, BillingEvent, CreditDrafted, CreditedAtZero, Returned, Source};
use crate::policy::{Context, Deed, Refusal};
use crate::rounding::{EVENT_PLACES, event_amount, quantity_for};

/// A credit of money on one line, without a change of its time: an allowance, or part of a
/// milestone (rule FM8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditLine {
    /// The caller's key: the same key credits once.
    pub key: String,
    /// The document.
    pub invoice: Id,
    /// Its line.
    pub line: String,
    /// Net to credit, positive.
    pub net: Decimal,
    /// Why, as printed in the explanation.
    pub reason: String,
}

/// Drafts the credit notes that take `minutes` of an entry back, the last billed first: one per
/// document it is on.
pub(super) fn credit_time(
    account: &Account,
    entry: &Id,
    minutes: Decimal,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let Some(state) = account.entries.get(entry) else { return Ok(Vec::new()) };
    let mut left = minutes;
    let mut taken: BTreeMap<Id, Vec<BillingEvent>> = BTreeMap::new();
    for batch in batches(account, state) {
        let cut = left.min(batch.iter().map(|(portion, _)| portion.minutes).sum());
        left -= cut;
        for ((portion, original), cut) in batch.iter().zip(cuts(&batch, cut, ctx)) {
            if cut.is_zero() {
                continue;
            }
            // In proportion: what an allowance or a retainer's multiplier made of the amount stays in it.
            let amount = match cut == portion.minutes {
                true => portion.amount,
                false => ctx.entity.rounding.round(portion.amount * cut / portion.minutes, EVENT_PLACES),
            };
            taken.entry(original.invoice.clone()).or_default().push(reversal(original, cut, amount, reason, ctx));
        }
    }
    let mut steps = Draft::new(account);
    for (invoice, reversals) in taken {
        let credit = draft_credit(steps.account(), &invoice, reversals, Vec::new(), reason, ctx)?;
        steps.extend(credit.into_iter().collect());
    }
    Ok(steps.events)
}

/// The billed portions of an entry, the last billed first; those that several payers share stay
/// together.
fn batches<'a>(account: &'a Account, entry: &'a Entry) -> Vec<Vec<(&'a Portion, &'a BillingEvent)>> {
    let mut batches: Vec<Vec<(&Portion, &BillingEvent)>> = Vec::new();
    let together = |a: &BillingEvent, b: &BillingEvent| {
        let set = |event: &BillingEvent| account.invoices.get(&event.invoice).and_then(|state| state.set.clone());
        set(a).is_some() && set(a) == set(b) && a.repriced.as_ref().map(|r| r.by) == b.repriced.as_ref().map(|r| r.by)
    };
    for portion in entry.portions.iter().rev().filter(|portion| portion.bucket.invoiced()) {
        let Some(event) = portion.event.as_ref().and_then(|id| account.billing_events.get(id)) else { continue };
        match batches.last_mut().filter(|batch| batch.iter().any(|(_, known)| together(known, event))) {
            Some(batch) => batch.push((portion, event)),
            None => batches.push(vec![(portion, event)]),
        }
    }
    batches
}

/// Minutes to take out of each portion of a batch, in proportion; they total `cut`.
fn cuts(batch: &[(&Portion, &BillingEvent)], cut: Decimal, ctx: &Context) -> Vec<Decimal> {
    let whole: Decimal = batch.iter().map(|(portion, _)| portion.minutes).sum();
    if whole.is_zero() {
        return vec![Decimal::ZERO; batch.len()];
    }
    let part = |portion: &Portion| ctx.entity.rounding.round(cut * portion.minutes / whole, EVENT_PLACES);
    let mut cuts: Vec<Decimal> = batch.iter().map(|(portion, _)| part(portion).min(portion.minutes)).collect();
    let mut left = cut - cuts.iter().sum::<Decimal>();
    for (taken, (portion, _)) in cuts.iter_mut().zip(batch) {
        let more = left.clamp(Decimal::ZERO - *taken, portion.minutes - *taken);
        *taken += more;
        left -= more;
    }
    cuts
}

/// Drafts credit notes over the whole of every document an entry is on.
pub(super) fn credit_documents_of(
    account: &Account,
    entry: &Entry,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let events = entry.portions.iter().filter_map(|portion| account.billing_events.get(portion.event.as_ref()?));
    let documents: BTreeSet<Id> = events.map(|event| event.invoice.clone()).collect();
    let mut steps = Draft::new(account);
    for document in documents {
        let credit = credit_document(steps.account(), &document, reason, ctx)?;
        steps.extend(credit);
    }
    Ok(steps.events)
}

/// Credits all that is left of a posted document; its time, milestones and expenses wait for a run
/// again (rule CO6: for ERPs that can't credit part of a line).
///
/// # Errors
/// `INVOICE_UNKNOWN`; `INVOICE_NOT_POSTED`; `RETAINER_PREPAID` for a retainer's fee, which is
/// given back by ending the retainer.
pub fn credit_document(
    account: &Account,
    invoice: &Id,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let state = documents::find(account, invoice)?;
    if !state.advances.is_empty() {
        let message = "the document bills a retainer in advance; end the retainer instead";
        return Err(Refusal::new("RETAINER_PREPAID", message).field("/invoice").owner(&ctx.policy.owners.finance));
    }
    let mut steps = Draft::new(account);
    for document in account.set_of(invoice) {
        let credit = credit_whole(steps.account(), document, reason, ctx)?;
        steps.extend(credit.into_iter().collect());
    }
    Ok(steps.events)
}

/// Credits all that is left of one document.
fn credit_whole(account: &Account, invoice: &Id, reason: &str, ctx: &Context) -> Result<Option<AccountEvent>, Refusal> {
    let (mut reversals, mut returned) = (Vec::new(), Vec::new());
    for event in
        account.billing_events.values().filter(|event| event.invoice == *invoice && event.reversal_of.is_none())
    {
        let (minutes, amount) = left_of(account, event);
        if minutes.is_zero() && amount.is_zero() {
            continue;
        }
        reversals.push(reversal(event, minutes, amount, reason, ctx));
        let (source, amount) = match &event.source {
            Source::Time { entry, .. } => {
                (entry, event_amount(minutes, frozen_rate(account, entry, event), ctx.entity.rounding))
            }
            Source::Milestone { milestone, .. } => (milestone, amount),
            Source::Expense { expense, .. } => (expense, amount),
            // Progress is billed again by itself: the run bills what is earned and not billed.
            Source::Retainer { .. } | Source::Progress { .. } | Source::Advance { .. } => continue,
        };
        returned.push(Returned { source: source.clone(), minutes, amount });
    }
    if reversals.is_empty() {
        return Ok(None);
    }
    draft_credit(account, invoice, reversals, returned, reason, ctx)
}

/// The entry's own rate, where the event was billed at another one.
fn frozen_rate(account: &Account, entry: &Id, event: &BillingEvent) -> Decimal {
    let own = || account.entries.get(entry)?.rate.as_ref().map(|rate| rate.hourly_rate);
    event.repriced.as_ref().and_then(|_| own()).unwrap_or(event.unit_price)
}

/// Credits all that is left of one billing event, for good.
pub(super) fn credit_event(
    account: &Account,
    event: &Id,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let Some(original) = account.billing_events.get(event) else { return Ok(Vec::new()) };
    let (minutes, amount) = left_of(account, original);
    credit_part(account, event, minutes, amount, reason, ctx)
}

/// Credits part of one billing event, for good.
pub(super) fn credit_part(
    account: &Account,
    event: &Id,
    minutes: Decimal,
    amount: Decimal,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let Some(original) = account.billing_events.get(event) else { return Ok(Vec::new()) };
    if amount.is_zero() && minutes.is_zero() {
        return Ok(Vec::new());
    }
    let taken = reversal(original, minutes, amount, reason, ctx);
    Ok(draft_credit(account, &original.invoice, vec![taken], Vec::new(), reason, ctx)?.into_iter().collect())
}

/// Credits amounts of several billing events, for good: one credit note per document.
pub(super) fn credit_parts(
    account: &Account,
    parts: Vec<(Id, Decimal)>,
    reason: &str,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let mut taken: BTreeMap<Id, Vec<BillingEvent>> = BTreeMap::new();
    for (event, amount) in parts {
        let Some(original) = account.billing_events.get(&event) else { continue };
        let reversal = reversal(original, Decimal::ZERO, amount, reason, ctx);
        taken.entry(original.invoice.clone()).or_default().push(reversal);
    }
    let mut steps = Draft::new(account);
    for (invoice, reversals) in taken {
        let credit = draft_credit(steps.account(), &invoice, reversals, Vec::new(), reason, ctx)?;
        steps.extend(credit.into_iter().collect());
    }
    Ok(steps.events)
}

/// Minutes and exact amount of a billing event, less what was taken back from it.
pub(super) fn left_of(account: &Account, event: &BillingEvent) -> (Decimal, Decimal) {
    let taken = || account.billing_events.values().filter(|other| other.reversal_of.as_ref() == Some(&event.id));
    let minutes = event.minutes + taken().map(|other| other.minutes).sum::<Decimal>();
    (minutes, event.amount + taken().map(|other| other.amount).sum::<Decimal>())
}

/// The billing event that takes part of another back.
fn reversal(original: &BillingEvent, minutes: Decimal, amount: Decimal, reason: &str, ctx: &Context) -> BillingEvent {
    BillingEvent {
        // Subtracted, not negated: a decimal's zero has a sign, and it would not survive the log.
        minutes: Decimal::ZERO - minutes,
        amount: Decimal::ZERO - amount,
        net: Decimal::ZERO,
        cap: None,
        policy_version: ctx.policy.version,
        reversal_of: Some(original.id.clone()),
        steps: vec![format!(
            "{reason}: takes {} min at {}/h = {} back from line {}",
            minutes.normalize(),
            original.unit_price,
            amount.normalize(),
            original.line
        )],
        ..original.clone()
    }
}

/// One credit note against one document. A line's credit is what its rounded net falls by, so that
/// any number of credits never totals more than the line (rule CO3), and all of them exactly it.
fn draft_credit(
    account: &Account,
    invoice: &Id,
    reversals: Vec<BillingEvent>,
    returned: Vec<Returned>,
    reason: &str,
    ctx: &Context,
) -> Result<Option<AccountEvent>, Refusal> {
    let state = documents::find(account, invoice)?;
    let number = state.invoice.number.clone().filter(|_| state.stage == DocumentStage::Posted).ok_or_else(|| {
        Refusal::new("INVOICE_NOT_POSTED", "only a posted document can be credited")
            .field("/invoice")
            .owner(&ctx.policy.owners.finance)
    })?;
    let document = document_id(account, account.documents);
    let mut by_line: BTreeMap<String, Vec<BillingEvent>> = BTreeMap::new();
    for event in reversals {
        by_line.entry(event.line.clone()).or_default().push(event);
    }
    let mut lines = Vec::new();
    for (line_id, events) in by_line {
        let Some(line) = state.invoice.lines.iter().find(|line| line.id == line_id) else { continue };
        lines.push(credit_draft_line(account, state, line, events, ctx)?);
    }
    if lines.iter().all(|line| line.net.is_zero()) {
        return Ok(at_zero(account, invoice, lines, returned));
    }
    let cover = Cover {
        kind: InvoiceType::CreditNote,
        issued_on: ctx.posting_date(ctx.today()?),
        preceding: Some(number),
        buyer: Some((state.invoice.buyer.clone(), state.invoice.customer.clone())),
    };
    let (credit, billing_events) = build(account, ctx, &document, cover, lines)?;
    let approval = approval::needed(Deed::Credit, [credit.totals.net], ctx);
    let (corrects, reason) = (invoice.clone(), reason.to_owned());
    let drafted = CreditDrafted { credit, corrects, billing_events, reason, returned, approval };
    Ok(Some(AccountEvent::CreditDrafted(Box::new(drafted))))
}

/// Minutes that were billed at nothing are taken back without a document: a credit note of 0.00
/// says nothing to the buyer, and ERPs refuse it.
fn at_zero(account: &Account, invoice: &Id, lines: Vec<DraftLine>, returned: Vec<Returned>) -> Option<AccountEvent> {
    let taken: Vec<BillingEvent> = lines
        .into_iter()
        .flat_map(|line| line.events)
        .filter(|event| !event.minutes.is_zero())
        .map(|event| {
            let before = account.billing_events.values().filter(|other| other.reversal_of == event.reversal_of).count();
            let original = event.reversal_of.as_ref().map(ToString::to_string).unwrap_or_default();
            BillingEvent { id: billing_event_id(invoice, &format!("at zero/{original}/{before}")), ..event }
        })
        .collect();
    (!taken.is_empty()).then(|| {
        AccountEvent::CreditedAtZero(Box::new(CreditedAtZero {
            corrects: invoice.clone(),
            billing_events: taken,
            returned,
        }))
    })
}

fn credit_draft_line(
    account: &Account,
    state: &InvoiceState,
    line: &InvoiceLine,
    events: Vec<BillingEvent>,
    ctx: &Context,
) -> Result<DraftLine, Refusal> {
    let (currency, rounding) = (state.invoice.currency, ctx.entity.rounding);
    let credited = state.credited_lines.get(&line.id).copied().unwrap_or_default();
    let remaining: Decimal = exact_of(account, line) + events.iter().map(|event| event.amount).sum::<Decimal>();
    // A payer who took a remainder can stand a unit below the exact sum: a credit is never negative.
    let net = (line.net.amount - credited - rounding.round(remaining, currency.minor_units())).max(Decimal::ZERO);
    if net > line.net.amount - credited || remaining < Decimal::ZERO {
        let message = format!("line {} is {}, {credited} credited; {net} more is too much", line.id, line.net.amount);
        return Err(Refusal::new("CREDIT_OVER_LINE", message)
            .field(format!("/lines/{}", line.id))
            .owner(&ctx.policy.owners.finance));
    }
    let minutes = Decimal::ZERO - events.iter().map(|event| event.minutes).sum::<Decimal>();
    let prepaid =
        events.iter().any(|event| matches!(event.source, Source::Retainer { .. })) && !line.unit_price.is_zero();
    let exact = if prepaid { net / line.unit_price } else { crate::rounding::hours(minutes) };
    let by_quantity = prepaid || !minutes.is_zero();
    let (quantity, unit_price) =
        match quantity_for(net, line.unit_price, exact, currency, rounding).filter(|_| by_quantity) {
            Some(quantity) => (quantity, line.unit_price),
            None => (Decimal::ONE, net),
        };
    Ok(DraftLine {
        contract_line: line.contract_line.clone(),
        description: format!("Credit: {}", line.description),
        quantity,
        unit: line.quantity.unit,
        unit_price,
        net,
        tax: line.tax.clone(),
        service: service(&events),
        events,
    })
}

/// Exact sum of a line: its billing events less what was taken back from them.
fn exact_of(account: &Account, line: &InvoiceLine) -> Decimal {
    let of = |event: &&BillingEvent| {
        let id = event.reversal_of.as_ref().unwrap_or(&event.id);
        line.billing_events.iter().any(|known| known == id.as_str())
    };
    account.billing_events.values().filter(of).map(|event| event.amount).sum()
}

fn service(events: &[BillingEvent]) -> Period {
    let from: Date = events.iter().map(|event| event.service.from).min().unwrap_or_default();
    let to: Date = events.iter().map(|event| event.service.to).max().unwrap_or_default();
    Period { from, to }
}

/// Drafts the credit that was proposed for deleted time, by a person's decision.
///
/// # Errors
/// `NO_PROPOSAL` when none is waiting for that entry.
pub fn approve_credit(account: &Account, entry: &Id, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let state = account.entries.get(entry);
    let Some((state, proposed)) = state.and_then(|state| Some((state, state.proposed.as_deref()?))) else {
        return Err(
            Refusal::new("NO_PROPOSAL", format!("no credit is proposed for time entry {entry}")).field("/entry")
        );
    };
    let task = linked_id(&proposed.task, "/task")?;
    time::correct(account, state, task, proposed, false, ctx)
}

/// Credits money on one line of a posted document.
///
/// # Errors
/// `INVOICE_UNKNOWN`; `LINE_UNKNOWN`; `CREDIT_OVER_LINE` (rule CO3); `INVOICE_NOT_POSTED`.
pub fn credit_line(account: &Account, wanted: &CreditLine, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let state = documents::find(account, &wanted.invoice)?;
    let line = state.invoice.lines.iter().find(|line| line.id == wanted.line).ok_or_else(|| {
        Refusal::new("LINE_UNKNOWN", format!("the document has no line {}", wanted.line)).field("/line")
    })?;
    let mark = format!("{} [{}]", wanted.reason, wanted.key);
    let done = account.billing_events.values().any(|event| {
        event.reversal_of.as_ref().is_some_and(|id| line.billing_events.iter().any(|known| known == id.as_str()))
            && event.steps.first().is_some_and(|step| step.starts_with(&mark))
    });
    if done || wanted.net.is_zero() {
        return Ok(Vec::new());
    }
    let credited = state.credited_lines.get(&line.id).copied().unwrap_or_default();
    if wanted.net < Decimal::ZERO || credited + wanted.net > line.net.amount {
        let message =
            format!("line {} is {}, {credited} credited; {} more is too much", line.id, line.net.amount, wanted.net);
        return Err(Refusal::new("CREDIT_OVER_LINE", message).field("/net").owner(&ctx.policy.owners.finance));
    }
    let events = spread(account, line, wanted.net, &mark, ctx);
    let credit = draft_credit(account, &wanted.invoice, events, Vec::new(), &wanted.reason, ctx)?;
    Ok(credit.into_iter().collect())
}

/// Spreads an amount over what is left of a line's billing events, in proportion; the last takes
/// the remainder, and none more than is left of it.
fn spread(account: &Account, line: &InvoiceLine, net: Decimal, mark: &str, ctx: &Context) -> Vec<BillingEvent> {
    let originals = line.billing_events.iter().filter_map(|id| account.billing_events.get(&Id::parse(id)?));
    let left: Vec<(&BillingEvent, Decimal)> =
        originals.map(|event| (event, left_of(account, event).1)).filter(|(_, left)| *left > Decimal::ZERO).collect();
    let whole: Decimal = left.iter().map(|(_, left)| *left).sum();
    let total = net.min(whole); // a line rounded up prints up to half a cent more than its events hold
    let mut given = Decimal::ZERO;
    let mut events = Vec::with_capacity(left.len());
    for (at, (original, remains)) in left.iter().enumerate() {
        let last = at + 1 == left.len();
        let share = match (total == whole, last) {
            (true, _) => *remains,
            (false, true) => total - given,
            (false, false) => ctx.entity.rounding.round(total * remains / whole, EVENT_PLACES),
        };
        let share = share.min(*remains);
        given += share;
        let mut event = reversal(original, Decimal::ZERO, share, mark, ctx);
        event.goodwill = true;
        if let Source::Time { revision, .. } = &mut event.source {
            *revision = None; // money comes back, not a revision of the time
        }
        events.push(event);
    }
    events
}
