//! `GET /api/v1/whoami`

use axum::{Extension, Json};

use crate::Principal;
use crate::guard::Caller;

/// Whose token this is, and its role.
#[utoipa::path(
    get, path = "/whoami", tag = "platform", operation_id = "whoami",
    responses((status = 200, description = "The caller", body = Principal))
)]
pub async fn whoami(Extension(caller): Caller) -> Json<Principal> {
    Json(caller)
}
