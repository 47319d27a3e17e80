//! `GET /api/v1/rollouts`, `GET …/{plugin}`, `POST …/{plugin}`

use axum::Extension;
use axum::Json as Body;
use axum::extract::State;
use ports::Wanted;

use super::extract::{Json, Path};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::page::Page;
use crate::read::rollouts::{self as read, RolloutView};
use crate::{ApiState, Problem, act};

/// Plugins with their versions: which serves whom, on trial or for all, and how each does.
#[utoipa::path(
    get, path = "/rollouts", tag = "platform", operation_id = "listRollouts",
    responses((status = 200, description = "The plugins, by id", body = Page<RolloutView>))
)]
pub async fn list(State(state): State<ApiState>) -> Body<Page<RolloutView>> {
    Body(Page::whole(read::rollouts(&state).await))
}

/// One plugin with its versions.
#[utoipa::path(
    get, path = "/rollouts/{plugin}", tag = "platform", operation_id = "getRollout",
    params(("plugin" = String, Path, description = "Plugin id")),
    responses((status = 200, description = "The plugin", body = RolloutView), (status = 404, body = Problem))
)]
pub async fn show(State(state): State<ApiState>, Path(plugin): Path<String>) -> Result<Body<RolloutView>, Problem> {
    read::rollout(&state, &plugin).await.map(Body)
}

/// Decide which version serves whom: `{"decide": "promote", "version": "1.2.0"}`, `canary` with `share_percent` or
/// `connections`, `pin` and `unpin` with `connection`, `rollback` with `reason`. A version is named by number or by
/// the beginning of its digest. Calls under way finish where they are; a process stays with the version it began
/// with.
#[utoipa::path(
    post, path = "/rollouts/{plugin}", tag = "platform", operation_id = "decideRollout",
    request_body = Object,
    params(("plugin" = String, Path, description = "Plugin id"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded, and served from now on", body = RolloutView),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)
    )
)]
pub async fn decide(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(plugin): Path<String>,
    key: IdempotencyKey,
    Json(wanted): Json<Wanted>,
) -> Result<Answer, Problem> {
    act::rollout::decide(&state, &by, &key, &plugin, wanted).await
}
