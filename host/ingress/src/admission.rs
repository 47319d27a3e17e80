//! What becomes of a page: each change is judged by `process::intake`, and all of it is committed
//! together with the cursor.

use std::collections::BTreeMap;

use ports::{ChangeOp, Commit, CommitError, Op, ReadChange, Sighting, XrefRow};
use process::intake::{self, Admission, Arrival};
use quoin_canonical::ObjectKind;
use serde_json::{Value, json};

use crate::{Doors, attention};

/// Collection of records that point at something nobody knows yet.
pub(crate) const UNMATCHED: &str = "unmatched";

/// Commit operations for a page's changes.
pub(crate) async fn admit(
    doors: &Doors,
    connection: &str,
    object: ObjectKind,
    by: &str,
    changes: Vec<ReadChange>,
) -> Vec<Op> {
    let mut ops = Vec::new();
    // Two changes of one record in one page: the second must see the first.
    let mut fresh: BTreeMap<String, Sighting> = BTreeMap::new();
    let plugin = doors.connectors.connection(connection).map(|info| info.digest);
    for change in changes {
        let arrival = Arrival { plugin: plugin.clone(), ..arrival(connection, object, by, change) };
        let before = match fresh.get(&arrival.external) {
            Some(sighting) => Some(sighting.clone()),
            None => doors.ledger.sighting(connection, object.as_str(), &arrival.external).await,
        };
        let known = known(doors, &arrival, before.as_ref()).await;
        match intake::admit(&arrival, before.as_ref(), &known, doors.clock.now()) {
            Admission::Known => {}
            Admission::Admitted { sighting, xrefs, events } => {
                fresh.insert(arrival.external.clone(), (*sighting).clone());
                ops.push(Op::PutSighting(*sighting));
                ops.extend(xrefs.into_iter().filter(|row| !known.contains(row)).map(Op::PutXref));
                ops.extend(events.into_iter().map(Op::Append));
                ops.extend(matched(doors, &arrival).await);
            }
            Admission::Unmatched { object: missing, external } => {
                if waiting(doors, &arrival).await.is_none() {
                    tracing::info!(connection, %object, record = arrival.external, %missing, external, "record waits for what it points at");
                    let value = json!({"missing": missing, "external": external, "since": doors.clock.now()});
                    ops.push(unmatched(&arrival, &value));
                }
            }
        }
    }
    ops
}

fn arrival(connection: &str, object: ObjectKind, by: &str, change: ReadChange) -> Arrival {
    let data = if change.op == ChangeOp::Delete { Value::Null } else { change.data };
    Arrival {
        connection: connection.to_owned(),
        by: by.to_owned(),
        object,
        external: change.external,
        version: change.version,
        plugin: None,
        data,
    }
}

/// Cross-references of the record itself, of its links, and of a quote's customer.
async fn known(doors: &Doors, arrival: &Arrival, before: Option<&Sighting>) -> Vec<XrefRow> {
    let mut wanted = intake::links(&arrival.data);
    wanted.push((arrival.object, arrival.external.clone()));
    if let Some(customer) = arrival.data.pointer("/customer/header/external").and_then(Value::as_str) {
        wanted.push((ObjectKind::Customer, customer.to_owned()));
    }
    if arrival.data.is_null()
        && let Some(seen) = before
    {
        wanted.extend(intake::links(&seen.data));
    }
    let mut rows = Vec::with_capacity(wanted.len());
    for (object, external) in wanted {
        rows.extend(doors.ledger.xref(&arrival.connection, object.as_str(), &external).await);
    }
    rows
}

fn unmatched_key(arrival: &Arrival) -> String {
    format!("{}/{}/{}", arrival.connection, arrival.object, arrival.external)
}

fn unmatched(arrival: &Arrival, value: &Value) -> Op {
    Op::PutDocument { collection: UNMATCHED.to_owned(), key: unmatched_key(arrival), value: value.clone().into() }
}

/// What a record on the waiting list waits for.
async fn waiting(doors: &Doors, arrival: &Arrival) -> Option<Value> {
    let (waiting, _) = doors.ledger.document(UNMATCHED, &unmatched_key(arrival)).await?;
    (!waiting.is_null()).then_some(waiting)
}

/// Takes a record off the waiting list when it was on it, and resolves what was opened about it.
async fn matched(doors: &Doors, arrival: &Arrival) -> Vec<Op> {
    let Some(waiting) = waiting(doors, arrival).await else { return Vec::new() };
    let text = |field: &str| waiting[field].as_str().unwrap_or_default();
    let mut ops = attention::matched(doors, &arrival.connection, text("missing"), text("external")).await;
    ops.push(unmatched(arrival, &Value::Null));
    ops
}

/// Commits, unless there is nothing to.
pub(crate) async fn commit(doors: &Doors, commit: Commit) -> Result<(), CommitError> {
    if commit.ops.is_empty() {
        return Ok(());
    }
    doors.ledger.commit(commit).await.map(|_| ())
}
