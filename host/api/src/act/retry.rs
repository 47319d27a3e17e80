//! Ask for another try of what failed for good: of one step, or of all that failed for the same cause.

use axum::http::StatusCode;
use policy::access::Permission;
use ports::Op;
use process::{Exception, ExceptionStatus};
use quoin_canonical::Id;
use serde_json::json;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::read::exceptions::{self, EXCEPTIONS_MAX};
use crate::{ApiState, Principal, Problem};

/// Exceptions that one request retries: their events are one commit, which everybody else waits for.
pub const RETRIES_MAX: usize = 500;

/// Where to look.
const HINT: &str = "GET /api/v1/exceptions lists those that are open";

/// Records `exception.retry_requested`; the process goes on at the step that failed, under the same keys.
///
/// # Errors
/// 404 for an unknown exception, 409 for a resolved one and for one that no process waits behind.
pub async fn retry(state: &ApiState, by: &Principal, key: &IdempotencyKey, exception: &str) -> Result<Answer, Problem> {
    permit(by, Permission::RetryException)?;
    let payload = json!({ "exception": exception });
    let scope = Once { principal: by, route: "exceptions/retry", key, payload: &payload };
    once(state, &scope, async || {
        let id = Id::parse(exception).ok_or_else(|| Problem::not_found("exception", exception, HINT))?;
        let found = exceptions::one(state.ledger.as_ref(), &id).await;
        let found = found.ok_or_else(|| Problem::not_found("exception", exception, HINT))?;
        if let ExceptionStatus::Resolved { at, by } = &found.status {
            return Err(already_resolved(exception, &at.to_string(), by));
        }
        if !found.holds_a_process() {
            return Err(resolves_itself(exception));
        }
        let event = scope.id(&["retry"]);
        let answer = json!({ "event": event, "key": found.key, "exception": id });
        Ok(Effect { ops: vec![asked(state, by, event, &found)], answer })
    })
    .await
}

/// The same for every open exception with this fault code, at this step when one is given.
///
/// # Errors
/// 404 when none can be retried.
pub async fn retry_all(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    code: &str,
    step: Option<&str>,
) -> Result<Answer, Problem> {
    permit(by, Permission::RetryException)?;
    let payload = json!({ "code": code, "step": step });
    let scope = Once { principal: by, route: "exceptions/retry-all", key, payload: &payload };
    once(state, &scope, async || {
        let mut same = state.ledger.exceptions(false, EXCEPTIONS_MAX).await;
        same.retain(|one| one.fault.code == code && step.is_none_or(|step| one.step == step));
        same.retain(exceptions::retriable);
        if same.is_empty() {
            return Err(nothing_of(code, step));
        }
        let left = same.len().saturating_sub(RETRIES_MAX);
        same.truncate(RETRIES_MAX);
        let ops = same.iter().map(|one| asked(state, by, scope.id(&["retry", one.id.as_str()]), one)).collect();
        let retried: Vec<_> = same.iter().map(|one| json!({ "exception": one.id, "key": one.key })).collect();
        Ok(Effect { ops, answer: json!({ "retried": retried, "left": left }) })
    })
    .await
}

fn asked(state: &ApiState, by: &Principal, event: Id, exception: &Exception) -> Op {
    let body = json!({ "exception": exception.id, "instance": exception.instance, "step": exception.step });
    super::asked(event, "exception.retry_requested", &exception.key, state.clock.now(), by, body)
}

fn nothing_of(code: &str, step: Option<&str>) -> Problem {
    let at = step.map_or(String::new(), |step| format!(" at the step '{step}'"));
    let detail = format!("no open exception with the code '{code}'{at} can be retried");
    Problem::new(StatusCode::NOT_FOUND, "no-exception-of-this-cause", detail, HINT)
}

/// Exceptions of a connection, a plugin or the conservation ledger have no process that could go on.
fn resolves_itself(exception: &str) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "exception-resolves-itself",
        format!("no process waits behind exception '{exception}'"),
        "mend what it names; it resolves by itself once that is well",
    )
}

fn already_resolved(exception: &str, at: &str, by: &str) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "exception-already-resolved",
        format!("exception '{exception}' was resolved by {by} at {at}"),
        "nothing is left to retry",
    )
}
