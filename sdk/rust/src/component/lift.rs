//! Between the generated shapes and the SDK's own.

use quoin_canonical::ObjectKind;

use super::bindings::imports::quoin::types::types as border;
use super::bindings::reads::exports::quoin::connector::source;
use super::bindings::writes::exports::quoin::connector::sink;
use crate::{Change, Fault, FaultKind, Item, Op, Outcome, Page, ReadRequest, Reference, Status};

pub fn kind_in(name: &str) -> Result<ObjectKind, border::Fault> {
    ObjectKind::parse(name).ok_or_else(|| {
        fault_out(Fault::new(FaultKind::Unsupported, "UNKNOWN_OBJECT", format!("this SDK knows no object '{name}'")))
    })
}

pub fn fault_in(fault: border::Fault) -> Fault {
    use border::FaultKind as Border;
    let kind = match fault.kind {
        Border::AuthExpired => FaultKind::AuthExpired,
        Border::Permission => FaultKind::Permission,
        Border::NotFound => FaultKind::NotFound,
        Border::Conflict => FaultKind::Conflict,
        Border::InvalidData => FaultKind::InvalidData,
        Border::RateLimited => FaultKind::RateLimited,
        Border::Transient => FaultKind::Transient,
        Border::Unavailable => FaultKind::Unavailable,
        Border::Unsupported => FaultKind::Unsupported,
        Border::Config => FaultKind::Config,
        Border::Internal => FaultKind::Internal,
        Border::Other => FaultKind::Other,
    };
    Fault { kind, code: fault.code, message: fault.message, field: fault.field, retry_after_ms: fault.retry_after_ms }
}

pub fn fault_out(fault: Fault) -> border::Fault {
    use border::FaultKind as Border;
    let kind = match fault.kind {
        FaultKind::AuthExpired => Border::AuthExpired,
        FaultKind::Permission => Border::Permission,
        FaultKind::NotFound => Border::NotFound,
        FaultKind::Conflict => Border::Conflict,
        FaultKind::InvalidData => Border::InvalidData,
        FaultKind::RateLimited => Border::RateLimited,
        FaultKind::Transient => Border::Transient,
        FaultKind::Unavailable => Border::Unavailable,
        FaultKind::Unsupported => Border::Unsupported,
        FaultKind::Config => Border::Config,
        FaultKind::Internal => Border::Internal,
        FaultKind::Other => Border::Other,
    };
    border::Fault {
        kind,
        code: fault.code,
        message: fault.message,
        field: fault.field,
        retry_after_ms: fault.retry_after_ms,
        ext: Vec::new(),
    }
}

pub fn request_in(request: source::ReadRequest) -> Result<ReadRequest, border::Fault> {
    let object = kind_in(&request.object)?;
    Ok(ReadRequest { object, cursor: request.cursor, ids: request.ids, limit: request.limit })
}

pub fn page_out(page: Page) -> source::Page {
    source::Page {
        changes: page.changes.into_iter().map(change_out).collect(),
        next: page.next,
        more: page.more,
        cursor_format: page.cursor_format,
    }
}

fn change_out(change: Change) -> source::Change {
    let op = match change.op {
        Op::Upsert => source::Op::Upsert,
        Op::Delete => source::Op::Delete,
    };
    source::Change { op, external: change.external, version: change.version, data: change.data }
}

pub fn item_in(item: sink::Item) -> Item {
    Item {
        key: item.key,
        id: item.id,
        external: item.external,
        delete: item.delete,
        if_version: item.if_version,
        references: item.references.into_iter().map(reference_in).collect(),
        data: item.data,
    }
}

pub fn outcome_out(outcome: Outcome) -> sink::Outcome {
    let status = match outcome.status {
        Status::Created => sink::Status::Created,
        Status::Updated => sink::Status::Updated,
        Status::Unchanged => sink::Status::Unchanged,
        Status::Deleted => sink::Status::Deleted,
        Status::Conflict => sink::Status::Conflict,
        Status::Rejected => sink::Status::Rejected,
        Status::Retry | Status::Absent => sink::Status::Retry,
        Status::Unknown => sink::Status::Unknown,
    };
    sink::Outcome {
        key: outcome.key,
        status,
        external: outcome.external,
        version: outcome.version,
        data: outcome.data,
        references: outcome.references.into_iter().map(reference_out).collect(),
        fault: outcome.fault.map(fault_out),
    }
}

fn reference_in(reference: border::Reference) -> Reference {
    Reference { object: reference.object, id: reference.id, external: reference.external }
}

fn reference_out(reference: Reference) -> border::Reference {
    border::Reference { object: reference.object, id: reference.id, external: reference.external }
}
