//! Move the business clock, on hosts where it can be set.

use axum::http::StatusCode;
use policy::access::Permission;
use quoin_canonical::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guard::permit;
use crate::{ApiState, Principal, Problem};

/// The business clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// Now.
    pub now: Timestamp,
    /// Whether it can be set.
    pub settable: bool,
}

/// What the clock shows.
pub fn show(state: &ApiState) -> ClockView {
    ClockView { now: state.clock.now(), settable: state.advance_clock.is_some() }
}

/// Sets the clock forward. Setting it to where it is, or was, changes nothing, so a repeat is harmless.
///
/// # Errors
/// 409 on a host that runs on real time, or when the clock refuses.
pub fn advance(state: &ApiState, by: &Principal, to: Timestamp) -> Result<ClockView, Problem> {
    permit(by, Permission::SetClock)?;
    let advance = state.advance_clock.as_ref().ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "clock-not-settable",
            "this host runs on real time",
            "a settable clock is for demonstrations: set `settable = true` under [clock] in quoin.toml",
        )
    })?;
    if to > state.clock.now() {
        advance(to).map_err(|reason| {
            Problem::new(StatusCode::CONFLICT, "clock-refused", reason, "choose a later instant").at("/to", "refused")
        })?;
        tracing::info!(by = %by.name, %to, "business clock set");
    }
    Ok(show(state))
}
