//! The committer's half of a commit: preconditions checked, sequence numbers and versions
//! assigned, typed operations turned into plain writes. Both engines share it, so they cannot
//! differ in meaning.

use std::sync::Arc;

use bytes::Bytes;
use ports::{CommitError, Expect, Receipt, XrefRow, partition_of};
use process::{CommandId, Event, EventDraft};
use quoin_canonical::{Id, Timestamp};

use crate::keys::{HEAD, Key, Table, u64_from};
use crate::prepare::{
    CommandHead, Prepared, Step, VERSION_BYTES, delivery_key, document_key, position_key, xref_back_key,
};
use crate::queue::Place;
use crate::recent::Appended;
use crate::view::{View, ViewError, Writes};

/// A commit as plain writes.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) writes: Writes,
    pub(crate) receipt: Receipt,
    /// Every new event, by number.
    pub(crate) events: Vec<Appended>,
    /// Commands that were put, and where they stand now, or finished.
    pub(crate) commands: Vec<(CommandId, Option<Place>)>,
    /// Commands or timers were queued.
    pub(crate) queued: bool,
}

/// Why a commit does not happen.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// For a reason of its own.
    Commit(CommitError),
    /// The view cannot answer: the store must stop.
    View(ViewError),
}

impl From<ViewError> for Refusal {
    fn from(error: ViewError) -> Self {
        Self::View(error)
    }
}

/// Resolves a commit against the view and the writes of commits before it in the same group.
pub(crate) fn resolve(view: &dyn View, group: &Writes, commit: Prepared) -> Result<Resolved, Refusal> {
    let mut sheet = Sheet {
        view,
        group,
        out: Resolved {
            writes: Writes::new(),
            receipt: Receipt { seqs: Vec::new() },
            events: Vec::new(),
            commands: Vec::new(),
            queued: false,
        },
    };
    for expect in commit.expect {
        if !sheet.holds(&expect)? {
            return Err(Refusal::Commit(CommitError::Precondition(expect)));
        }
    }
    for step in commit.steps {
        sheet.take(step)?;
    }
    Ok(sheet.out)
}

/// The last sequence number after these writes; `None` when they do not change it.
pub(crate) fn head_after(writes: &Writes) -> Option<u64> {
    u64_from(writes.get(HEAD.as_slice())?.as_deref()?)
}

pub(crate) fn command_key(id: &Id) -> Vec<u8> {
    Key::of(Table::Command).last(id.as_str())
}

fn timer_key(id: &Id) -> Vec<u8> {
    Key::of(Table::Timer).last(id.as_str())
}

fn timer_due_key(due: Timestamp, id: &Id) -> Vec<u8> {
    Key::of(Table::TimerDue).time(due).last(id.as_str())
}

fn exception_index(table: Table, opened_at: Timestamp, id: &Id) -> Vec<u8> {
    Key::of(table).time_descending(opened_at).last(id.as_str())
}

/// The state as this commit sees it: the view, changed by the group, changed by itself.
struct Sheet<'a> {
    view: &'a dyn View,
    group: &'a Writes,
    out: Resolved,
}

impl Sheet<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        match self.out.writes.get(key).or_else(|| self.group.get(key)) {
            Some(value) => Ok(value.clone()),
            None => self.view.get(key),
        }
    }

    fn put(&mut self, key: Vec<u8>, value: impl Into<Bytes>) {
        self.out.writes.insert(key, Some(value.into()));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.out.writes.insert(key, None);
    }

    fn number(&self, key: &[u8]) -> Result<u64, ViewError> {
        match self.get(key)? {
            Some(value) => u64_from(&value).ok_or_else(|| ViewError::row(key, "not a number")),
            None => Ok(0),
        }
    }

    fn put_number(&mut self, key: &[u8], value: u64) {
        self.put(key.to_vec(), value.to_be_bytes().to_vec());
    }

    fn version(&self, key: &[u8]) -> Result<u64, ViewError> {
        match self.get(key)? {
            Some(row) => row
                .get(..VERSION_BYTES)
                .and_then(u64_from)
                .ok_or_else(|| ViewError::row(key, "a document without version")),
            None => Ok(0),
        }
    }

    fn holds(&self, expect: &Expect) -> Result<bool, ViewError> {
        Ok(match expect {
            Expect::Document { collection, key, version } => self.version(&document_key(collection, key))? == *version,
            Expect::NewDelivery { connection, delivery } => self.get(&delivery_key(connection, delivery))?.is_none(),
            Expect::Position { consumer, partition, seq } => self.number(&position_key(consumer, *partition))? == *seq,
            Expect::OpenCommand(id) => self.get(&command_key(id))?.is_some(),
            Expect::SetTimer(id) => self.get(&timer_key(id))?.is_some(),
            Expect::Cursor { name, value } => {
                self.get(&Key::of(Table::Cursor).last(name))?.as_deref() == value.as_deref()
            }
        })
    }

    fn take(&mut self, step: Step) -> Result<(), ViewError> {
        match step {
            Step::Append { draft, row } => self.append(*draft, row),
            Step::PutDocument { key, mut value } => {
                let version = self.version(&key)? + 1;
                if let Some(room) = value.first_chunk_mut::<VERSION_BYTES>() {
                    *room = version.to_be_bytes();
                }
                self.put(key, value);
                Ok(())
            }
            Step::PutCommand { id, key, priority, not_before, row } => {
                self.drop_command(&id)?;
                self.put(Key::of(Table::CommandByKey).text(&key).last(id.as_str()), Bytes::new());
                self.put(command_key(&id), row);
                self.out.commands.push((id, Some(Place::new(priority, not_before))));
                self.out.queued = true;
                Ok(())
            }
            Step::FinishCommand(id) => {
                self.drop_command(&id)?;
                self.out.commands.push((id, None));
                Ok(())
            }
            Step::PutTimer { id, due, row } => {
                self.drop_timer(&id)?;
                self.put(timer_due_key(due, &id), Bytes::new());
                self.put(timer_key(&id), row);
                self.out.queued = true;
                Ok(())
            }
            Step::RemoveTimer(id) => self.drop_timer(&id),
            Step::PutXref { forward, backward, row } => self.put_xref(forward, backward, row),
            Step::PutException { id, opened_at, open, row } => self.put_exception(&id, opened_at, open, row),
            Step::Put { key, value } => {
                self.put(key, value);
                Ok(())
            }
        }
    }

    /// Adds an event. An id that the log has already is the same event told twice: nothing
    /// happens, and its number is returned.
    fn append(&mut self, draft: EventDraft, row: Bytes) -> Result<(), ViewError> {
        let EventDraft { id, kind, key, at, cause, body } = draft;
        let by_id = Key::of(Table::EventById).last(id.as_str());
        if let Some(place) = self.get(&by_id)? {
            let seq =
                place.get(2..).and_then(u64_from).ok_or_else(|| ViewError::row(&by_id, "not a place in the log"))?;
            self.out.receipt.seqs.push(seq);
            return Ok(());
        }
        let seq = self.number(&HEAD)? + 1;
        let partition = partition_of(&key);
        let place = [partition.to_be_bytes().as_slice(), &seq.to_be_bytes()].concat();
        self.put(by_id, place);
        let bytes = row.len();
        self.put(Key::of(Table::Event).u16(partition).u64(seq).bytes(), row);
        self.put(Key::of(Table::EventBySeq).u64(seq).bytes(), partition.to_be_bytes().to_vec());
        self.put(Key::of(Table::EventByKey).text(&key).u64(seq).bytes(), Bytes::new());
        self.put_number(&HEAD, seq);
        let event = Arc::new(Event { seq, id, kind, key, at, cause, body });
        self.out.events.push(Appended { partition, event, bytes });
        self.out.receipt.seqs.push(seq);
        Ok(())
    }

    /// Takes a command and its index row away.
    fn drop_command(&mut self, id: &Id) -> Result<(), ViewError> {
        let own = command_key(id);
        let Some(row) = self.get(&own)? else {
            return Ok(());
        };
        let (head, _) = CommandHead::decode(&row).ok_or_else(|| ViewError::row(&own, "a command without head"))?;
        let by_key = Key::of(Table::CommandByKey).text(head.key).last(id.as_str());
        self.delete(by_key);
        self.delete(own);
        Ok(())
    }

    fn drop_timer(&mut self, id: &Id) -> Result<(), ViewError> {
        let own = timer_key(id);
        if let Some(due) = self.time_of(&own)? {
            self.delete(timer_due_key(due, id));
            self.delete(own);
        }
        Ok(())
    }

    /// The time in front of a row; `None` when there is no row.
    fn time_of(&self, key: &[u8]) -> Result<Option<Timestamp>, ViewError> {
        let Some(row) = self.get(key)? else {
            return Ok(None);
        };
        let time = row.get(..crate::keys::TIME_BYTES).and_then(crate::keys::time_from);
        time.map(Some).ok_or_else(|| ViewError::row(key, "a row without time"))
    }

    fn put_xref(&mut self, forward: Vec<u8>, backward: Vec<u8>, row: Bytes) -> Result<(), ViewError> {
        if let Some(old) = self.get(&forward)? {
            let old: XrefRow = serde_json::from_slice(&old).map_err(|error| ViewError::row(&forward, error))?;
            self.delete(xref_back_key(&old));
        }
        self.put(forward, row.clone());
        self.put(backward, row);
        Ok(())
    }

    fn put_exception(&mut self, id: &Id, opened_at: Timestamp, open: bool, row: Bytes) -> Result<(), ViewError> {
        let own = Key::of(Table::Exception).last(id.as_str());
        if let Some(before) = self.time_of(&own)? {
            self.delete(exception_index(Table::ExceptionByAge, before, id));
            self.delete(exception_index(Table::ExceptionOpen, before, id));
        }
        self.put(exception_index(Table::ExceptionByAge, opened_at, id), Bytes::new());
        if open {
            self.put(exception_index(Table::ExceptionOpen, opened_at, id), Bytes::new());
        }
        self.put(own, row);
        Ok(())
    }
}
