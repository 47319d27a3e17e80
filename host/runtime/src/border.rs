//! Between the contract's shapes and the ports', checking everything on the way.

use ports::{
    CallError, ChangeOp, GuestFaultClass, Inbound, Item, ItemOutcome, ItemStatus, Page, ReadChange, ReadRequest,
    Reference, Reply, Secrets, Touched,
};
use process::{Fault, FaultKind};
use quoin_canonical::ObjectKind;
use serde_json::Value;

use crate::bindings::imports::quoin::types::types as border;
use crate::bindings::listens::exports::quoin::connector::webhook;
use crate::bindings::reads::exports::quoin::connector::source;
use crate::bindings::writes::exports::quoin::connector::sink;
use crate::canonical::{lift, lower};
use crate::fault::{guest, lifted};

/// Longest vendor id or version, bytes; vendors' are under a hundred.
const NAME_BYTES: usize = 1 << 10;
/// Longest cursor, bytes; it is stored with every page.
const CURSOR_BYTES: usize = 64 << 10;
/// Largest answer to a webhook, bytes; vendors read a status, sometimes a challenge.
const REPLY_BYTES: usize = 64 << 10;
/// Most records one webhook may point at.
const TOUCHED: usize = 1_000;
/// Most headers of a reply.
const REPLY_HEADERS: usize = 32;

fn malformed(message: impl Into<String>) -> CallError {
    guest(GuestFaultClass::Malformed, message)
}

/// Refuses more output than one call may return.
fn weigh(bytes: usize, limit_bytes: usize) -> Result<(), CallError> {
    if bytes > limit_bytes {
        let message = format!("returned {bytes} bytes; one call may return {limit_bytes}; ask for fewer records");
        return Err(guest(GuestFaultClass::OutputTooLarge, message));
    }
    Ok(())
}

fn name(what: &str, text: String) -> Result<String, CallError> {
    match text.len() {
        0 => Err(malformed(format!("{what} is empty"))),
        1..=NAME_BYTES => Ok(text),
        bytes => Err(malformed(format!("{what} has {bytes} bytes; at most {NAME_BYTES}"))),
    }
}

/// The kind behind an object's name, when the caller used one that exists.
pub fn kind_of(object: &str) -> Result<ObjectKind, CallError> {
    ObjectKind::parse(object).ok_or_else(|| {
        let known = ObjectKind::ALL.map(ObjectKind::as_str).join(", ");
        CallError::NotGranted(format!("there is no canonical object '{object}'; there are {known}"))
    })
}

fn kind_from_guest(object: &str) -> Result<ObjectKind, CallError> {
    ObjectKind::parse(object).ok_or_else(|| malformed(format!("there is no canonical object '{object}'")))
}

/// A read request, lowered.
pub fn request_out(request: ReadRequest) -> source::ReadRequest {
    source::ReadRequest {
        object: request.object,
        cursor: request.cursor,
        ids: request.ids,
        limit: request.limit,
        ext: Vec::new(),
    }
}

/// A page, lifted: every object valid and in normal form.
pub fn page_in(kind: ObjectKind, most: usize, page: source::Page, limit_bytes: usize) -> Result<Page, CallError> {
    if page.changes.len() > most {
        return Err(malformed(format!("returned {} changes where at most {most} were asked for", page.changes.len())));
    }
    weigh(page.changes.iter().map(|change| change.data.len() + change.external.len()).sum(), limit_bytes)?;
    if let Some(bytes) = page.next.as_ref().map(Vec::len).filter(|bytes| *bytes > CURSOR_BYTES) {
        return Err(malformed(format!("a cursor of {bytes} bytes; at most {CURSOR_BYTES}")));
    }
    let lift = |(at, change)| change_in(kind, change).map_err(|error| within("changes", at, error));
    let changes = page.changes.into_iter().enumerate().map(lift).collect::<Result<_, _>>()?;
    Ok(Page { changes, next: page.next, more: page.more })
}

fn change_in(kind: ObjectKind, change: source::Change) -> Result<ReadChange, CallError> {
    let (op, data) = match change.op {
        source::Op::Upsert => {
            let data = lift(kind, &change.data).map_err(|wrong| malformed(format!("/data{}", wrong.described())))?;
            (ChangeOp::Upsert, data)
        }
        source::Op::Delete => (ChangeOp::Delete, Value::Null),
    };
    let version = change.version.map(|version| name("version", version)).transpose()?;
    Ok(ReadChange { op, external: name("external", change.external)?, version, data })
}

/// Says in which element of a list something was wrong.
fn within(list: &str, at: usize, error: CallError) -> CallError {
    match error {
        CallError::Guest(guest) => {
            CallError::Guest(ports::GuestFault { message: format!("/{list}/{at}: {}", guest.message), ..guest })
        }
        other => other,
    }
}

/// Items, lowered: every object valid. A wrong one is the caller's fault, and nothing is sent.
pub fn items_out(kind: ObjectKind, items: &[Item]) -> Result<Vec<sink::Item>, CallError> {
    items.iter().enumerate().map(|(at, item)| item_out(kind, at, item)).collect()
}

fn item_out(kind: ObjectKind, at: usize, item: &Item) -> Result<sink::Item, CallError> {
    let data = if item.delete && item.data.is_null() {
        String::new()
    } else {
        lower(kind, &item.data).map_err(|wrong| {
            let fault = Fault::new(FaultKind::InvalidData, "NOT_CANONICAL", format!("item {at}: {wrong}"));
            CallError::Fault(Fault { field: Some(wrong.path), ..fault })
        })?
    };
    let reference = |reference: &Reference| border::Reference {
        object: reference.object.clone(),
        id: reference.id.clone(),
        external: reference.external.clone(),
    };
    Ok(sink::Item {
        key: item.key.clone(),
        id: item.id.clone(),
        external: item.external.clone(),
        data,
        delete: item.delete,
        if_version: None,
        references: item.references.iter().map(reference).collect(),
    })
}

/// Outcomes, lifted: one per item, in order, each consistent.
pub fn outcomes_in(
    kind: ObjectKind,
    items: &[Item],
    outcomes: Vec<sink::Outcome>,
    limit_bytes: usize,
    secrets: &dyn Secrets,
) -> Result<Vec<ItemOutcome>, CallError> {
    if outcomes.len() != items.len() {
        return Err(malformed(format!("answered {} items of {}", outcomes.len(), items.len())));
    }
    weigh(outcomes.iter().filter_map(|outcome| outcome.data.as_ref()).map(String::len).sum(), limit_bytes)?;
    let lift = |(at, (item, outcome)): (usize, (&Item, sink::Outcome))| {
        outcome_in(kind, item, outcome, secrets).map_err(|error| within("outcomes", at, error))
    };
    items.iter().zip(outcomes).enumerate().map(lift).collect()
}

fn outcome_in(
    kind: ObjectKind,
    item: &Item,
    outcome: sink::Outcome,
    secrets: &dyn Secrets,
) -> Result<ItemOutcome, CallError> {
    if outcome.key != item.key {
        return Err(malformed(format!("answers key '{}' where '{}' was asked", outcome.key, item.key)));
    }
    let status = status_in(outcome.status);
    let (is_there, failed) = match status {
        ItemStatus::Created | ItemStatus::Updated | ItemStatus::Unchanged => (true, false),
        ItemStatus::Deleted => (false, false),
        ItemStatus::Conflict | ItemStatus::Rejected | ItemStatus::Retry | ItemStatus::Unknown => (false, true),
    };
    if is_there && outcome.external.is_none() {
        return Err(malformed(format!("status {status:?} without the vendor's id (external)")));
    }
    if failed && outcome.fault.is_none() {
        return Err(malformed(format!("status {status:?} without a fault that says why")));
    }
    let data = outcome.data.as_deref().map(|json| lift(kind, json)).transpose();
    Ok(ItemOutcome {
        key: outcome.key,
        status,
        external: outcome.external.map(|external| name("external", external)).transpose()?,
        version: outcome.version.map(|version| name("version", version)).transpose()?,
        data: data.map_err(|wrong| malformed(format!("/data{}", wrong.described())))?,
        references: outcome.references.into_iter().map(reference_in).collect::<Result<_, _>>()?,
        fault: outcome.fault.map(|fault| lifted(fault, secrets)),
    })
}

fn reference_in(reference: border::Reference) -> Result<Reference, CallError> {
    kind_from_guest(&reference.object)?;
    Ok(Reference {
        object: reference.object,
        id: name("reference id", reference.id)?,
        external: name("reference external", reference.external)?,
    })
}

fn status_in(status: sink::Status) -> ItemStatus {
    match status {
        sink::Status::Created => ItemStatus::Created,
        sink::Status::Updated => ItemStatus::Updated,
        sink::Status::Unchanged => ItemStatus::Unchanged,
        sink::Status::Deleted => ItemStatus::Deleted,
        sink::Status::Conflict => ItemStatus::Conflict,
        sink::Status::Rejected => ItemStatus::Rejected,
        sink::Status::Retry => ItemStatus::Retry,
        sink::Status::Unknown => ItemStatus::Unknown,
    }
}

/// An inbound request, lowered.
pub fn inbound_out(inbound: Inbound) -> webhook::Inbound {
    webhook::Inbound { method: inbound.method, url: inbound.url, headers: inbound.headers, body: inbound.body }
}

/// A reply, lifted.
pub fn reply_in(reply: webhook::Reply) -> Result<Reply, CallError> {
    if !(200..600).contains(&reply.status) {
        return Err(malformed(format!("status {} is no final HTTP status", reply.status)));
    }
    if reply.headers.len() > REPLY_HEADERS {
        return Err(malformed(format!("{} headers; at most {REPLY_HEADERS}", reply.headers.len())));
    }
    if reply.touched.len() > TOUCHED {
        return Err(malformed(format!("{} touched records; at most {TOUCHED}", reply.touched.len())));
    }
    weigh(reply.body.len(), REPLY_BYTES)?;
    let touched = reply.touched.into_iter().map(|touched| {
        kind_from_guest(&touched.object)?;
        Ok(Touched { object: touched.object, external: name("touched external", touched.external)? })
    });
    Ok(Reply {
        status: reply.status,
        headers: reply.headers,
        body: reply.body,
        touched: touched.collect::<Result<_, CallError>>()?,
        delivery: reply.delivery.map(|delivery| name("delivery", delivery)).transpose()?,
    })
}
