//! The poller: one loop per stream. Cursor and data move in the same commit, so a page is either
//! wholly taken in or read again.

use std::time::Duration;

use ports::{Commit, Expect, Op, ReadRequest};
use quoin_canonical::ObjectKind;
use tokio::sync::watch;

use crate::admission::{self, UNMATCHED};
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
    while !*stop.borrow() {
        let pause = match round(&doors, &stream, object).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => {
                failures = 0;
                stream.every
            }
            Err(reason) => {
                failures += 1;
                tracing::warn!(connection = stream.connection, stream = stream.object, reason, failures, "poll failed");
                backoff(failures).max(stream.every)
            }
        };
        if !pause.is_zero() {
            tokio::select! { () = tokio::time::sleep(pause) => {}, _ = stop.changed() => {} }
        }
    }
}

/// Reads one page; true when there is more at once.
async fn round(doors: &Doors, stream: &Stream, object: ObjectKind) -> Result<bool, String> {
    let name = format!("{}/{}", stream.connection, stream.object);
    let cursor = doors.ledger.cursor(&name).await;
    let request =
        ReadRequest { object: stream.object.clone(), cursor: cursor.clone(), ids: Vec::new(), limit: PAGE_CHANGES };
    let called = doors.connectors.read(&stream.connection, request).await;
    let page = called.result.map_err(|error| error.to_string())?;
    let mut ops = admission::admit(doors, &stream.connection, object, "poll", page.changes).await;
    let mut expect = Vec::new();
    if let Some(next) = page.next.filter(|next| Some(next) != cursor.as_ref()) {
        expect.push(Expect::Cursor { name: name.clone(), value: cursor });
        ops.push(Op::PutCursor { name, value: next });
    }
    admission::commit(doors, Commit { expect, ops }).await.map_err(|error| error.to_string())?;
    if !page.more {
        read_waiting(doors, stream, object).await?;
    }
    Ok(page.more)
}

/// Reads again the records that waited for something they point at.
async fn read_waiting(doors: &Doors, stream: &Stream, object: ObjectKind) -> Result<(), String> {
    let prefix = format!("{}/{object}/", stream.connection);
    let waiting = doors.ledger.documents(UNMATCHED, &prefix, "", MAX_WAITING).await;
    let ids: Vec<String> = waiting
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(key, _)| key.strip_prefix(&prefix).map(str::to_owned))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let request = ReadRequest { object: stream.object.clone(), cursor: None, ids, limit: PAGE_CHANGES };
    let called = doors.connectors.read(&stream.connection, request).await;
    let page = called.result.map_err(|error| error.to_string())?;
    let ops = admission::admit(doors, &stream.connection, object, "retry", page.changes).await;
    // Records that still wait are noted already: only what got through needs a commit.
    let ops: Vec<Op> = if ops.iter().all(|op| matches!(op, Op::PutDocument { value, .. } if !value.is_null())) {
        Vec::new()
    } else {
        ops
    };
    admission::commit(doors, Commit { expect: Vec::new(), ops }).await.map_err(|error| error.to_string())
}
