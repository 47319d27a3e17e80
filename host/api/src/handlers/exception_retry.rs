//! `POST /api/v1/exceptions/{id}/retry` and `POST /api/v1/exceptions/retry`

use axum::Extension;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::{ApiState, Problem, act};

/// Try again what failed: the process goes on at the same step with the same keys, so nothing that
/// already happened in a connected system happens twice.
#[utoipa::path(
    post, path = "/exceptions/{id}/retry", tag = "exceptions", operation_id = "retryException",
    params(("id" = String, Path, description = "Exception id"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded; the event's id, the deal's key", body = Object),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn exception_retry(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<Answer, Problem> {
    act::retry::retry(&state, &by, &key, &id).await
}

/// What the exceptions to retry have in common.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The vendor's or our own code.
    #[schema(examples("INSUFFICIENT_PERMISSION"))]
    code: String,
    /// The step that waits; any when it is left out.
    #[serde(default)]
    step: Option<String>,
}

/// Try again everything that failed for the same cause, once that is mended: at most 500 at once, the others
/// with the next request.
#[utoipa::path(
    post, path = "/exceptions/retry", tag = "exceptions", operation_id = "retryExceptions", request_body = Cause,
    params(("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded; the exceptions with their deals' keys, and how many are left", body = Object),
        (status = 404, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn exceptions_retry(
    State(state): State<ApiState>,
    Extension(by): Caller,
    key: IdempotencyKey,
    Json(cause): Json<Cause>,
) -> Result<Answer, Problem> {
    act::retry::retry_all(&state, &by, &key, &cause.code, cause.step.as_deref()).await
}
