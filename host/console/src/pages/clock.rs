//! Setting the business clock of a demonstration.

use api::act::clock;
use api::{Principal, Problem};
use axum::Extension;
use axum::extract::{Form, State};
use axum::response::Redirect;
use quoin_canonical::Timestamp;
use serde::Deserialize;

use super::Refused;
use crate::ConsoleState;

/// What the form holds.
#[derive(Deserialize)]
pub struct ClockForm {
    to: String,
}

/// `POST /console/clock`
pub async fn advance(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Form(form): Form<ClockForm>,
) -> Result<Redirect, Refused> {
    let to: Timestamp = form.to.trim().parse().map_err(|_| {
        Problem::invalid("/to", format!("'{}' is no instant", form.to), "write it as 2026-03-31T18:00:00Z")
    })?;
    clock::advance(&state.api, &who, to)?;
    Ok(Redirect::to("/console/systems"))
}
