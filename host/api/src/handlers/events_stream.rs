//! `GET /api/v1/events/stream`

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::Query;
use crate::read::events::Filter;
use crate::{ApiState, Problem, stream};

/// Which events to follow.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// Of this business key only.
    key: Option<String>,
    /// Of this kind only; of every kind that starts so when it ends in a dot.
    kind: Option<String>,
    /// Begin after this sequence number; without it and without `Last-Event-ID`, only what is new.
    after: Option<u64>,
}

/// New events as they are recorded (server-sent events). The id of each is its sequence number, so a
/// client that reconnects with `Last-Event-ID` misses nothing.
#[utoipa::path(
    get, path = "/events/stream", tag = "events", operation_id = "followEvents", params(StreamQuery),
    responses(
        (status = 200, description = "Events: `id` is the sequence number, `event` the kind, `data` the event as JSON", content_type = "text/event-stream", body = String),
        (status = 503, description = "Too many streams are open", body = Problem)
    )
)]
pub async fn events_stream(
    State(state): State<ApiState>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = Filter { key: query.key, kind: query.kind };
    let after = stream::last_event_id(&headers)?.or(query.after);
    Ok(stream::sse(&state, filter, after)?.into_response())
}
