//! Stands before the way out, and keeps what passes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ports::{CallContext, HttpRequest, HttpResponse, Outbound, SendError};

use crate::format::{Exchange, RecordedRequest, Reply};
use crate::scrub::Scrubber;

/// Exchanges kept at most when nobody takes them: the oldest is dropped. A page needs a few, a whole
/// day of a busy connection does not belong into memory.
const KEPT_EXCHANGES: usize = 4_096;

/// [`Outbound`] that records.
pub struct Recorder {
    inner: Arc<dyn Outbound>,
    scrubber: Scrubber,
    kept: Mutex<VecDeque<Kept>>,
}

/// An exchange, and whose it is.
struct Kept {
    connection: String,
    call: String,
    exchange: Exchange,
}

impl Recorder {
    /// Records what goes out through `inner`, scrubbed.
    pub fn new(inner: Arc<dyn Outbound>, scrubber: Scrubber) -> Self {
        Self { inner, scrubber, kept: Mutex::default() }
    }

    /// Takes what a connection's calls exchanged since the last time, in the order in which the answers came,
    /// each with the id of its call.
    pub fn take(&self, connection: &str) -> Vec<(String, Exchange)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, left) = std::mem::take(&mut *kept).into_iter().partition(|kept| kept.connection == connection);
        *kept = left;
        let taken: VecDeque<Kept> = taken;
        taken.into_iter().map(|kept| (kept.call, kept.exchange)).collect()
    }
}

#[async_trait]
impl Outbound for Recorder {
    async fn send(&self, call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let sent = RecordedRequest::of(&request);
        let result = self.inner.send(call, request).await;
        let exchange = self.scrubber.exchange(Exchange { request: sent, reply: Reply::of(&result) });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_EXCHANGES {
            kept.pop_front();
        }
        kept.push_back(Kept { connection: call.connection.clone(), call: call.call.clone(), exchange });
        drop(kept);
        result
    }
}
