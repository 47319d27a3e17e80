//! The request log: what a client sent and what it was told, for tests and for the curious.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

/// Requests kept. Older ones are forgotten, so that a benchmark does not fill the memory.
const KEPT_REQUESTS: usize = 20_000;

/// Bytes of a body that are kept: enough for any single record.
const KEPT_BODY_BYTES: usize = 16 << 10;

/// One request and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedRequest {
    /// Position, from 1, in order of arrival.
    pub seq: u64,
    /// Simulator time of arrival.
    pub at: Timestamp,
    /// Method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query, as sent.
    pub query: Option<String>,
    /// Headers. Of `authorization` only the scheme is kept.
    pub headers: Vec<(String, String)>,
    /// Beginning of the body, at most 16 KiB.
    pub body: String,
    /// Requests being handled at that moment, this one included.
    pub in_flight: usize,
    /// Status of the answer; absent while there is none, and when the connection was cut.
    pub status: Option<u16>,
    /// Fault that the switchboard applied.
    pub fault: Option<String>,
    /// Microseconds from arrival to answer.
    pub micros: Option<u64>,
}

/// The log.
#[derive(Debug, Default)]
pub struct RequestLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    total: u64,
    peak_in_flight: usize,
    kept: VecDeque<LoggedRequest>,
}

impl RequestLog {
    pub(crate) fn open(&self, at: Timestamp, parts: &http::request::Parts, body: &[u8], in_flight: usize) -> u64 {
        let headers = parts.headers.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let shown = if name == http::header::AUTHORIZATION {
                format!("{} (withheld)", text.split_whitespace().next().unwrap_or_default())
            } else {
                text.into_owned()
            };
            (name.as_str().to_owned(), shown)
        });
        let kept_body = &body[..body.len().min(KEPT_BODY_BYTES)];
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.total += 1;
        state.peak_in_flight = state.peak_in_flight.max(in_flight);
        let entry = LoggedRequest {
            seq: state.total,
            at,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(Into::into),
            headers: headers.collect(),
            body: String::from_utf8_lossy(kept_body).into_owned(),
            in_flight,
            status: None,
            fault: None,
            micros: None,
        };
        if state.kept.len() == KEPT_REQUESTS {
            state.kept.pop_front();
        }
        state.kept.push_back(entry);
        state.total
    }

    pub(crate) fn close(&self, seq: u64, status: Option<u16>, fault: Option<&str>, micros: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let first = state.kept.front().map_or(0, |entry| entry.seq);
        let Some(index) = seq.checked_sub(first).and_then(|index| usize::try_from(index).ok()) else { return };
        if let Some(entry) = state.kept.get_mut(index) {
            entry.status = status;
            entry.fault = fault.map(Into::into);
            entry.micros = Some(micros);
        }
    }

    /// The kept requests whose path starts with `path_prefix`, in order of arrival.
    pub fn entries(&self, path_prefix: &str) -> Vec<LoggedRequest> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.kept.iter().filter(|entry| entry.path.starts_with(path_prefix)).cloned().collect()
    }

    /// Requests ever seen, and the most that were handled at the same time.
    pub fn totals(&self) -> (u64, usize) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.total, state.peak_in_flight)
    }

    pub(crate) fn reset(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }
}
