//! The caller's half of a commit: everything that needs no state is encoded before the commit is
//! queued, so that the one committing thread only looks up and copies.

use bytes::Bytes;
use ports::{Commit, CommitError, Expect, Op, Text};
use process::{Command, CommandId, EventDraft};
use quoin_canonical::{Id, Timestamp};
use serde::Serialize;

use crate::keys::{Key, Table, time_bytes};

/// Bytes kept free in front of a document for its version.
pub(crate) const VERSION_BYTES: usize = 8;

/// A commit, encoded.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) expect: Vec<Expect>,
    pub(crate) steps: Vec<Step>,
    /// Bytes of all encoded values.
    pub(crate) bytes: u64,
}

/// An operation, encoded.
#[derive(Debug)]
pub(crate) enum Step {
    Append {
        draft: Box<EventDraft>,
        row: Bytes,
    },
    /// `value` begins with room for the version.
    PutDocument {
        key: Vec<u8>,
        value: Vec<u8>,
    },
    PutCommand {
        id: CommandId,
        key: String,
        priority: u8,
        not_before: Timestamp,
        row: Bytes,
    },
    FinishCommand(CommandId),
    PutTimer {
        id: Id,
        due: Timestamp,
        row: Bytes,
    },
    RemoveTimer(Id),
    PutXref {
        forward: Vec<u8>,
        backward: Vec<u8>,
        row: Bytes,
    },
    PutException {
        id: Id,
        opened_at: Timestamp,
        open: bool,
        row: Bytes,
    },
    /// An operation that is nothing but one put.
    Put {
        key: Vec<u8>,
        value: Bytes,
    },
}

impl Step {
    fn bytes(&self) -> usize {
        match self {
            Step::Append { draft, row } => 3 * draft.key.len() + row.len(),
            Step::PutDocument { key, value } => key.len() + value.len(),
            Step::PutCommand { row, .. } | Step::PutTimer { row, .. } | Step::PutException { row, .. } => row.len(),
            Step::PutXref { forward, backward, row } => forward.len() + backward.len() + 2 * row.len(),
            Step::Put { key, value } => key.len() + value.len(),
            Step::FinishCommand(_) | Step::RemoveTimer(_) => 0,
        }
    }
}

/// Encodes a commit.
///
/// # Errors
/// [`CommitError::TooLarge`].
pub(crate) fn prepare(commit: Commit, limit_bytes: u64) -> Result<Prepared, CommitError> {
    let steps: Vec<Step> = commit.ops.into_iter().map(step).collect::<Result<_, _>>().map_err(|error| {
        CommitError::Stopped(format!("nothing was written: an operation cannot be encoded as JSON: {error}"))
    })?;
    let bytes = steps.iter().map(Step::bytes).sum::<usize>() as u64;
    if bytes > limit_bytes {
        return Err(CommitError::TooLarge { bytes, limit_bytes });
    }
    Ok(Prepared { expect: commit.expect, steps, bytes })
}

fn step(op: Op) -> serde_json::Result<Step> {
    Ok(match op {
        Op::Append(draft) => Step::Append { row: json(Vec::new(), &draft)?, draft: Box::new(draft) },
        Op::PutDocument { collection, key, value } => document(document_key(&collection, &key), &value),
        Op::PutCommand { command, not_before } => queue(command, not_before)?,
        Op::FinishCommand(id) => Step::FinishCommand(id),
        Op::PutTimer(timer) => {
            let row = json(time_bytes(timer.due).to_vec(), &timer)?;
            Step::PutTimer { id: timer.id, due: timer.due, row }
        }
        Op::RemoveTimer(id) => Step::RemoveTimer(id),
        Op::PutXref(xref) => Step::PutXref {
            forward: xref_key(Table::Xref, &xref.connection, &xref.object, &xref.external),
            backward: xref_back_key(&xref),
            row: json(Vec::new(), &xref)?,
        },
        Op::PutSighting(sighting) => Step::Put {
            key: xref_key(Table::Sighting, &sighting.connection, &sighting.object, &sighting.external),
            value: json(Vec::new(), &sighting)?,
        },
        Op::PutDelivery { connection, delivery, at } => {
            Step::Put { key: delivery_key(&connection, &delivery), value: Bytes::copy_from_slice(&time_bytes(at)) }
        }
        Op::PutPosition { consumer, partition, seq } => {
            Step::Put { key: position_key(&consumer, partition), value: Bytes::copy_from_slice(&seq.to_be_bytes()) }
        }
        Op::PutCursor { name, value } => Step::Put { key: Key::of(Table::Cursor).last(&name), value: value.into() },
        Op::PutException(exception) => Step::PutException {
            row: json(time_bytes(exception.opened_at).to_vec(), &exception)?,
            id: exception.id,
            opened_at: exception.opened_at,
            open: exception.status == process::ExceptionStatus::Open,
        },
    })
}

fn document(key: Vec<u8>, text: &Text) -> Step {
    let value = [&[0; VERSION_BYTES], text.as_str().as_bytes()].concat();
    Step::PutDocument { key, value }
}

fn queue(command: Command, not_before: Timestamp) -> serde_json::Result<Step> {
    let head = CommandHead { not_before, priority: command.priority, key: &command.key };
    let row = json(head.encode(), &command)?;
    Ok(Step::PutCommand { id: command.id, key: command.key, priority: command.priority, not_before, row })
}

fn json(mut start: Vec<u8>, value: &impl Serialize) -> serde_json::Result<Bytes> {
    serde_json::to_writer(&mut start, value)?;
    // It may stay in memory for a while: without the room that it grew into.
    Ok(start.into_boxed_slice().into())
}

/// What of a command its indexes need, in front of its JSON.
pub(crate) struct CommandHead<'a> {
    pub(crate) not_before: Timestamp,
    pub(crate) priority: u8,
    pub(crate) key: &'a str,
}

impl<'a> CommandHead<'a> {
    fn encode(&self) -> Vec<u8> {
        let mut out = time_bytes(self.not_before).to_vec();
        out.push(self.priority);
        out.extend_from_slice(&u32::try_from(self.key.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(self.key.as_bytes());
        out
    }

    /// The head, and the JSON after it.
    pub(crate) fn decode(row: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (time, rest) = row.split_first_chunk::<{ crate::keys::TIME_BYTES }>()?;
        let (priority, rest) = rest.split_first()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let (key, json) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
        let head = CommandHead {
            not_before: crate::keys::time_from(time)?,
            priority: *priority,
            key: std::str::from_utf8(key).ok()?,
        };
        Some((head, json))
    }
}

pub(crate) fn document_key(collection: &str, key: &str) -> Vec<u8> {
    Key::of(Table::Document).text(collection).last(key)
}

pub(crate) fn xref_key(table: Table, connection: &str, object: &str, external: &str) -> Vec<u8> {
    Key::of(table).text(connection).text(object).last(external)
}

pub(crate) fn xref_back_key(xref: &ports::XrefRow) -> Vec<u8> {
    Key::of(Table::XrefById).text(xref.id.as_str()).text(&xref.connection).text(&xref.object).last(&xref.external)
}

pub(crate) fn delivery_key(connection: &str, delivery: &str) -> Vec<u8> {
    Key::of(Table::Delivery).text(connection).last(delivery)
}

pub(crate) fn position_key(consumer: &str, partition: u16) -> Vec<u8> {
    Key::of(Table::Position).text(consumer).u16(partition).bytes()
}
