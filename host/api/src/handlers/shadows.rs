//! `POST /api/v1/rollouts/{plugin}/recording`, `GET` and `POST /api/v1/rollouts/{plugin}/shadow`

use axum::Extension;
use axum::Json as Body;
use axum::extract::State;
use ports::ShadowStatus;

use super::extract::{Json, Path};
use crate::act::shadow::{self, Comparison, Recording};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::{ApiState, Problem};

/// Record the next calls of every connection of a plugin: in the host's memory alone, secrets struck out, personal
/// data replaced by stand-ins. What was recorded before is forgotten.
#[utoipa::path(
    post, path = "/rollouts/{plugin}/recording", tag = "platform", operation_id = "recordCalls",
    request_body = Recording,
    params(("plugin" = String, Path, description = "Plugin id"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recording", body = Object),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn record(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(plugin): Path<String>,
    key: IdempotencyKey,
    Json(wanted): Json<Recording>,
) -> Result<Answer, Problem> {
    shadow::record(&state, &by, &key, &plugin, &wanted).await
}

/// What was recorded of a plugin's calls, and the latest comparison of two versions by them.
#[utoipa::path(
    get, path = "/rollouts/{plugin}/shadow", tag = "platform", operation_id = "getShadow",
    params(("plugin" = String, Path, description = "Plugin id")),
    responses((status = 200, description = "Recorded and compared", body = Object), (status = 404, body = Problem))
)]
pub async fn show(State(state): State<ApiState>, Path(plugin): Path<String>) -> Result<Body<ShadowStatus>, Problem> {
    shadow::status(&state, &plugin).await.map(Body)
}

/// Replay what was recorded through the version that serves and through another: what differs in canonical objects,
/// in requests, in money. With `approve`, take the differences of the latest comparison, so that a promotion that
/// requires one goes through.
#[utoipa::path(
    post, path = "/rollouts/{plugin}/shadow", tag = "platform", operation_id = "compareVersions",
    request_body = Comparison,
    params(("plugin" = String, Path, description = "Plugin id"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Compared, or approved", body = Object),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn compare(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(plugin): Path<String>,
    key: IdempotencyKey,
    Json(wanted): Json<Comparison>,
) -> Result<Answer, Problem> {
    shadow::compare(&state, &by, &key, &plugin, &wanted).await
}
