//! `GET /api/v1/openapi.json`

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;

/// The document does not change while the host runs.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| crate::openapi().to_json().unwrap_or_default());

/// This document (OpenAPI 3.1).
#[utoipa::path(
    get, path = "/openapi.json", tag = "platform", operation_id = "describe",
    responses((status = 200, description = "The OpenAPI document", body = Object))
)]
pub async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}
