//! Live updates: a sign that something was recorded. The page then fetches itself again, so that
//! what is shown is always what the server renders.

use std::convert::Infallible;
use std::time::Duration;

use api::Problem;
use api::read::events::Filter;
use api::stream::{follow, last_event_id};
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::{Stream, StreamExt};

use crate::ConsoleState;
use crate::session::query_value;

/// Seconds of silence after which a comment is sent, as in the API.
const KEEP_ALIVE_SECONDS: u64 = 15;

/// Signs of new events: of one deal with `?key=`, of all without; after `?after=` or `Last-Event-ID`.
pub async fn stream(
    State(state): State<ConsoleState>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let filter = Filter { key: query_value(&uri, "key"), kind: None };
    let after = last_event_id(&headers)?.or_else(|| query_value(&uri, "after")?.parse().ok());
    let signs = follow(&state.api, filter, after)?
        .map(|event| Ok(Event::default().id(event.seq.to_string()).data(&event.kind)));
    Ok(Sse::new(signs).keep_alive(KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS))))
}
