//! Keeps what a plugin's calls asked, exchanged and returned, while somebody wants it: in this process's memory
//! alone, bounded in number and size, secrets struck out and personal data replaced before anything is kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cassette::{Asked, Call, Exchange, Recorder, Returned, Scrubber};
use ports::{CallContext, CallTrace, Clock, HttpRequest, HttpResponse, Outbound, Secrets, SendError};

use super::private;

/// Calls of one recording at most: a day of a quiet connection, a minute of a busy one.
pub(crate) const CALLS_MAX: usize = 1_000;

/// What the vendor's answers of one recording may hold together, bytes: they lie in memory.
const BYTES_MAX: u64 = 64 << 20;

/// A way out that records for those who asked.
pub struct Tap {
    inner: Arc<dyn Outbound>,
    recorder: Recorder,
    scrubber: Scrubber,
    clock: Arc<dyn Clock>,
    recordings: Mutex<BTreeMap<String, Recording>>,
}

/// What was kept of one connection.
#[derive(Default)]
struct Recording {
    /// Calls still to come; none: it is over.
    left: usize,
    bytes: u64,
    calls: Vec<Call>,
    /// Exchanges of calls that are still under way, by call.
    pending: BTreeMap<String, Vec<Exchange>>,
}

impl Tap {
    /// A tap before the way out.
    pub fn new(inner: Arc<dyn Outbound>, secrets: Arc<dyn Secrets>, clock: Arc<dyn Clock>) -> Self {
        let recorder = Recorder::new(Arc::clone(&inner), Scrubber::new(Arc::clone(&secrets)));
        Self { inner, recorder, scrubber: Scrubber::new(secrets), clock, recordings: Mutex::default() }
    }

    /// Keeps the next calls of a connection; what was kept before is forgotten.
    pub(crate) fn begin(&self, connection: &str, calls: usize) {
        let recording = Recording { left: calls.min(CALLS_MAX), ..Recording::default() };
        self.with(|recordings| recordings.insert(connection.to_owned(), recording));
    }

    /// Calls that were kept of a connection, and how many are still to come.
    pub(crate) fn kept(&self, connection: &str) -> (Vec<Call>, usize) {
        self.with(|recordings| recordings.get(connection).map(|one| (one.calls.clone(), one.left)).unwrap_or_default())
    }

    /// Notes how a call ended.
    pub(crate) fn note(
        &self,
        connection: &str,
        trace: &CallTrace,
        asked: impl FnOnce() -> Asked,
        returned: impl FnOnce() -> Returned,
    ) {
        if !self.wants(connection) {
            return;
        }
        let taken = self.recorder.take(connection);
        self.with(|recordings| {
            let Some(recording) = recordings.get_mut(connection).filter(|recording| recording.left > 0) else { return };
            for (call, exchange) in taken {
                recording.pending.entry(call).or_default().push(exchange);
            }
            let exchanges = recording.pending.remove(&trace.call).unwrap_or_default();
            // A call that began before the recording lacks what it exchanged until then.
            if exchanges.len() != trace.calls.len() {
                return;
            }
            recording.left = recording.left.saturating_sub(1);
            recording.bytes += trace.calls.iter().map(|call| call.received_bytes + call.sent_bytes).sum::<u64>();
            if recording.bytes > BYTES_MAX {
                recording.left = 0;
            }
            let call = Call { asked: asked(), now: self.clock.now(), exchanges, returned: returned() };
            recording.calls.push(private::scrubbed(&self.scrubber, call));
            if recording.left == 0 {
                recording.pending.clear();
            }
        });
    }

    fn wants(&self, connection: &str) -> bool {
        self.with(|recordings| recordings.get(connection).is_some_and(|recording| recording.left > 0))
    }

    fn with<T>(&self, then: impl FnOnce(&mut BTreeMap<String, Recording>) -> T) -> T {
        then(&mut self.recordings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Outbound for Tap {
    async fn send(&self, call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        if self.wants(&call.connection) {
            self.recorder.send(call, request).await
        } else {
            self.inner.send(call, request).await
        }
    }
}
