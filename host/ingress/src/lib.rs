//! The doors in: webhooks and polling. Bounded, proven, deduplicated; the raw envelope is durable
//! before anybody hears yes.
//!
//! Lives here: the webhook door (`webhook.rs`), the loop that reads again what webhooks point at
//! (`nudges.rs`), the poller (`poller.rs`), what both do with a page (`admission.rs`), and what of it
//! waits for a person (`attention.rs`).
//! Never enters: meaning (that is `process::intake`), a yes before the envelope is durable.

mod admission;
mod attention;
mod nudges;
mod poller;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, Connectors, Ids, Ledger};

pub use nudges::follow_nudges;
pub use poller::poll;
use process::intake::connection_key;
pub use webhook::router;

/// What every door needs.
#[derive(Clone)]
pub struct Doors {
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// The connected systems.
    pub connectors: Arc<dyn Connectors>,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn Ids>,
    /// Our own address as vendors call it, such as `https://quoin.example`: part of some proofs.
    pub public_url: String,
}

/// A stream to poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Connection.
    pub connection: String,
    /// Canonical object kind.
    pub object: String,
    /// Pause after a poll that found nothing more.
    pub every: Duration,
}

/// Changes asked for in one page: large enough that a call's fixed cost vanishes, small enough
/// that a page fits the guest's memory.
const PAGE_CHANGES: u32 = 500;

/// Longest pause between attempts while a system does not answer.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// First pause.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// The pause after a number of failures in a row.
fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(failures.min(12))).min(MAX_BACKOFF)
}
