//! `POST /api/v1/clock/advance`

use axum::Extension;
use axum::extract::State;
use quoin_canonical::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::Json;
use crate::act::clock::{self, ClockView};
use crate::guard::Caller;
use crate::{ApiState, Problem};

/// Where to set the clock.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    /// The instant; an earlier one than now changes nothing.
    #[schema(examples("2026-03-31T18:00:00Z"))]
    to: Timestamp,
}

/// Set the business clock forward, on a host started with a settable clock. Repeats are harmless.
#[utoipa::path(
    post, path = "/clock/advance", tag = "platform", operation_id = "advanceClock", request_body = Advance,
    responses((status = 200, description = "The clock as it now stands", body = ClockView), (status = 409, body = Problem))
)]
pub async fn clock_advance(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Json(advance): Json<Advance>,
) -> Result<axum::Json<ClockView>, Problem> {
    clock::advance(&state, &by, advance.to).map(axum::Json)
}
