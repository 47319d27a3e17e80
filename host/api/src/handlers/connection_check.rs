//! `POST /api/v1/connections/{id}/check` and `/discover`

use axum::extract::{Path, State};
use axum::{Extension, Json};
use ports::CheckReport;
use serde_json::Value;

use crate::act::ask;
use crate::guard::Caller;
use crate::{ApiState, Problem};

/// Ask the vendor who we are there and what is missing. Reads only.
#[utoipa::path(
    post, path = "/connections/{id}/check", tag = "platform", operation_id = "checkConnection",
    params(("id" = String, Path, description = "Connection id", example = "crm")),
    responses(
        (status = 200, description = "Account, scopes, warnings", body = Object),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 502, body = Problem)
    )
)]
pub async fn connection_check(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(id): Path<String>,
) -> Result<Json<CheckReport>, Problem> {
    ask::check(&state, &by, &id).await.map(Json)
}

/// Ask the vendor for its schema of the mapped objects. Reads only.
#[utoipa::path(
    post, path = "/connections/{id}/discover", tag = "platform", operation_id = "discoverConnection",
    params(("id" = String, Path, description = "Connection id", example = "crm")),
    responses(
        (status = 200, description = "The schema, as the vendor has it", body = Object),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 502, body = Problem)
    )
)]
pub async fn connection_discover(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    ask::discover(&state, &by, &id).await.map(Json)
}
