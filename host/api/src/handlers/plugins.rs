//! `GET /api/v1/plugins`

use axum::Json;
use axum::extract::State;

use crate::ApiState;
use crate::page::Page;
use crate::read::{self, PluginView};

/// Loaded plugins, by id.
#[utoipa::path(
    get, path = "/plugins", tag = "platform", operation_id = "listPlugins",
    responses((status = 200, description = "The plugins", body = Page<PluginView>))
)]
pub async fn plugins(State(state): State<ApiState>) -> Json<Page<PluginView>> {
    Json(Page::whole(read::platform::plugins(&state)))
}
