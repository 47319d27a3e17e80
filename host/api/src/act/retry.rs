//! Ask for another try of what failed for good.

use axum::http::StatusCode;
use policy::access::Permission;
use process::ExceptionStatus;
use quoin_canonical::Id;
use serde_json::json;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::{ApiState, Principal, Problem, read};

/// Records `exception.retry_requested`; the process goes on at the step that failed, under the same keys.
///
/// # Errors
/// 404 for an unknown exception, 409 for a resolved one.
pub async fn retry(state: &ApiState, by: &Principal, key: &IdempotencyKey, exception: &str) -> Result<Answer, Problem> {
    permit(by, Permission::RetryException)?;
    let payload = json!({ "exception": exception });
    let scope = Once { principal: by, route: "exceptions/retry", key, payload: &payload };
    once(state, &scope, async || {
        let hint = "GET /api/v1/exceptions lists those that are open";
        let id = Id::parse(exception).ok_or_else(|| Problem::not_found("exception", exception, hint))?;
        let found = read::exceptions::one(state.ledger.as_ref(), &id).await;
        let found = found.ok_or_else(|| Problem::not_found("exception", exception, hint))?;
        if let ExceptionStatus::Resolved { at, by } = &found.status {
            return Err(already_resolved(exception, &at.to_string(), by));
        }
        if found.key.starts_with('~') {
            return Err(retries_itself(exception));
        }
        let event = scope.id(&["retry"]);
        let body = json!({ "exception": id, "instance": found.instance, "step": found.step });
        let answer = json!({ "event": event, "key": found.key, "exception": id });
        let op = super::asked(event, "exception.retry_requested", &found.key, state.clock.now(), by, body);
        Ok(Effect { ops: vec![op], answer })
    })
    .await
}

/// Exceptions of a connection, and of no deal, have no process that could go on.
fn retries_itself(exception: &str) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "exception-retries-itself",
        format!("exception '{exception}' is about what a connection reads, and every reading tries again"),
        "mend what it names; it resolves by itself with the next reading",
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
