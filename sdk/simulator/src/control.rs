//! The control routes under `/_sim`: for tests and operators, never part of the vendor's surface.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Fault, FaultSpec, Kit, Refusal};

pub(crate) fn router(kit: Kit) -> Router {
    Router::new()
        .route("/ledger", get(ledger))
        .route("/requests", get(requests))
        .route("/faults", get(faults).post(plug_fault).delete(clear_faults))
        .route("/clock", get(clock).post(set_clock))
        .route("/act", get(actions))
        .route("/act/{action}", post(act))
        .route("/reset", post(reset))
        .fallback(unknown)
        .with_state(kit)
}

fn refused(status: StatusCode, reason: impl Into<String>) -> Response {
    (status, Json(json!({"error": reason.into()}))).into_response()
}

/// An empty body counts as `null`.
fn parse<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    let text: &[u8] = if body.is_empty() { b"null" } else { body };
    serde_json::from_slice(text)
        .map_err(|error| Refusal::new(format!("the body is not what this route takes: {error}")))
}

async fn ledger(State(kit): State<Kit>) -> Json<Value> {
    Json(kit.ledger.to_json())
}

#[derive(Deserialize)]
struct RequestsQuery {
    /// Only paths that start so.
    #[serde(default)]
    path: String,
}

async fn requests(State(kit): State<Kit>, Query(query): Query<RequestsQuery>) -> Json<Value> {
    let (total, peak_in_flight) = kit.requests().totals();
    let entries = kit.requests().entries(&query.path);
    Json(json!({"requests": entries, "total": total, "peak_in_flight": peak_in_flight}))
}

async fn faults(State(kit): State<Kit>) -> Json<Value> {
    Json(json!({"faults": kit.inner.faults.list()}))
}

async fn plug_fault(State(kit): State<Kit>, body: Bytes) -> Response {
    let spec: FaultSpec = match parse(&body) {
        Ok(spec) => spec,
        Err(refusal) => return refused(StatusCode::BAD_REQUEST, refusal.0),
    };
    if let Fault::Own(name) = &spec.fault {
        let dialect = kit.current_dialect();
        if !dialect.own_faults().contains(&name.as_str()) {
            let own = dialect.own_faults().join(", ");
            return refused(
                StatusCode::BAD_REQUEST,
                format!(
                    "no fault is called '{name}'; this vendor's own are: [{own}], the common ones are in the kit's README"
                ),
            );
        }
    }
    kit.plug(spec);
    faults(State(kit)).await.into_response()
}

async fn clear_faults(State(kit): State<Kit>) -> Json<Value> {
    kit.inner.faults.clear();
    faults(State(kit)).await
}

async fn clock(State(kit): State<Kit>) -> Json<Value> {
    Json(json!({"now": kit.now()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    now: Option<Timestamp>,
    advance_seconds: Option<i64>,
    /// With `now`: it stands still there.
    #[serde(default)]
    stands: bool,
}

async fn set_clock(State(kit): State<Kit>, body: Bytes) -> Response {
    let change: ClockChange = match parse(&body) {
        Ok(change) => change,
        Err(refusal) => return refused(StatusCode::BAD_REQUEST, refusal.0),
    };
    match (change.now, change.advance_seconds) {
        (Some(now), None) if change.stands => kit.clock().stand_at(now),
        (Some(now), None) => kit.clock().set(now),
        (None, Some(seconds)) if !change.stands => kit.clock().advance_seconds(seconds),
        _ => return refused(StatusCode::BAD_REQUEST, "give either 'now' (and 'stands') or 'advance_seconds'"),
    }
    clock(State(kit)).await.into_response()
}

async fn actions(State(kit): State<Kit>) -> Json<Value> {
    Json(json!({"actions": kit.actions()}))
}

async fn act(State(kit): State<Kit>, Path(name): Path<String>, body: Bytes) -> Response {
    let Some(action) = kit.find_action(&name) else {
        let known: Vec<String> = kit.actions().into_keys().collect();
        return refused(StatusCode::NOT_FOUND, format!("no action '{name}'; there are: {}", known.join(", ")));
    };
    let result = match parse(&body) {
        Ok(input) => (action.call)(input).await,
        Err(refusal) => Err(refusal),
    };
    match result {
        Ok(answer) => Json(answer).into_response(),
        Err(refusal) => refused(StatusCode::BAD_REQUEST, refusal.0),
    }
}

async fn reset(State(kit): State<Kit>) -> Json<Value> {
    kit.reset();
    Json(json!({"reset": true}))
}

async fn unknown() -> Response {
    refused(
        StatusCode::NOT_FOUND,
        "control routes are /_sim/ledger, /_sim/requests, /_sim/faults, /_sim/clock, /_sim/act/{action}, /_sim/reset",
    )
}
