//! Compares what connected systems hold with what we hold, for a period, when somebody asks: reads
//! only. A repair that was asked for is a command of the wheel, or the record taken in once more.

use std::collections::BTreeMap;

use ::reconcile::drift::{Drift, Findings, KEY, Ownership, Pair, Request, compare, unknown};
use billing::account::{DocumentStage, MilestoneStage};
use billing::foreign::ForeignInvoice;
use billing::group::is_group;
use billing::{Account, Group};
use ports::{Called, ChangeOp, Commit, CommitError, Expect, Item, ItemOutcome, Op, ReadRequest, XrefRow, partition_of};
use process::intake::{self, Admission, Arrival};
use process::{Cause, Event, EventDraft};
use quoin_canonical::{Date, Id, Money, ObjectKind, Timestamp};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{Auditor, IDLE};

/// Name of this reader's position in the log.
const CONSUMER: &str = "reconcile";

/// Requests looked at in one round.
const BATCH_EVENTS: usize = 16;

/// Contracts read from the store at once.
const CONTRACTS_PAGE: usize = 200;

/// Events of one deal read at once.
const EVENTS_PAGE: usize = 500;

/// Records asked for in one read: a page that every connector's call limit allows.
const IDS_PER_READ: usize = 50;

/// Answers requests until `stop` turns true.
pub(crate) async fn answer(auditor: Auditor, mut stop: watch::Receiver<bool>) {
    let mut head = auditor.ledger.head();
    let partition = partition_of(KEY);
    let mut durable = auditor.ledger.position(CONSUMER, partition).await;
    let mut read = durable;
    while !*stop.borrow() {
        head.mark_unchanged();
        let events = auditor.ledger.events(partition, read, BATCH_EVENTS).await;
        for event in &events {
            read = event.seq;
            let ops = match event.kind.as_str() {
                "reconcile.requested" => requested(&auditor, event).await,
                "reconcile.take_requested" => taken(&auditor, event).await,
                _ => continue,
            };
            match finish(&auditor, partition, durable, event.seq, ops).await {
                Ok(()) => durable = event.seq,
                Err(CommitError::Precondition(expect)) => {
                    tracing::info!(?expect, "another auditor was first");
                    durable = auditor.ledger.position(CONSUMER, partition).await;
                    read = durable;
                    break;
                }
                Err(error) => {
                    tracing::error!(%error, "the auditor stops: the store accepts nothing");
                    return;
                }
            }
        }
        if events.is_empty() {
            tokio::select! { _ = head.changed() => {}, _ = stop.changed() => {}, () = tokio::time::sleep(IDLE) => {} }
        }
    }
}

async fn finish(auditor: &Auditor, partition: u16, from: u64, to: u64, mut ops: Vec<Op>) -> Result<(), CommitError> {
    let consumer = CONSUMER.to_owned();
    let expect = vec![Expect::Position { consumer: consumer.clone(), partition, seq: from }];
    ops.push(Op::PutPosition { consumer, partition, seq: to });
    auditor.ledger.commit(Commit { expect, ops }).await.map(|_| ())
}

async fn requested(auditor: &Auditor, event: &Event) -> Vec<Op> {
    let request: Request = match serde_json::from_value(event.body.clone()) {
        Ok(request) => request,
        Err(error) => {
            tracing::error!(seq = event.seq, %error, "a request to reconcile cannot be read");
            return Vec::new();
        }
    };
    let findings = run(auditor, &request, event.at).await;
    let run = findings.run.clone();
    let put = |collection: &str, key: &Id, value: Value| Op::PutDocument {
        collection: collection.to_owned(),
        key: key.to_string(),
        value: value.into(),
    };
    // What a repair would write is kept beside the difference, so that it needs no second look.
    let kept = |drift: &Drift| json!({"drift": drift, "ours": findings.records.get(&drift.record)});
    let mut ops: Vec<Op> = findings.drifts.iter().map(|drift| put("drift", &drift.id, kept(drift))).collect();
    ops.push(put("reconciliation", &run, json!(findings)));
    ops.push(Op::Append(EventDraft {
        id: Id::derived(&["reconcile.completed", run.as_str()]),
        kind: "reconcile.completed".to_owned(),
        key: KEY.to_owned(),
        at: event.at,
        cause: Cause { event: Some(event.id.clone()), ..Cause::default() },
        body: json!({"run": run, "compared": findings.compared, "drifts": findings.drifts.len()}),
    }));
    ops
}

async fn run(auditor: &Auditor, request: &Request, at: Timestamp) -> Findings {
    let mut findings = Findings {
        run: request.run.clone(),
        from: request.from,
        to: request.to,
        at,
        compared: 0,
        drifts: Vec::new(),
        unreachable: Vec::new(),
        records: BTreeMap::new(),
    };
    for collection in ["account", "group"] {
        let mut after = String::new();
        loop {
            let page = auditor.ledger.documents(collection, "", &after, CONTRACTS_PAGE).await;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (key, value) in page {
                findings.drifts.extend(made_by_hand(auditor, &key, &value, request).await);
                let records = records(auditor, &key, value, request).await;
                compared(auditor, &key, &records, &mut findings).await;
            }
        }
    }
    findings
}

/// Invoices of the period that somebody wrote in the ERP by hand: found by the stream of its documents.
async fn made_by_hand(auditor: &Auditor, key: &str, account: &Value, request: &Request) -> Vec<Drift> {
    let found: BTreeMap<Id, ForeignInvoice> =
        account.get("foreign").and_then(|foreign| serde_json::from_value(foreign.clone()).ok()).unwrap_or_default();
    let mut drifts = Vec::new();
    for (id, foreign) in found.into_iter().filter(|(_, found)| (request.from..=request.to).contains(&found.on)) {
        let Some(row) = auditor.ledger.xrefs_of(&id).await.into_iter().next() else { continue };
        let role = auditor.systems.iter().find(|(connection, _)| **connection == row.connection);
        let risk = if foreign.milestones.is_empty() { "" } else { "; may bill a milestone of ours" };
        let told = format!("{} of {} net, written by hand{risk}", foreign.number, foreign.net);
        let pair = Pair {
            object: ObjectKind::Invoice.as_str().to_owned(),
            id,
            key: key.to_owned(),
            connection: row.connection.clone(),
            role: role.map(|(_, role)| role.clone()).unwrap_or_default(),
            external: row.external,
            writable: false,
            readable: true,
            ours: Value::Null,
            theirs: Value::Null,
        };
        drifts.extend(unknown(&auditor.ownership, &pair, &told));
    }
    drifts
}

/// What is to be compared of a contract, or of contracts that are billed together.
async fn records(auditor: &Auditor, key: &str, value: Value, request: &Request) -> Vec<Ours> {
    if is_group(key) {
        return serde_json::from_value::<Group>(value).map(|group| billed(&group, request)).unwrap_or_default();
    }
    let Ok(account) = serde_json::from_value::<Account>(value) else { return Vec::new() };
    let mut records = agreed(auditor, key).await;
    records.extend(happened(&account, request));
    records
}

/// A record of ours that is to be compared.
struct Ours {
    object: ObjectKind,
    id: Id,
    data: Value,
}

async fn compared(auditor: &Auditor, key: &str, records: &[Ours], findings: &mut Findings) {
    let ownership = &auditor.ownership;
    for (connection, role) in &auditor.systems {
        let mut to_read: BTreeMap<ObjectKind, Vec<(Ours, String)>> = BTreeMap::new();
        for ours in records {
            let Some(row) = known_as(auditor, ours, connection).await else { continue };
            let copy = Ours { object: ours.object, id: ours.id.clone(), data: ours.data.clone() };
            let (readable, writable) = powers(auditor, connection, ours.object);
            if readable {
                to_read.entry(ours.object).or_default().push((copy, row.external));
            } else if writable {
                let theirs = looked_up(auditor, connection, ours, &row).await;
                judge(ownership, key, (connection, role), &copy, &row.external, theirs, (false, true), findings);
            }
        }
        for (object, wanted) in to_read {
            let found = read(auditor, connection, object, &wanted).await;
            let (_, writable) = powers(auditor, connection, object);
            for (ours, external) in wanted {
                let theirs = match &found {
                    Ok(found) => Ok(Some(found.get(&external).cloned().unwrap_or(Value::Null))),
                    Err(reason) => Err(reason.clone()),
                };
                judge(ownership, key, (connection, role), &ours, &external, theirs, (true, writable), findings);
            }
        }
    }
}

/// The terms that were agreed: as they stand in the events that set the deal up.
async fn agreed(auditor: &Auditor, key: &str) -> Vec<Ours> {
    let mut latest: BTreeMap<ObjectKind, Value> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = auditor.ledger.events_of_key(key, after, EVENTS_PAGE).await;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for event in page {
            let told: &[(ObjectKind, &str)] = match event.kind.as_str() {
                "quote.accepted" => &[(ObjectKind::Quote, "/quote"), (ObjectKind::Customer, "/quote/customer")],
                "project.billing_provisioned" => &[(ObjectKind::BillingSetup, "/billing_setup")],
                _ => &[],
            };
            for (object, pointer) in told {
                latest.extend(event.body.pointer(pointer).map(|value| (*object, value.clone())));
            }
        }
    }
    let ours = |(object, data): (ObjectKind, Value)| {
        let id = data.pointer("/header/id").and_then(Value::as_str).and_then(Id::parse)?;
        Some(Ours { object, id, data })
    };
    latest.into_iter().filter_map(ours).collect()
}

/// What happened in the period: documents, payments, time, acceptances.
fn happened(account: &Account, request: &Request) -> Vec<Ours> {
    let within = |date: Date| (request.from..=request.to).contains(&date);
    let mut records = Vec::new();
    let mut push = |object, id: &Id, data| records.push(Ours { object, id: id.clone(), data });
    // A part is on its group's document.
    for (id, state) in account.invoices.iter().filter(|(_, state)| state.group.is_none()) {
        if state.stage == DocumentStage::Posted && within(state.invoice.issued_on) {
            push(ObjectKind::Invoice, id, json!(state.invoice));
            for (payment, paid) in account.payments.iter().filter(|(_, paid)| paid.invoice == *id) {
                let amount = Money::new(paid.amount, state.invoice.currency);
                if !amount.amount.is_zero() {
                    push(ObjectKind::Payment, payment, json!({"amount": amount}));
                }
            }
        }
    }
    for (id, entry) in account.entries.iter().filter(|(_, entry)| within(entry.terms.date)) {
        // What waits for a decision differs by nature, and somebody knows already.
        if entry.pending.is_none() && entry.proposed.is_none() && entry.terms.billed_minutes > 0 {
            let data = json!({"minutes": entry.terms.worked_minutes, "date": entry.terms.date});
            push(ObjectKind::TimeEntry, id, data);
        }
    }
    for (id, state) in &account.milestones {
        let accepted = state.acceptance.as_ref().is_some_and(|acceptance| within(acceptance.on));
        if accepted && state.stage != MilestoneStage::Disputed {
            push(ObjectKind::Milestone, id, json!({"status": "accepted"}));
        }
    }
    records
}

/// The documents of a group in the period, and what was paid on them.
fn billed(group: &Group, request: &Request) -> Vec<Ours> {
    let mut records = Vec::new();
    let in_period = |date: Date| (request.from..=request.to).contains(&date);
    let posted = group.documents.iter().filter(|(_, whole)| whole.stage == DocumentStage::Posted);
    for (id, whole) in posted.filter(|(_, whole)| in_period(whole.invoice.issued_on)) {
        records.push(Ours { object: ObjectKind::Invoice, id: id.clone(), data: json!(whole.invoice) });
        for (payment, paid) in group.payments.iter().filter(|(_, paid)| paid.invoice == *id) {
            let amount = Money::new(paid.amounts.iter().sum(), whole.invoice.currency);
            if !amount.amount.is_zero() {
                let data = json!({"amount": amount});
                records.push(Ours { object: ObjectKind::Payment, id: payment.clone(), data });
            }
        }
    }
    records
}

async fn known_as(auditor: &Auditor, ours: &Ours, connection: &str) -> Option<XrefRow> {
    let rows = auditor.ledger.xrefs_of(&ours.id).await;
    rows.into_iter().find(|row| row.connection == connection && row.object == ours.object.as_str())
}

/// Whether a connection can read, and write, an object.
fn powers(auditor: &Auditor, connection: &str, object: ObjectKind) -> (bool, bool) {
    let info = auditor.connectors.as_ref().and_then(|connectors| connectors.connection(connection));
    let contract = info.as_ref().and_then(|info| info.manifest.object(object.as_str()));
    contract.map_or((false, false), |contract| (contract.read, contract.write))
}

/// The record as the system holds it: `None` when it holds it as we do and tells no more.
async fn looked_up(auditor: &Auditor, connection: &str, ours: &Ours, row: &XrefRow) -> Result<Option<Value>, String> {
    let references = references(auditor, connection, &ours.data).await;
    let item = Item {
        key: format!("look-{}", ours.id),
        id: ours.id.to_string(),
        external: Some(row.external.clone()),
        data: ours.data.clone(),
        delete: false,
        references,
    };
    let object = ours.object.as_str();
    let connectors = auditor.connectors.as_ref().ok_or("no system is connected")?;
    let called: Called<Vec<ItemOutcome>> = connectors.lookup(connection, object, &[item]).await;
    let trace = called.trace;
    let outcome = called.result.map_err(|error| error.to_string())?.into_iter().next();
    let outcome = outcome.ok_or_else(|| "the connector answered nothing".to_owned())?;
    match (outcome.data, outcome.fault) {
        (Some(data), _) => Ok(Some(data)),
        (None, None) => Ok(None),
        (None, Some(fault)) => {
            let calls: Vec<String> =
                trace.calls.iter().map(|call| format!("{} {}", call.method, call.target)).collect();
            Err(format!("{} ({}) after {}", fault.message, fault.code, calls.join(", ")))
        }
    }
}

/// The system's ids of what an object links to.
async fn references(auditor: &Auditor, connection: &str, data: &Value) -> Vec<ports::Reference> {
    let mut ids = std::collections::BTreeSet::new();
    ids_in(data, &mut ids);
    let mut references = Vec::new();
    for id in &ids {
        let rows = auditor.ledger.xrefs_of(id).await;
        let mine = rows.into_iter().filter(|row| row.connection == connection);
        references.extend(mine.map(|row| ports::Reference {
            object: row.object,
            id: row.id.to_string(),
            external: row.external,
        }));
    }
    references
}

fn ids_in(value: &Value, found: &mut std::collections::BTreeSet<Id>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("id").and_then(Value::as_str).and_then(Id::parse));
            map.values().for_each(|child| ids_in(child, found));
        }
        Value::Array(items) => items.iter().for_each(|child| ids_in(child, found)),
        _ => {}
    }
}

/// Records by the system's ids; one that is not there is left out.
async fn read(
    auditor: &Auditor,
    connection: &str,
    object: ObjectKind,
    wanted: &[(Ours, String)],
) -> Result<BTreeMap<String, Value>, String> {
    let mut found = BTreeMap::new();
    for part in wanted.chunks(IDS_PER_READ) {
        let request = ReadRequest {
            object: object.as_str().to_owned(),
            cursor: None,
            ids: part.iter().map(|(_, external)| external.clone()).collect(),
            limit: u32::try_from(part.len()).unwrap_or(u32::MAX),
        };
        let connectors = auditor.connectors.as_ref().ok_or("no system is connected")?;
        let page = connectors.read(connection, request).await.result.map_err(|error| error.to_string())?;
        let there = page.changes.into_iter().filter(|change| change.op == ChangeOp::Upsert);
        found.extend(there.map(|change| (change.external, change.data)));
    }
    Ok(found)
}

#[allow(clippy::too_many_arguments)] // the parts of one comparison
fn judge(
    ownership: &Ownership,
    key: &str,
    (connection, role): (&str, &str),
    ours: &Ours,
    external: &str,
    theirs: Result<Option<Value>, String>,
    (readable, writable): (bool, bool),
    findings: &mut Findings,
) {
    let object = ours.object.as_str();
    match theirs {
        Err(reason) => findings.unreachable.push(format!("{connection}: {object} {external}: {reason}")),
        Ok(None) => findings.compared += 1,
        Ok(Some(theirs)) => {
            findings.compared += 1;
            let pair = Pair {
                object: object.to_owned(),
                id: ours.id.clone(),
                key: key.to_owned(),
                connection: connection.to_owned(),
                role: role.to_owned(),
                external: external.to_owned(),
                writable,
                readable,
                ours: ours.data.clone(),
                theirs,
            };
            let drifts = compare(ownership, &pair);
            if !drifts.is_empty() {
                findings.records.insert(pair.id, pair.ours);
            }
            findings.drifts.extend(drifts);
        }
    }
}

/// Takes a system's record in again, as if it had been seen for the first time. What it means was
/// perhaps recorded before; the log then has that event already, and nothing happens twice.
async fn taken(auditor: &Auditor, event: &Event) -> Vec<Op> {
    let Ok(drift) = serde_json::from_value::<Drift>(event.body["drift"].clone()) else { return Vec::new() };
    let Some(object) = ObjectKind::parse(&drift.object) else { return Vec::new() };
    let wanted = Ours { object, id: drift.record.clone(), data: Value::Null };
    let found = read(auditor, &drift.connection, object, &[(wanted, drift.external.clone())]).await;
    let data = match found.map(|mut found| found.remove(&drift.external)) {
        Ok(Some(data)) => data,
        Ok(None) => return Vec::new(),
        Err(error) => {
            tracing::warn!(drift = %drift.id, error, "the record cannot be read; ask for the repair again");
            return Vec::new();
        }
    };
    let mut known = auditor.ledger.xrefs_of(&drift.record).await;
    for (kind, external) in intake::links(&data) {
        known.extend(auditor.ledger.xref(&drift.connection, kind.as_str(), &external).await);
    }
    let arrival = Arrival {
        connection: drift.connection.clone(),
        by: CONSUMER.to_owned(),
        object,
        external: drift.external.clone(),
        version: None,
        plugin: auditor
            .connectors
            .as_ref()
            .and_then(|connectors| connectors.connection(&drift.connection))
            .map(|info| info.digest),
        data,
    };
    match intake::admit(&arrival, None, &known, event.at) {
        Admission::Admitted { sighting, xrefs, events } => {
            let mut ops = vec![Op::PutSighting(*sighting)];
            ops.extend(xrefs.into_iter().map(Op::PutXref));
            ops.extend(events.into_iter().map(Op::Append));
            ops
        }
        Admission::Known | Admission::Unmatched { .. } => Vec::new(),
    }
}
