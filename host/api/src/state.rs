//! What the API needs from the house: ports, tokens, readiness checks, and the sign to stop.

use std::sync::Arc;

use ports::{Clock, Connectors, Ledger, Plugins, Rollouts, Transforms};
use quoin_canonical::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use utoipa::ToSchema;

use crate::guard::Token;

/// Event streams open at the same time. Each holds one connection and one task; a few hundred serve
/// every browser tab of a firm, and a leak shows up as refusals and not as a dead host.
pub const EVENT_STREAMS_MAX: usize = 256;

/// Sets the business clock to an instant, or says in words why it cannot be set to it.
pub type AdvanceClock = Arc<dyn Fn(Timestamp) -> Result<(), String> + Send + Sync>;

/// Everything the API reads and everything it can ask for. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The durable truth.
    pub ledger: Arc<dyn Ledger>,
    /// The connected systems: listed, and asked who we are there.
    pub connectors: Arc<dyn Connectors>,
    /// Loading and listing plugins.
    pub plugins: Arc<dyn Plugins>,
    /// Conversions of documents; absent on a host without transforms.
    pub transforms: Option<Arc<dyn Transforms>>,
    /// Versions of plugins; absent on a host that serves one version of each.
    pub rollouts: Option<Arc<dyn Rollouts>>,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// How to set the business clock; absent on a host that runs on real time.
    pub advance_clock: Option<AdvanceClock>,
    /// Who may call.
    pub tokens: Arc<[Token]>,
    /// What must hold before the host takes work.
    pub checks: Arc<[Check]>,
    /// What is running.
    pub version: Version,
    /// Becomes `true` when the host stops: event streams end then.
    pub shutdown: watch::Receiver<bool>,
    streams: Arc<Semaphore>,
}

/// The parts of an [`ApiState`] that have no default.
pub struct Wiring {
    /// The durable truth.
    pub ledger: Arc<dyn Ledger>,
    /// The connected systems.
    pub connectors: Arc<dyn Connectors>,
    /// Loading and listing plugins.
    pub plugins: Arc<dyn Plugins>,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// The sign to stop.
    pub shutdown: watch::Receiver<bool>,
}

impl ApiState {
    /// A state without tokens (every call is refused), without checks, on real time.
    pub fn new(wiring: Wiring) -> Self {
        Self {
            ledger: wiring.ledger,
            connectors: wiring.connectors,
            plugins: wiring.plugins,
            transforms: None,
            rollouts: None,
            clock: wiring.clock,
            advance_clock: None,
            tokens: Arc::from([]),
            checks: Arc::from([]),
            version: Version::default(),
            shutdown: wiring.shutdown,
            streams: Arc::new(Semaphore::new(EVENT_STREAMS_MAX)),
        }
    }

    /// Who may call.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Vec<Token>) -> Self {
        self.tokens = tokens.into();
        self
    }

    /// What must hold before the host takes work.
    #[must_use]
    pub fn with_checks(mut self, checks: Vec<Check>) -> Self {
        self.checks = checks.into();
        self
    }

    /// Conversions of documents.
    #[must_use]
    pub fn with_transforms(mut self, transforms: Arc<dyn Transforms>) -> Self {
        self.transforms = Some(transforms);
        self
    }

    /// Versions of plugins.
    #[must_use]
    pub fn with_rollouts(mut self, rollouts: Arc<dyn Rollouts>) -> Self {
        self.rollouts = Some(rollouts);
        self
    }

    /// How to set the business clock.
    #[must_use]
    pub fn with_settable_clock(mut self, advance: AdvanceClock) -> Self {
        self.advance_clock = Some(advance);
        self
    }

    /// What is running.
    #[must_use]
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// One of the places for an event stream; `None` when all are taken.
    pub(crate) fn stream_place(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        self.streams.clone().try_acquire_owned().ok()
    }
}

/// One readiness check: local only, so that a vendor's outage never takes the host out of service.
#[derive(Clone)]
pub struct Check {
    /// What it is about, such as `store`.
    pub name: String,
    /// Says in words what is missing, or nothing when all is well.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl Check {
    /// A named check.
    pub fn new(name: impl Into<String>, ready: impl Fn() -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { name: name.into(), ready: Arc::new(ready) }
    }
}

/// What is running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Semantic version of the host.
    #[schema(examples("0.1.0"))]
    pub version: String,
    /// Source revision it was built from, where the build knew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Plugin contract it speaks.
    #[schema(examples("1.0"))]
    pub contract: String,
}

impl Default for Version {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION").into(), commit: None, contract: "1.0".into() }
    }
}
