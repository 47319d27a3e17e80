//! The poller: one loop per stream. Cursor and data move in the same commit, so a page is either
//! wholly taken in or read again.

use std::time::Duration;

use ports::{CallError, Commit, CommitError, Expect, Op, ReadRequest};
use process::Fault;
use quoin_canonical::{ObjectKind, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use crate::admission::{self, UNMATCHED};
use crate::attention::{self, StreamTrouble, UNMATCHED_GRACE};
use crate::{Doors, PAGE_CHANGES, Stream, backoff};

/// Waiting records read again per round.
const MAX_WAITING: usize = 200;

/// Polls a stream until `stop` turns true.
pub async fn poll(doors: Doors, stream: Stream, mut stop: watch::Receiver<bool>) {
    let Some(object) = ObjectKind::parse(&stream.object) else {
        tracing::error!(stream = stream.object, "not a canonical object; the stream is not polled");
        return;
    };
    let mut failures = 0;
    let mut trouble = StreamTrouble::load(&doors, &stream, object).await;
    let mut waiting_after = String::new();
    while !*stop.borrow() {
        let pause = match round(&doors, &stream, object, &mut waiting_after).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => {
                failures = 0;
                trouble.works(&doors).await;
                stream.every
            }
            Err(Failure { reason, fault }) => {
                failures += 1;
                if let Some(fault) = fault {
                    trouble.failed(&doors, &fault).await;
                }
                tracing::warn!(connection = stream.connection, stream = stream.object, reason, failures, "poll failed");
                backoff(failures).max(stream.every)
            }
        };
        if !pause.is_zero() {
            tokio::select! { () = tokio::time::sleep(pause) => {}, _ = stop.changed() => {} }
        }
    }
}

/// Why a round failed.
struct Failure {
    reason: String,
    /// What the connector said, when it was the connector.
    fault: Option<Fault>,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self { reason: error.to_string(), fault: attention::fault_of(&error) }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        Self { reason: error.to_string(), fault: None }
    }
}

/// Reads one page; true when there is more at once.
async fn round(
    doors: &Doors,
    stream: &Stream,
    object: ObjectKind,
    waiting_after: &mut String,
) -> Result<bool, Failure> {
    let name = format!("{}/{}", stream.connection, stream.object);
    let cursor = doors.ledger.cursor(&name).await;
    let request =
        ReadRequest { object: stream.object.clone(), cursor: cursor.clone(), ids: Vec::new(), limit: PAGE_CHANGES };
    let called = doors.connectors.read(&stream.connection, request).await;
    let page = called.result?;
    let mut ops = admission::admit(doors, &stream.connection, object, "poll", page.changes).await;
    let mut expect = Vec::new();
    if let Some(next) = page.next.filter(|next| Some(next) != cursor.as_ref()) {
        expect.push(Expect::Cursor { name: name.clone(), value: cursor });
        ops.push(Op::PutCursor { name, value: next });
    }
    admission::commit(doors, Commit { expect, ops }).await?;
    if !page.more {
        read_waiting(doors, stream, object, waiting_after).await?;
    }
    Ok(page.more)
}

/// Reads again records that wait for something they point at: the next ones after `after`, from the
/// beginning again once the end is reached, so that none is left out however many wait.
async fn read_waiting(doors: &Doors, stream: &Stream, object: ObjectKind, after: &mut String) -> Result<(), Failure> {
    let prefix = format!("{}/{object}/", stream.connection);
    let listed = doors.ledger.documents(UNMATCHED, &prefix, after, MAX_WAITING).await;
    *after = match listed.last() {
        Some((key, _)) if listed.len() == MAX_WAITING => key.clone(),
        _ => String::new(),
    };
    let waiting: Vec<(String, Value)> = listed
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value)))
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let ids = waiting.iter().map(|(id, _)| id.clone()).collect();
    let request = ReadRequest { object: stream.object.clone(), cursor: None, ids, limit: PAGE_CHANGES };
    let called = doors.connectors.read(&stream.connection, request).await;
    let page = called.result?;
    let mut ops = admission::admit(doors, &stream.connection, object, "retry", page.changes).await;
    ops.extend(ask_a_person(doors, stream, object, &waiting, &ops).await);
    Ok(admission::commit(doors, Commit { expect: Vec::new(), ops }).await?)
}

/// Exceptions for the records that have waited too long and did not get through just now.
async fn ask_a_person(
    doors: &Doors,
    stream: &Stream,
    object: ObjectKind,
    waiting: &[(String, Value)],
    through: &[Op],
) -> Vec<Op> {
    let now = doors.clock.now();
    let too_long = |value: &Value| {
        let since = value["since"].as_str().and_then(|since| since.parse::<Timestamp>().ok());
        since.is_some_and(|since| now.duration_since(since) >= UNMATCHED_GRACE)
    };
    let got_through =
        |record: &str| through.iter().any(|op| matches!(op, Op::PutSighting(sighting) if sighting.external == record));
    let mut ops = Vec::new();
    for (record, value) in waiting.iter().filter(|(record, value)| too_long(value) && !got_through(record)) {
        let missing = (value["missing"].as_str().unwrap_or_default(), value["external"].as_str().unwrap_or_default());
        ops.extend(attention::unmatched(doors, &stream.connection, object, record, missing).await);
    }
    ops
}
