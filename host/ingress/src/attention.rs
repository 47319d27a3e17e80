//! What of a connection waits for a person: a stream that cannot be read any more, and records that
//! point at something nobody knows. Both open an exception with an owner and what to do, and both
//! resolve it by themselves once the cause is gone.

use ports::{CallError, Commit, Op};
use process::{Cause, EventDraft, Exception, ExceptionStatus, Fault, FaultKind};
use quoin_canonical::{Id, ObjectKind, Timestamp};
use serde_json::{Value, json};

use crate::{Doors, Stream, connection_key};

/// Collection of open exceptions of connections, by cause; `Null` once resolved.
const ATTENTION: &str = "attention";

/// Hours a person has.
const DUE_HOURS: i64 = 24;

/// How long a record may wait for what it points at before a person is asked. Records of two systems
/// reach us minutes apart, and a set-up under way makes what time is booked on.
pub(crate) const UNMATCHED_GRACE: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// Who resolves what resolves itself.
const OURSELVES: &str = "the next reading";

/// A stream's exception, while there is one.
pub(crate) struct StreamTrouble {
    connection: String,
    object: ObjectKind,
    open: Option<Exception>,
}

impl StreamTrouble {
    /// As it was left by an earlier run.
    pub(crate) async fn load(doors: &Doors, stream: &Stream, object: ObjectKind) -> Self {
        let open = find(doors, &stream_cause(&stream.connection, object)).await;
        Self { connection: stream.connection.clone(), object, open }
    }

    /// Reading failed; when only a person can mend that, an exception is opened, once per reason.
    pub(crate) async fn failed(&mut self, doors: &Doors, fault: &Fault) {
        let known =
            self.open.as_ref().is_some_and(|open| open.fault.code == fault.code && open.fault.field == fault.field);
        if known || !needs_a_person(fault.kind) {
            return;
        }
        let now = doors.clock.now();
        let cause = stream_cause(&self.connection, self.object);
        let mut ops = self.open.take().map(|open| resolved(&cause, open, now)).unwrap_or_default();
        let field = fault.field.as_deref().unwrap_or_default();
        let subject =
            Subject { connection: &self.connection, object: self.object, id: &["stream", &fault.code, field] };
        let exception = subject.exception(fault.clone(), self.suggestion(fault.kind), now);
        ops.extend(opened(&cause, &exception));
        if store(doors, ops).await {
            self.open = Some(exception);
        }
    }

    /// Reading works (again).
    pub(crate) async fn works(&mut self, doors: &Doors) {
        let Some(open) = self.open.take() else { return };
        let ops = resolved(&stream_cause(&self.connection, self.object), open.clone(), doors.clock.now());
        if !store(doors, ops).await {
            self.open = Some(open);
        }
    }

    fn suggestion(&self, kind: FaultKind) -> String {
        let Self { connection, object, .. } = self;
        match kind {
            FaultKind::InvalidData => format!(
                "Mend the field named above in '{connection}'. The {object} is read again by itself; others are read meanwhile."
            ),
            FaultKind::AuthExpired | FaultKind::Permission => format!(
                "Renew the credential of '{connection}' (quoin secret set) or its rights there. Reading goes on by itself where it stopped."
            ),
            _ => format!(
                "Mend the configuration of '{connection}' as said above. Reading goes on by itself where it stopped."
            ),
        }
    }
}

/// A fault of reading, when the connector told one.
pub(crate) fn fault_of(error: &CallError) -> Option<Fault> {
    match error {
        CallError::Fault(fault) => Some(fault.clone()),
        CallError::Guest(_) | CallError::NoConnection(_) | CallError::NotGranted(_) | CallError::Barred { .. } => None,
    }
}

/// Whether waiting does not help.
fn needs_a_person(kind: FaultKind) -> bool {
    match kind {
        FaultKind::AuthExpired
        | FaultKind::Permission
        | FaultKind::NotFound
        | FaultKind::Conflict
        | FaultKind::InvalidData
        | FaultKind::Unsupported
        | FaultKind::Config => true,
        FaultKind::RateLimited
        | FaultKind::Transient
        | FaultKind::Unavailable
        | FaultKind::Internal
        | FaultKind::Other => false,
    }
}

/// A record of `object` that has waited too long for the `missing` record with this vendor id: one
/// exception for all records that wait for the same thing.
pub(crate) async fn unmatched(
    doors: &Doors,
    connection: &str,
    object: ObjectKind,
    record: &str,
    (missing, external): (&str, &str),
) -> Vec<Op> {
    let cause = unmatched_cause(connection, missing, external);
    if find(doors, &cause).await.is_some() {
        return Vec::new();
    }
    let message =
        format!("{object} {record} of '{connection}' points at {missing} {external}, which belongs to no deal here");
    let fault = Fault { field: Some(format!("/{missing}")), ..Fault::new(FaultKind::NotFound, "UNMATCHED", message) };
    let suggestion = format!(
        "If it belongs to a deal, move it to that deal's {missing} in '{connection}'; if not, remove it there or narrow what the connection reads. It is read again by itself."
    );
    let subject = Subject { connection, object, id: &["unmatched", missing, external] };
    opened(&cause, &subject.exception(fault, suggestion, doors.clock.now())).into()
}

/// What a record waited for is known now.
pub(crate) async fn matched(doors: &Doors, connection: &str, missing: &str, external: &str) -> Vec<Op> {
    let cause = unmatched_cause(connection, missing, external);
    match find(doors, &cause).await {
        Some(open) => resolved(&cause, open, doors.clock.now()),
        None => Vec::new(),
    }
}

/// What an exception is about.
struct Subject<'a> {
    connection: &'a str,
    object: ObjectKind,
    id: &'a [&'a str],
}

impl Subject<'_> {
    fn exception(&self, fault: Fault, suggestion: String, now: Timestamp) -> Exception {
        let Self { connection, object, id } = self;
        let mut parts = vec!["exception", connection, object.as_str()];
        parts.extend(*id);
        Exception {
            id: Id::derived(&parts),
            key: connection_key(connection),
            customer: String::new(),
            instance: Id::derived(&["intake", connection, object.as_str()]),
            step: format!("intake/{connection}/{object}"),
            amount: None,
            owner: owner(*object, fault.kind).to_owned(),
            due: now.saturating_add(jiff::SignedDuration::from_hours(DUE_HOURS)).unwrap_or(now),
            suggestion,
            opened_at: now,
            status: ExceptionStatus::Open,
            fault,
        }
    }
}

/// Who can mend it: content belongs to those who enter it, access to those who run the platform.
fn owner(object: ObjectKind, kind: FaultKind) -> &'static str {
    match (kind, object) {
        (FaultKind::AuthExpired | FaultKind::Permission | FaultKind::Config | FaultKind::Unsupported, _) => {
            "platform-operations"
        }
        (_, ObjectKind::Quote | ObjectKind::Customer) => "sales-operations",
        (_, ObjectKind::Payment | ObjectKind::Invoice | ObjectKind::ProjectFinancials) => "finance-operations",
        _ => "delivery-operations",
    }
}

fn stream_cause(connection: &str, object: ObjectKind) -> String {
    format!("stream/{connection}/{object}")
}

fn unmatched_cause(connection: &str, missing: &str, external: &str) -> String {
    format!("unmatched/{connection}/{missing}/{external}")
}

async fn find(doors: &Doors, cause: &str) -> Option<Exception> {
    let (stored, _) = doors.ledger.document(ATTENTION, cause).await?;
    serde_json::from_value(stored).ok()
}

fn opened(cause: &str, exception: &Exception) -> [Op; 3] {
    let body = json!({"exception": exception});
    [
        remember(cause, json!(exception)),
        Op::PutException(exception.clone()),
        Op::Append(told(exception, "exception.opened", exception.opened_at, body)),
    ]
}

fn resolved(cause: &str, mut exception: Exception, now: Timestamp) -> Vec<Op> {
    exception.status = ExceptionStatus::Resolved { at: now, by: OURSELVES.to_owned() };
    let body = json!({"exception": exception.id, "by": OURSELVES, "step": exception.step});
    let event = told(&exception, "exception.resolved", now, body);
    vec![remember(cause, Value::Null), Op::PutException(exception), Op::Append(event)]
}

fn remember(cause: &str, value: Value) -> Op {
    Op::PutDocument { collection: ATTENTION.to_owned(), key: cause.to_owned(), value: value.into() }
}

fn told(exception: &Exception, kind: &str, at: Timestamp, body: Value) -> EventDraft {
    let opened_at = exception.opened_at.to_string();
    EventDraft {
        id: Id::derived(&[kind, exception.id.as_str(), &opened_at]),
        kind: kind.to_owned(),
        key: exception.key.clone(),
        at,
        cause: Cause { step: Some(exception.step.clone()), ..Cause::default() },
        body,
    }
}

async fn store(doors: &Doors, ops: Vec<Op>) -> bool {
    match doors.ledger.commit(Commit { expect: Vec::new(), ops }).await {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(%error, "an exception of a connection could not be recorded; it is tried again with the next reading");
            false
        }
    }
}
