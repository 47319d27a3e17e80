//! Time coming in: approved, changed, withdrawn (rules RD2, RT5, TM1, CO4, CO5).

use quoin_canonical::{BillingMethod, BillingType, Decimal, Id, InvoiceType, Money, TimeEntry, TimeStatus};

use super::{Draft, canonical_id, check_entity, credit, documents, linked_id, retainer, run};
use crate::account::{Account, Bucket, DocumentStage, Entry, EntryTerms, ExpenseStage, Portion};
use crate::approval::Approver;
use crate::event::{
    AccountEvent, CreditProposed, EntryRefused, OverCapReleased, TimeRecorded, TimeReversed, WrittenOff,
};
use crate::policy::{Context, CreditMode, Deed, DeletedAfterBilling, Refusal};
use crate::rates::{Pricing, RateQuery, RateRow, Resolved, resolve_with};
use crate::rounding::{billed_minutes, event_amount};

/// Takes in an entry of time as its source holds it now; its task is resolved to a canonical id.
///
/// Only approved time counts. What can't be valued is recorded as refused, with reason and owner,
/// so that no hour vanishes. A change of billed time drafts a credit note at the original rate and
/// tax; while its document is out but not posted, the change waits for the posting; while it is a
/// mere draft, the draft is discarded and made anew.
///
/// # Errors
/// `ID_MISSING`, `LINK_UNRESOLVED`, `ENTITY_MISMATCH`: the caller's to mend, nothing is recorded.
pub fn record_time(account: &Account, time: &TimeEntry, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    check_entity(account, ctx)?;
    let id = canonical_id(&time.header, "time entry")?;
    let task = linked_id(&time.task, "/task")?;
    let entry = account.entries.get(id);
    if entry.is_some_and(|entry| stale(entry, time)) {
        return Ok(Vec::new());
    }
    let approved = time.status == TimeStatus::Approved;
    match entry {
        None if !approved => Ok(Vec::new()),
        None => Ok(vec![value(account, id, task, time, ctx)]),
        Some(entry) => change(account, entry, task, time, approved, ctx),
    }
}

/// A repeat of a revision that a newer one has replaced already.
fn stale(entry: &Entry, time: &TimeEntry) -> bool {
    time.header
        .version
        .as_ref()
        .is_some_and(|version| entry.revisions.contains(version) && entry.terms.revision.as_ref() != Some(version))
}

fn change(
    account: &Account,
    entry: &Entry,
    task: &Id,
    time: &TimeEntry,
    approved: bool,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let waiting = entry.pending.as_deref().or(entry.proposed.as_deref());
    if entry.refusal.is_some() && approved && entry.invoiced_minutes().is_zero() {
        let event = value(account, &entry.terms.entry, task, time, ctx);
        return Ok(if refused_again(entry, &event) { Vec::new() } else { vec![event] });
    }
    if waiting == Some(time)
        || (waiting.is_none() && entry.refusal.is_none() && unchanged(entry, task, time, approved, ctx))
    {
        return Ok(Vec::new());
    }
    if waiting.is_some() && unchanged(entry, task, time, approved, ctx) {
        // The change that waited was taken back at the source: record the entry as it stands.
        return Ok(vec![restated(entry, time, ctx)]);
    }
    settle(account, entry, task, time, approved, ctx)
}

/// Whether a refused entry would be refused for the same reason once more.
fn refused_again(entry: &Entry, event: &AccountEvent) -> bool {
    let AccountEvent::EntryRefused(refused) = event else { return false };
    entry.refusal.as_ref() == Some(&refused.refusal.code) && entry.terms == refused.terms
}

/// Makes a change that waited for a posting, now that there was one.
pub(super) fn resume(account: &Account, time: &TimeEntry, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let id = canonical_id(&time.header, "time entry")?;
    let task = linked_id(&time.task, "/task")?;
    let Some(entry) = account.entries.get(id) else { return Ok(Vec::new()) };
    settle(account, entry, task, time, time.status == TimeStatus::Approved, ctx)
}

/// Brings an entry to the state its source has now, in the way its documents allow.
fn settle(
    account: &Account,
    entry: &Entry,
    task: &Id,
    time: &TimeEntry,
    approved: bool,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let holders = documents_of(account, entry);
    if let Some((draft, as_of)) =
        holders.iter().find(|(_, stage, _)| *stage == DocumentStage::Draft).map(|(id, _, day)| (id, day))
    {
        let mut steps = Draft::new(account);
        steps.extend(documents::discard(account, draft, ctx)?);
        let again = record_time(steps.account(), time, ctx)?;
        steps.extend(again);
        let anew = run(steps.account(), *as_of, ctx)?;
        steps.extend(anew);
        return Ok(steps.events);
    }
    if holders.iter().any(|(_, stage, _)| *stage == DocumentStage::Released) {
        let known = entry.pending.as_deref() == Some(time);
        return Ok(if known { Vec::new() } else { vec![AccountEvent::CorrectionPending(Box::new(time.clone()))] });
    }
    let deleted = time.status == TimeStatus::Deleted && !holders.is_empty();
    if deleted && ctx.policy.deleted_after_billing == DeletedAfterBilling::Propose {
        return Ok(vec![proposal(account, entry, time, ctx)]);
    }
    correct(account, entry, task, time, approved, ctx)
}

/// Brings an entry that is on no unposted document to the state its source has now.
pub(super) fn correct(
    account: &Account,
    entry: &Entry,
    task: &Id,
    time: &TimeEntry,
    approved: bool,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let id = &entry.terms.entry;
    let mut steps = Draft::new(account);
    let invoiced = entry.invoiced_minutes();
    let keeps_rate =
        approved && same_work(entry, task, time) && entry.refusal.is_none() && entry.terms.billed_minutes > 0;
    let minutes = billed_minutes(time.minutes, ctx.policy.increment);
    let keep = if keeps_rate { Decimal::from(minutes) } else { Decimal::ZERO };
    if invoiced > keep {
        let reason = if approved { "time_corrected" } else { "time_withdrawn" };
        let full = ctx.policy.credit_mode == CreditMode::FullAndRebill && !on_retainer(account, &entry.terms.line);
        let credits = match full {
            true => credit::credit_documents_of(steps.account(), entry, reason, ctx)?,
            false => credit::credit_time(steps.account(), id, invoiced - keep, reason, ctx)?,
        };
        steps.extend(credits);
    }
    if !approved {
        steps.push(AccountEvent::TimeReversed(TimeReversed {
            entry: id.clone(),
            revision: time.header.version.clone(),
            minutes: Decimal::from(entry.terms.billed_minutes),
            reason: withdrawal(time.status).into(),
        }));
    } else if keeps_rate {
        let event = resized(steps.account(), id, time, minutes, ctx);
        steps.extend(event.into_iter().collect());
    } else {
        steps.push(value(account, id, task, time, ctx));
    }
    if on_retainer(account, &entry.terms.line)
        && let Some(event) = retainer::hours_back(account, entry, steps.account().entries.get(id), ctx)
    {
        steps.push(event);
    }
    Ok(steps.events)
}

/// A retainer's documents bill the fee in advance too: they are never credited as a whole.
fn on_retainer(account: &Account, line: &str) -> bool {
    account.line(line).is_some_and(|line| matches!(line.billing, BillingMethod::Retainer(_)))
}

fn withdrawal(status: TimeStatus) -> &'static str {
    match status {
        TimeStatus::Deleted => "deleted",
        TimeStatus::Rejected => "rejected",
        TimeStatus::Draft | TimeStatus::Submitted | TimeStatus::Approved => "recalled",
    }
}

/// The same work at another length keeps its frozen rate (rule RT5).
fn same_work(entry: &Entry, task: &Id, time: &TimeEntry) -> bool {
    let terms = &entry.terms;
    terms.task == *task
        && terms.resource == time.resource
        && terms.date == time.date
        && terms.billing_type == time.billing_type
}

fn unchanged(entry: &Entry, task: &Id, time: &TimeEntry, approved: bool, _ctx: &Context) -> bool {
    if !approved {
        return entry.terms.worked_minutes == 0 && entry.portions.is_empty();
    }
    same_work(entry, task, time) && entry.terms.worked_minutes == time.minutes
}

/// The documents an entry is on, in order, with their stage and day.
fn documents_of(account: &Account, entry: &Entry) -> Vec<(Id, DocumentStage, quoin_canonical::Date)> {
    let events = entry.portions.iter().filter_map(|portion| account.billing_events.get(portion.event.as_ref()?));
    events
        .filter_map(|event| account.invoices.get_key_value(&event.invoice))
        .filter(|(_, state)| state.invoice.kind != InvoiceType::CreditNote)
        .map(|(id, state)| (id.clone(), state.stage, state.as_of))
        .collect()
}

fn proposal(account: &Account, entry: &Entry, time: &TimeEntry, ctx: &Context) -> AccountEvent {
    let net: Decimal = entry.portions.iter().map(|portion| portion.net).sum();
    AccountEvent::CreditProposed(Box::new(CreditProposed {
        time: time.clone(),
        invoices: documents_of(account, entry).into_iter().map(|(id, ..)| id).collect(),
        net: quoin_canonical::Money::new(net, account.contract.currency),
        owner: ctx.policy.owners.finance.clone(),
        reason: format!(
            "the time of {} on {} was deleted at its source after it was billed",
            entry.terms.resource, entry.terms.date
        ),
    }))
}

/// The facts of new or changed time.
fn terms_of(account: &Account, id: &Id, task: &Id, time: &TimeEntry, ctx: &Context) -> EntryTerms {
    let task_terms = account.tasks.get(task);
    let line = task_terms.map(|task| task.line.clone()).unwrap_or_default();
    EntryTerms {
        entry: id.clone(),
        revision: time.header.version.clone(),
        task: task.clone(),
        role: role_of(account, task, &line, &time.resource),
        line,
        resource: time.resource.clone(),
        date: time.date,
        worked_minutes: time.minutes,
        billed_minutes: billed_minutes(time.minutes, ctx.policy.increment),
        billing_type: time.billing_type,
        approved_by: time.approved_by.clone(),
        approved_at: time.approved_at,
        origin: time.header.origin("").cloned(),
    }
}

/// Values an entry that has nothing on documents: recorded with a rate, or refused with a reason.
fn value(account: &Account, id: &Id, task: &Id, time: &TimeEntry, ctx: &Context) -> AccountEvent {
    let terms = terms_of(account, id, task, time, ctx);
    let refused = |refusal: Refusal| {
        AccountEvent::EntryRefused(Box::new(EntryRefused { terms: terms.clone(), refusal, time: time.clone() }))
    };
    let (Some(task_terms), Some(line)) = (account.tasks.get(task), account.line(&terms.line)) else {
        let message = format!("task {task} belongs to no line of contract {}", account.contract.number);
        return refused(Refusal::new("TASK_UNKNOWN", message).field("/task").owner(&ctx.policy.owners.finance));
    };
    let free =
        (task_terms.billing_type == BillingType::NonChargeable) || (time.billing_type == BillingType::NonChargeable);
    let complimentary =
        task_terms.billing_type == BillingType::Complimentary || time.billing_type == BillingType::Complimentary;
    let bucket = match (&line.billing, free) {
        (_, true) => Bucket::NonBillable,
        (BillingMethod::FixedFee { .. }, _) => Bucket::FixedFee,
        _ => Bucket::Unbilled,
    };
    let priced =
        bucket == Bucket::Unbilled && matches!(line.billing, BillingMethod::TimeAndMaterials { .. }) && !complimentary;
    let rate = match priced.then(|| find_rate(account, &account.rates, &terms, ctx)).transpose() {
        Ok(rate) => rate,
        Err(refusal) => return refused(refusal),
    };
    let minutes = Decimal::from(terms.billed_minutes);
    let amount =
        rate.as_ref().map_or(Decimal::ZERO, |rate| event_amount(minutes, rate.hourly_rate, ctx.entity.rounding));
    recorded(terms, rate, vec![portion(bucket, minutes, amount)], ctx)
}

fn portion(bucket: Bucket, minutes: Decimal, amount: Decimal) -> Portion {
    Portion { bucket, minutes, amount, net: Decimal::ZERO, event: None }
}

fn recorded(terms: EntryTerms, rate: Option<Resolved>, portions: Vec<Portion>, ctx: &Context) -> AccountEvent {
    let late = ctx.entity.closed_through.is_some_and(|closed| terms.date <= closed);
    let portions = portions.into_iter().filter(|portion| !portion.minutes.is_zero()).collect();
    AccountEvent::TimeRecorded(Box::new(TimeRecorded {
        terms,
        rate,
        portions,
        late,
        policy_version: ctx.policy.version,
    }))
}

/// The same work, now `minutes` long. What is on documents fits by now; the free rest changes:
/// time beyond a cap goes first, then what waits for a run.
fn resized(account: &Account, id: &Id, time: &TimeEntry, minutes: u32, ctx: &Context) -> Option<AccountEvent> {
    let entry = account.entries.get(id)?;
    let terms = EntryTerms {
        revision: time.header.version.clone(),
        worked_minutes: time.minutes,
        billed_minutes: minutes,
        approved_by: time.approved_by.clone(),
        approved_at: time.approved_at,
        ..entry.terms.clone()
    };
    let hourly = entry.rate.as_ref().map_or(Decimal::ZERO, |rate| rate.hourly_rate);
    let worth = |minutes: Decimal| event_amount(minutes, hourly, ctx.entity.rounding);
    let mut free: Vec<Portion> = entry.portions.iter().filter(|portion| !portion.bucket.invoiced()).cloned().collect();
    free.sort_by_key(|portion| portion.bucket != Bucket::OverCap);
    let held: Decimal = free.iter().map(|portion| portion.minutes).sum();
    let mut change = Decimal::from(minutes) - entry.invoiced_minutes() - held;
    for portion in &mut free {
        if change < Decimal::ZERO {
            let cut = portion.minutes.min(-change);
            portion.minutes -= cut;
            portion.amount = worth(portion.minutes);
            change += cut;
        }
    }
    if change > Decimal::ZERO {
        let bucket = free
            .iter()
            .map(|portion| portion.bucket)
            .find(|bucket| *bucket != Bucket::OverCap)
            .unwrap_or(Bucket::Unbilled);
        free.push(portion(bucket, change, if bucket == Bucket::Unbilled { worth(change) } else { Decimal::ZERO }));
    }
    Some(recorded(terms, entry.rate.clone(), free, ctx))
}

/// The entry as it stands, recorded again under the source's present revision.
fn restated(entry: &Entry, time: &TimeEntry, ctx: &Context) -> AccountEvent {
    let terms = EntryTerms { revision: time.header.version.clone(), ..entry.terms.clone() };
    let free = entry.portions.iter().filter(|portion| !portion.bucket.invoiced()).cloned().collect();
    recorded(terms, entry.rate.clone(), free, ctx)
}

/// An entry with nothing on documents any more, at another rate: all its minutes wait for a run.
pub(super) fn revalued(entry: &Entry, rate: Resolved, ctx: &Context) -> AccountEvent {
    let minutes = Decimal::from(entry.terms.billed_minutes);
    let amount = event_amount(minutes, rate.hourly_rate, ctx.entity.rounding);
    recorded(entry.terms.clone(), Some(rate), vec![portion(Bucket::Unbilled, minutes, amount)], ctx)
}

/// The role somebody works in: by assignment to the task, else as the contract line proposes, else
/// by the only role they have on the project.
fn role_of(account: &Account, task: &Id, line: &str, resource: &str) -> Option<String> {
    let mine = || account.assignments.values().filter(|assignment| assignment.resource.eq_ignore_ascii_case(resource));
    let on_task = mine().find(|assignment| assignment.task.as_ref().and_then(|link| link.id()) == Some(task));
    if let Some(assignment) = on_task {
        return Some(assignment.role.clone());
    }
    if let Some(BillingMethod::TimeAndMaterials { roles, .. }) = account.line(line).map(|line| &line.billing) {
        let proposed = |role: &&quoin_canonical::RoleRate| {
            role.resource.as_deref().is_some_and(|person| person.eq_ignore_ascii_case(resource))
        };
        if let Some(role) = roles.iter().find(proposed) {
            return Some(role.role.clone());
        }
    }
    let mut roles: Vec<&String> = mine().map(|assignment| &assignment.role).collect();
    roles.sort();
    roles.dedup();
    match roles.as_slice() {
        [only] => Some((*only).clone()),
        _ => None,
    }
}

/// The rate of some work by these rows: those of the account, or those it may get.
pub(super) fn find_rate(
    account: &Account,
    rows: &[RateRow],
    terms: &EntryTerms,
    ctx: &Context,
) -> Result<Resolved, Refusal> {
    let assignment = account.assignments.iter().find(|(_, assignment)| {
        assignment.resource.eq_ignore_ascii_case(&terms.resource) && Some(&assignment.role) == terms.role.as_ref()
    });
    let query = RateQuery {
        date: terms.date,
        entry: Some(terms.entry.to_string()),
        assignment: assignment.map(|(id, _)| id.to_string()),
        task: Some(terms.task.to_string()),
        line: Some(terms.line.clone()),
        account: account.contract.customer.id().map(ToString::to_string),
        role: terms.role.clone(),
        person: Some(terms.resource.clone()),
        ..RateQuery::default()
    };
    let pricing = Pricing {
        currency: account.contract.currency,
        agreement: Some(&account.contract.agreement),
        discount: account.line(&terms.line).and_then(|line| line.terms.discount.as_ref()),
    };
    resolve_with(rows, &query, &pricing, &ctx.policy.rate_levels).map_err(|error| {
        Refusal::new(error.code(), error.to_string()).field("/resource").owner(&ctx.policy.owners.rates)
    })
}

/// Tries refused time again, after the reason was mended.
///
/// # Errors
/// `ENTRY_UNKNOWN`; what [`record_time`] refuses.
pub fn retry_refused(account: &Account, time: &TimeEntry, ctx: &Context) -> Result<Vec<AccountEvent>, Refusal> {
    let id = canonical_id(&time.header, "time entry")?;
    let entry =
        account.entries.get(id).ok_or_else(|| Refusal::new("ENTRY_UNKNOWN", format!("there is no time entry {id}")))?;
    if entry.refusal.is_none() {
        return Ok(Vec::new());
    }
    record_time(account, time, ctx)
}

/// Lets work beyond a line's cap wait for the next run again: after a change order raised the cap
/// (test NX-07), or on command. The run decides anew, in order (rule NX3).
///
/// # Errors
/// `LINE_UNKNOWN`.
pub fn release_over_cap(
    account: &Account,
    line: &str,
    reason: &str,
    _ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    if account.line(line).is_none() {
        return Err(Refusal::new("LINE_UNKNOWN", format!("contract {} has no line {line}", account.contract.number))
            .field("/line"));
    }
    let time = account.buckets(Some(line)).buckets.get(&Bucket::OverCap).is_some_and(|(minutes, _)| !minutes.is_zero());
    let expenses =
        account.expenses.values().any(|state| state.expense.line == line && state.stage == ExpenseStage::OverCap);
    if !time && !expenses {
        return Ok(Vec::new());
    }
    Ok(vec![AccountEvent::OverCapReleased(OverCapReleased { line: line.to_owned(), reason: reason.to_owned() })])
}

/// Gives up an entry's minutes beyond a cap, by a person's decision.
///
/// # Errors
/// `ENTRY_UNKNOWN`; `APPROVAL_ROLE` when the policy lets only others give up that much.
pub fn write_off(
    account: &Account,
    entry: &Id,
    reason: &str,
    approver: &Approver,
    ctx: &Context,
) -> Result<Vec<AccountEvent>, Refusal> {
    let state = account
        .entries
        .get(entry)
        .ok_or_else(|| Refusal::new("ENTRY_UNKNOWN", format!("there is no time entry {entry}")).field("/entry"))?;
    let (minutes, amount) = state.in_bucket(Bucket::OverCap);
    if minutes.is_zero() {
        return Ok(Vec::new());
    }
    if let Some(need) = ctx.policy.need(Deed::WriteOff, Money::new(amount, account.contract.currency)) {
        need.role_of(approver)?;
    }
    let by = Some(approver.by.clone()).filter(|by| !by.is_empty());
    Ok(vec![AccountEvent::WrittenOff(WrittenOff { entry: entry.clone(), reason: reason.to_owned(), by })])
}
