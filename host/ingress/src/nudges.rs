//! Webhooks are nudges: this loop reads again what they point at, many at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ports::{CallError, Commit, Expect, Op, ReadChange, ReadRequest, partition_of};
use process::{Event, FaultKind};
use quoin_canonical::ObjectKind;
use serde_json::Value;
use tokio::sync::watch;

use crate::admission;
use crate::{Doors, PAGE_CHANGES, backoff, connection_key};

/// Log entries looked at in one go.
const BATCH_EVENTS: usize = 64;

/// Commands ready to be performed at which nothing more is let in: what has begun is finished first.
/// Deliveries wait in the log, where waiting costs nothing; a flow in motion holds memory. Commands
/// that wait for a system that is away are not ready, and keep nobody out.
const MOST_READY: usize = 64;

/// Follows the log of one connection until `stop` turns true.
pub async fn follow_nudges(doors: Doors, connection: String, mut stop: watch::Receiver<bool>) {
    let consumer = format!("nudges/{connection}");
    let partition = partition_of(&connection_key(&connection));
    let mut head = doors.ledger.head();
    let mut position = doors.ledger.position(&consumer, partition).await;
    let mut failures = 0;
    while !*stop.borrow() {
        head.mark_unchanged();
        if doors.ledger.ready(doors.clock.now(), MOST_READY).await >= MOST_READY {
            tokio::select! { _ = head.changed() => {}, _ = stop.changed() => {} }
            continue;
        }
        let events = doors.ledger.events(partition, position, BATCH_EVENTS).await;
        let Some(last) = events.last().map(|event| event.seq) else {
            tokio::select! { _ = head.changed() => {}, _ = stop.changed() => {} }
            continue;
        };
        let pause = match turn(&doors, &connection, &consumer, partition, position, last, &events).await {
            Ok(()) => {
                position = last;
                failures = 0;
                Duration::ZERO
            }
            Err(reason) => {
                tracing::warn!(connection, reason, "records that a webhook pointed at could not be read; trying again");
                failures += 1;
                backoff(failures)
            }
        };
        if !pause.is_zero() {
            tokio::select! { () = tokio::time::sleep(pause) => {}, _ = stop.changed() => {} }
        }
    }
}

/// Reads what a batch of deliveries points at and commits it with the position.
async fn turn(
    doors: &Doors,
    connection: &str,
    consumer: &str,
    partition: u16,
    from: u64,
    to: u64,
    events: &[Arc<Event>],
) -> Result<(), String> {
    let mut ops = Vec::new();
    for (object, ids) in touched(&connection_key(connection), events) {
        for ids in ids.chunks(usize::try_from(PAGE_CHANGES).unwrap_or(usize::MAX)) {
            let changes = read_again(doors, connection, object, ids).await?;
            ops.extend(admission::admit(doors, connection, object, "webhook", changes).await);
        }
    }
    if ops.is_empty() && !events.iter().any(|event| event.key == connection_key(connection)) {
        // Other keys share the partition: walking past them is not worth a flush.
        return Ok(());
    }
    let consumer = consumer.to_owned();
    ops.push(Op::PutPosition { consumer: consumer.clone(), partition, seq: to });
    // The stored position may trail the one in memory (see above), never lead it.
    let stored = doors.ledger.position(&consumer, partition).await;
    if stored > from {
        return Err("another reader moved this position".to_owned());
    }
    let expect = vec![Expect::Position { consumer, partition, seq: stored }];
    admission::commit(doors, Commit { expect, ops }).await.map_err(|error| error.to_string())
}

/// Reads records by id. One that cannot be understood is left to the poll, which opens an exception
/// about it: the deliveries behind it must not wait for somebody to mend it.
async fn read_again(
    doors: &Doors,
    connection: &str,
    object: ObjectKind,
    ids: &[String],
) -> Result<Vec<ReadChange>, String> {
    let mut changes = Vec::new();
    let mut batches: Vec<&[String]> = vec![ids];
    while let Some(ids) = batches.pop() {
        let request =
            ReadRequest { object: object.as_str().to_owned(), ids: ids.to_vec(), limit: PAGE_CHANGES, cursor: None };
        match doors.connectors.read(connection, request).await.result {
            Ok(page) => changes.extend(page.changes),
            Err(CallError::Fault(fault)) if fault.kind == FaultKind::InvalidData => {
                if let [record] = ids {
                    tracing::warn!(connection, %object, record, reason = fault.message, "a record cannot be understood");
                } else {
                    batches.extend(ids.chunks(1));
                }
            }
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(changes)
}

/// The distinct records that deliveries touched, by kind.
fn touched(key: &str, events: &[Arc<Event>]) -> BTreeMap<ObjectKind, Vec<String>> {
    let mut records: BTreeMap<ObjectKind, Vec<String>> = BTreeMap::new();
    let deliveries = events.iter().filter(|event| event.key == key && event.kind == "webhook.received");
    for entry in deliveries.filter_map(|event| event.body.get("touched")).filter_map(Value::as_array).flatten() {
        let object = entry.get("object").and_then(Value::as_str).and_then(ObjectKind::parse);
        let external = entry.get("external").and_then(Value::as_str);
        if let (Some(object), Some(external)) = (object, external) {
            let ids = records.entry(object).or_default();
            if !ids.iter().any(|id| id == external) {
                ids.push(external.to_owned());
            }
        }
    }
    records
}
