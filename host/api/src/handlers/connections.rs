//! `GET /api/v1/connections`

use axum::Json;
use axum::extract::State;

use crate::ApiState;
use crate::page::Page;
use crate::read::{self, ConnectionView};

/// Connected systems, by id; no configuration value and no secret.
#[utoipa::path(
    get, path = "/connections", tag = "platform", operation_id = "listConnections",
    responses((status = 200, description = "The connections", body = Page<ConnectionView>))
)]
pub async fn connections(State(state): State<ApiState>) -> Json<Page<ConnectionView>> {
    Json(Page::whole(read::platform::connections(&state)))
}
