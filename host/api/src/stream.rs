//! Following the log: new events as they are committed, resumable, ending with the host.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event as SseEvent, KeepAlive, KeepAliveStream};
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt};
use ports::Ledger;
use process::Event;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::read::events::Filter;
use crate::{ApiState, Problem};

/// Seconds of silence after which a comment is sent: below the half minute after which proxies give up.
const KEEP_ALIVE_SECONDS: u64 = 15;

/// Events read from the ledger at once for one follower.
const BATCH: usize = 256;

struct Follower {
    ledger: Arc<dyn Ledger>,
    head: watch::Receiver<u64>,
    shutdown: watch::Receiver<bool>,
    filter: Filter,
    position: u64,
    ready: VecDeque<Arc<Event>>,
    _place: OwnedSemaphorePermit,
}

/// Events that pass the filter, after a sequence number (`None`: only what is new), for as long as
/// the host runs and the follower listens.
///
/// # Errors
/// 503 when too many streams are open.
pub fn follow(
    state: &ApiState,
    filter: Filter,
    after: Option<u64>,
) -> Result<impl Stream<Item = Arc<Event>> + Send + use<>, Problem> {
    let place = state.stream_place().ok_or_else(too_many)?;
    let head = state.ledger.head();
    let position = after.unwrap_or_else(|| *head.borrow());
    let follower = Follower {
        ledger: state.ledger.clone(),
        head,
        shutdown: state.shutdown.clone(),
        filter,
        position,
        ready: VecDeque::new(),
        _place: place,
    };
    Ok(stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    }))
}

/// The last sequence number of the log: where a page that was read just now goes on following.
pub fn head(state: &ApiState) -> u64 {
    *state.ledger.head().borrow()
}

/// Server-sent events with a comment now and then, so that proxies keep the connection.
pub type Live = KeepAliveStream<BoxStream<'static, Result<SseEvent, Infallible>>>;

/// The same as server-sent events.
///
/// # Errors
/// 503 when too many streams are open.
pub fn sse(state: &ApiState, filter: Filter, after: Option<u64>) -> Result<Sse<Live>, Problem> {
    let events = follow(state, filter, after)?.map(|event| Ok(as_sse(&event))).boxed();
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS))))
}

/// The sequence number in `Last-Event-ID`.
///
/// # Errors
/// When it is there and is none of ours.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let seq = value.to_str().ok().and_then(|text| text.parse().ok());
    seq.map(Some).ok_or_else(|| {
        Problem::invalid(
            "Last-Event-ID",
            "it is no sequence number of this log",
            "send back the id of the last event you saw",
        )
    })
}

impl Follower {
    async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if *self.shutdown.borrow() {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // Marked as seen before reading: what is committed during the read wakes us again.
            self.head.borrow_and_update();
            if !self.fill().await {
                tokio::select! {
                    changed = self.head.changed() => changed.ok()?,
                    _ = self.shutdown.wait_for(|stop| *stop) => return None,
                }
            }
        }
    }

    /// Reads on; whether there was anything, wanted or not.
    async fn fill(&mut self) -> bool {
        let events = match &self.filter.key {
            Some(key) => self.ledger.events_of_key(key, self.position, BATCH).await.into_iter().map(Arc::new).collect(),
            None => self.ledger.log(self.position, BATCH).await,
        };
        let Some(last) = events.last() else { return false };
        self.position = last.seq;
        self.ready.extend(events.into_iter().filter(|event| self.filter.admits(event)));
        true
    }
}

fn as_sse(event: &Event) -> SseEvent {
    let data = serde_json::to_string(event).unwrap_or_default();
    SseEvent::default().id(event.seq.to_string()).event(event.kind.as_str()).data(data)
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too-many-streams",
        format!("{} event streams are open, which is all there may be", crate::state::EVENT_STREAMS_MAX),
        "close a tab or a `--follow`, or read /api/v1/events by the page",
    )
}
