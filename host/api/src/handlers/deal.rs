//! `GET /api/v1/deals/{key}`

use axum::Json;
use axum::extract::State;

use super::extract::Path;
use crate::read::{self, DealDetail};
use crate::{ApiState, Problem};

/// A deal in full: stages, money, invoices, revenue, exceptions.
#[utoipa::path(
    get, path = "/deals/{key}", tag = "deals", operation_id = "getDeal",
    params(("key" = String, Path, description = "Quote number", example = "Q-2026-0042")),
    responses((status = 200, description = "The deal", body = DealDetail), (status = 404, body = Problem))
)]
pub async fn deal(State(state): State<ApiState>, Path(key): Path<String>) -> Result<Json<DealDetail>, Problem> {
    read::deals::one(state.ledger.as_ref(), &key).await.map(Json)
}
