//! `POST /api/v1/exceptions/{id}/retry`

use axum::Extension;
use axum::extract::State;

use super::extract::Path;
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
