//! `GET /api/v1/clock`

use axum::Json;
use axum::extract::State;

use crate::ApiState;
use crate::act::clock::{self, ClockView};

/// What the business clock shows, and whether it can be set.
#[utoipa::path(
    get, path = "/clock", tag = "platform", operation_id = "getClock",
    responses((status = 200, description = "The clock", body = ClockView))
)]
pub async fn clock_show(State(state): State<ApiState>) -> Json<ClockView> {
    Json(clock::show(&state))
}
