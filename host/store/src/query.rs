//! The questions of the [`ports::Ledger`], asked of a view.

use bytes::Bytes;
use ports::{Sighting, XrefRow};
use process::{Command, Event, EventDraft, Exception, TimerRow};
use quoin_canonical::{Id, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::keys::{HEAD, Key, TIME_BYTES, Table, after_prefix, time_from, u64_from};
use crate::prepare::{CommandHead, VERSION_BYTES, document_key, position_key, xref_key};
use crate::resolve::command_key;
use crate::view::{View, ViewError};

type Found<T> = Result<T, ViewError>;

fn json<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Found<T> {
    serde_json::from_slice(bytes).map_err(|error| ViewError::row(key, error))
}

fn read<T: DeserializeOwned>(view: &dyn View, key: &[u8], skip_bytes: usize) -> Found<Option<T>> {
    view.get(key)?.map(|row| json(key, row.get(skip_bytes..).unwrap_or_default())).transpose()
}

/// The row that an index row points at: it must be there.
fn target(view: &dyn View, key: &[u8]) -> Found<Bytes> {
    view.get(key)?.ok_or_else(|| ViewError::row(key, "an index points at a row that is not there"))
}

fn number(view: &dyn View, key: &[u8]) -> Found<u64> {
    match view.get(key)? {
        Some(value) => u64_from(&value).ok_or_else(|| ViewError::row(key, "not a number")),
        None => Ok(0),
    }
}

fn event_from(seq: u64, key: &[u8], row: &[u8]) -> Found<Event> {
    let EventDraft { id, kind, key, at, cause, body } = json(key, row)?;
    Ok(Event { seq, id, kind, key, at, cause, body })
}

/// The sequence number that ends a key.
fn seq_of(key: &[u8]) -> Found<u64> {
    key.last_chunk::<8>()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .ok_or_else(|| ViewError::row(key, "no sequence number"))
}

fn event_at(view: &dyn View, partition: u16, seq: u64) -> Found<Event> {
    let key = Key::of(Table::Event).u16(partition).u64(seq).bytes();
    event_from(seq, &key, &target(view, &key)?)
}

/// The keys of `prefix` + a number over `after`.
fn range_after(prefix: Key, after: u64) -> Option<(Vec<u8>, Vec<u8>)> {
    let below = after_prefix(&prefix.clone().bytes());
    Some((prefix.u64(after.checked_add(1)?).bytes(), below))
}

pub(crate) fn events(view: &dyn View, partition: u16, after: u64, limit: usize) -> Found<Vec<Event>> {
    let mut found = Vec::new();
    let Some((from, below)) = range_after(Key::of(Table::Event).u16(partition), after) else {
        return Ok(found);
    };
    if limit > 0 {
        view.scan(&from, &below, &mut |key, row| {
            found.push(event_from(seq_of(key)?, key, row)?);
            Ok(found.len() < limit)
        })?;
    }
    Ok(found)
}

pub(crate) fn log(view: &dyn View, after: u64, limit: usize) -> Found<Vec<Event>> {
    let mut places = Vec::new();
    let Some((from, below)) = range_after(Key::of(Table::EventBySeq), after) else {
        return Ok(Vec::new());
    };
    if limit > 0 {
        view.scan(&from, &below, &mut |key, row| {
            let partition =
                row.try_into().map(u16::from_be_bytes).map_err(|_| ViewError::row(key, "not a partition"))?;
            places.push((partition, seq_of(key)?));
            Ok(places.len() < limit)
        })?;
    }
    places.into_iter().map(|(partition, seq)| event_at(view, partition, seq)).collect()
}

pub(crate) fn events_of_key(view: &dyn View, key: &str, after: u64, limit: usize) -> Found<Vec<Event>> {
    let mut seqs = Vec::new();
    let Some((from, below)) = range_after(Key::of(Table::EventByKey).text(key), after) else {
        return Ok(Vec::new());
    };
    if limit > 0 {
        view.scan(&from, &below, &mut |key, _| {
            seqs.push(seq_of(key)?);
            Ok(seqs.len() < limit)
        })?;
    }
    let partition = ports::partition_of(key);
    seqs.into_iter().map(|seq| event_at(view, partition, seq)).collect()
}

pub(crate) fn event(view: &dyn View, id: &Id) -> Found<Option<Event>> {
    let key = Key::of(Table::EventById).last(id.as_str());
    let Some(place) = view.get(&key)? else {
        return Ok(None);
    };
    let partition = place.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes));
    match (partition, place.get(2..).and_then(u64_from)) {
        (Some(partition), Some(seq)) => event_at(view, partition, seq).map(Some),
        _ => Err(ViewError::row(&key, "not a place in the log")),
    }
}

pub(crate) fn head(view: &dyn View) -> Found<u64> {
    number(view, &HEAD)
}

pub(crate) fn position(view: &dyn View, consumer: &str, partition: u16) -> Found<u64> {
    number(view, &position_key(consumer, partition))
}

fn document_from(key: &[u8], row: &[u8]) -> Found<(Value, u64)> {
    let (version, rest) =
        row.split_first_chunk::<VERSION_BYTES>().ok_or_else(|| ViewError::row(key, "a document without version"))?;
    Ok((json(key, rest)?, u64::from_be_bytes(*version)))
}

pub(crate) fn document(view: &dyn View, collection: &str, key: &str) -> Found<Option<(Value, u64)>> {
    let key = document_key(collection, key);
    view.get(&key)?.map(|row| document_from(&key, &row)).transpose()
}

pub(crate) fn documents(
    view: &dyn View,
    collection: &str,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Found<Vec<(String, Value)>> {
    let whole = document_key(collection, "");
    let first = document_key(collection, prefix);
    let below = after_prefix(&first);
    let mut from = first;
    if !after.is_empty() {
        let mut next = document_key(collection, after);
        next.push(0);
        from = from.max(next);
    }
    let mut found = Vec::new();
    if limit > 0 && from < below {
        view.scan(&from, &below, &mut |key, row| {
            let name = last_text(key, whole.len())?;
            found.push((name, document_from(key, row)?.0));
            Ok(found.len() < limit)
        })?;
    }
    Ok(found)
}

/// The text that ends a key.
fn last_text(key: &[u8], at: usize) -> Found<String> {
    let text = key.get(at..).and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.map(str::to_string).ok_or_else(|| ViewError::row(key, "a key that is no text"))
}

fn last_id(key: &[u8], at: usize) -> Found<Id> {
    let text = last_text(key, at)?;
    serde_json::from_value(Value::String(text)).map_err(|error| ViewError::row(key, error))
}

pub(crate) fn command(view: &dyn View, id: &Id) -> Found<Command> {
    let key = command_key(id);
    let row = target(view, &key)?;
    let (_, body) = CommandHead::decode(&row).ok_or_else(|| ViewError::row(&key, "a command without head"))?;
    json(&key, body)
}

/// When the first timer is due.
pub(crate) fn next_timer(view: &dyn View) -> Found<Option<Timestamp>> {
    let mut first = None;
    let from = [Table::TimerDue as u8];
    view.scan(&from, &after_prefix(&from), &mut |key, _| {
        first = Some(timer_due(key)?);
        Ok(false)
    })?;
    Ok(first)
}

fn timer_due(key: &[u8]) -> Found<Timestamp> {
    key.get(1..1 + TIME_BYTES).and_then(time_from).ok_or_else(|| ViewError::row(key, "a timer row without time"))
}

pub(crate) fn due_timers(view: &dyn View, now: Timestamp, limit: usize) -> Found<Vec<TimerRow>> {
    let mut ids = Vec::new();
    let from = [Table::TimerDue as u8];
    if limit > 0 {
        view.scan(&from, &after_prefix(&from), &mut |key, _| {
            if timer_due(key)? > now {
                return Ok(false);
            }
            ids.push(last_id(key, 1 + TIME_BYTES)?);
            Ok(ids.len() < limit)
        })?;
    }
    let timer = |id: Id| {
        let key = Key::of(Table::Timer).last(id.as_str());
        json(&key, target(view, &key)?.get(TIME_BYTES..).unwrap_or_default())
    };
    ids.into_iter().map(timer).collect()
}

pub(crate) fn commands_of_key(view: &dyn View, key: &str) -> Found<Vec<Command>> {
    let from = Key::of(Table::CommandByKey).text(key).bytes();
    let mut ids = Vec::new();
    view.scan(&from, &after_prefix(&from), &mut |key, _| {
        ids.push(last_id(key, from.len())?);
        Ok(true)
    })?;
    ids.iter().map(|id| command(view, id)).collect()
}

pub(crate) fn xref(view: &dyn View, connection: &str, object: &str, external: &str) -> Found<Option<XrefRow>> {
    read(view, &xref_key(Table::Xref, connection, object, external), 0)
}

pub(crate) fn xrefs_of(view: &dyn View, id: &Id) -> Found<Vec<XrefRow>> {
    let from = Key::of(Table::XrefById).text(id.as_str()).bytes();
    let mut found = Vec::new();
    view.scan(&from, &after_prefix(&from), &mut |key, row| {
        found.push(json(key, row)?);
        Ok(true)
    })?;
    Ok(found)
}

pub(crate) fn sighting(view: &dyn View, connection: &str, object: &str, external: &str) -> Found<Option<Sighting>> {
    read(view, &xref_key(Table::Sighting, connection, object, external), 0)
}

pub(crate) fn cursor(view: &dyn View, name: &str) -> Found<Option<Vec<u8>>> {
    Ok(view.get(&Key::of(Table::Cursor).last(name))?.map(Vec::from))
}

pub(crate) fn exceptions(view: &dyn View, all: bool, limit: usize) -> Found<Vec<Exception>> {
    let from = [if all { Table::ExceptionByAge } else { Table::ExceptionOpen } as u8];
    let mut ids = Vec::new();
    if limit > 0 {
        view.scan(&from, &after_prefix(&from), &mut |key, _| {
            ids.push(last_id(key, 1 + TIME_BYTES)?);
            Ok(ids.len() < limit)
        })?;
    }
    let exception = |id: Id| {
        let key = Key::of(Table::Exception).last(id.as_str());
        json(&key, target(view, &key)?.get(TIME_BYTES..).unwrap_or_default())
    };
    ids.into_iter().map(exception).collect()
}
