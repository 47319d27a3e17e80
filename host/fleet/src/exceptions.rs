//! What of a plugin a person must look at.

use jiff::SignedDuration;
use ports::Op;
use process::{Cause, EventDraft, Exception, ExceptionStatus, Fault, FaultKind};
use quoin_canonical::{Id, Timestamp};
use serde_json::json;

/// Who looks after plugins.
const OWNER: &str = "platform-operations";

/// Time until somebody must have looked: a business day.
const DUE: SignedDuration = SignedDuration::from_hours(24);

/// Opens an exception about one version of a plugin; the same one for the same cause.
pub(crate) fn opened(
    plugin: &str,
    digest: &str,
    code: &str,
    message: &str,
    suggestion: &str,
    now: Timestamp,
) -> Vec<Op> {
    let id = Id::derived(&["exception", "plugin", plugin, digest, code]);
    let exception = Exception {
        instance: id.clone(),
        id,
        key: format!("plugin/{plugin}"),
        customer: String::new(),
        step: format!("plugin/{plugin}"),
        fault: Fault::new(FaultKind::Internal, code, message),
        amount: None,
        owner: OWNER.to_owned(),
        due: now.saturating_add(DUE).unwrap_or(now),
        suggestion: suggestion.to_owned(),
        opened_at: now,
        status: ExceptionStatus::Open,
    };
    let event = EventDraft {
        id: Id::derived(&["plugin", "exception.opened", exception.id.as_str(), &now.to_string()]),
        kind: "exception.opened".to_owned(),
        key: exception.key.clone(),
        at: now,
        cause: Cause { step: Some(exception.step.clone()), by: Some("the host".to_owned()), ..Cause::default() },
        body: json!({"exception": exception}),
    };
    vec![Op::Append(event), Op::PutException(exception)]
}

/// Resolves it, once what was wrong is gone.
pub(crate) fn resolved(exception: &Exception, by: &str, now: Timestamp) -> Vec<Op> {
    let mut exception = exception.clone();
    exception.status = ExceptionStatus::Resolved { at: now, by: by.to_owned() };
    let event = EventDraft {
        id: Id::derived(&["plugin", "exception.resolved", exception.id.as_str(), &now.to_string()]),
        kind: "exception.resolved".to_owned(),
        key: exception.key.clone(),
        at: now,
        cause: Cause { step: Some(exception.step.clone()), by: Some(by.to_owned()), ..Cause::default() },
        body: json!({"exception": exception.id, "by": by, "step": exception.step}),
    };
    vec![Op::Append(event), Op::PutException(exception)]
}
