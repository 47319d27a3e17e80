//! Versions of a plugin, side by side: how they are made ready, who serves, and how they do.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use quoin_canonical::Timestamp;
use quoin_package::Manifest;
use rollout::{Health, Origin, Rollout, Serving, State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::{Called, Item, ItemOutcome, Outbound, Page, PluginInfo, ReadRequest};

/// A component with its manifest, as somebody handed it in.
#[derive(Debug, Clone)]
pub struct Package {
    /// The component.
    pub component: Vec<u8>,
    /// `connector.toml`.
    pub manifest: String,
    /// Where it came from, in words.
    pub source: String,
}

/// A version that is ready to serve.
#[derive(Debug, Clone)]
pub struct Staged {
    /// What was loaded.
    pub info: PluginInfo,
    /// Its manifest.
    pub manifest: Arc<Manifest>,
    /// What was done, in order.
    pub steps: Vec<LoadStep>,
}

/// A step on the way from a file to serving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadStep {
    /// What: `inspected`, `compiled`, `described`, …
    pub step: String,
    /// How long it took, microseconds.
    pub micros: u64,
}

/// A loaded version, and how it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionStatus {
    /// What was loaded.
    pub info: PluginInfo,
    /// Calls under way.
    pub in_flight: u64,
    /// How its calls ended since it was loaded.
    pub health: Health,
    /// The latest faults of its own, the newest first.
    pub last_faults: Vec<SeenFault>,
}

/// A fault of a plugin's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFault {
    /// When.
    pub at: Timestamp,
    /// The connection that was served.
    pub connection: String,
    /// Class, such as `PLUGIN_TRAP`.
    pub code: String,
    /// What was seen.
    pub message: String,
}

/// The sandbox's side: holds versions ready, and routes as it is told.
#[async_trait]
pub trait Versions: Send + Sync {
    /// Makes a version ready: inspected, compiled, probed, described. Nothing is routed to it. A version that
    /// is ready already is told again.
    ///
    /// # Errors
    /// What is wrong and how to mend it; nothing changed.
    async fn stage(&self, component: Vec<u8>, manifest: String) -> Result<Staged, String>;

    /// Whether everything that `serving` names is ready and fits the connections it would serve.
    ///
    /// # Errors
    /// What does not fit, with the connection.
    fn fits(&self, plugin: &str, serving: &Serving) -> Result<(), String>;

    /// From now on calls go where `serving` says; calls under way finish where they are.
    ///
    /// # Errors
    /// As [`Versions::fits`]; nothing changed.
    fn serve(&self, plugin: &str, serving: Serving) -> Result<(), String>;

    /// Forgets a version; its code goes when the last call under way has finished. Not while it serves.
    fn retire(&self, plugin: &str, digest: &str);

    /// Every version that is ready, and those that still finish calls.
    fn versions(&self) -> Vec<VersionStatus>;

    /// The manifest of a version that is ready.
    fn manifest(&self, plugin: &str, digest: &str) -> Option<Arc<Manifest>>;

    /// A number that changes whenever somebody else serves.
    fn routed(&self) -> watch::Receiver<u64>;

    /// A number that changes with every fault of a plugin's own.
    fn trouble(&self) -> watch::Receiver<u64>;

    /// One call of a version as if it served the connection, with another way out and at another instant. It is
    /// counted nowhere.
    async fn replay(
        &self,
        connection: &str,
        digest: &str,
        ask: Ask,
        now: Timestamp,
        outbound: Arc<dyn Outbound>,
    ) -> Called<Answer>;
}

/// What a replayed call asks.
#[derive(Debug, Clone)]
pub enum Ask {
    /// A page.
    Read(ReadRequest),
    /// Writing.
    Apply {
        /// Canonical object kind.
        object: String,
        /// What to write.
        items: Vec<Item>,
    },
    /// What became of items.
    Lookup {
        /// Canonical object kind.
        object: String,
        /// The items.
        items: Vec<Item>,
    },
}

/// What a replayed call returned.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A page.
    Page(Page),
    /// One outcome per item.
    Outcomes(Vec<ItemOutcome>),
}

/// What was recorded of a plugin's calls, and what came of comparing versions by them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShadowStatus {
    /// Plugin id.
    pub plugin: String,
    /// Calls that were kept.
    pub recorded: usize,
    /// Calls that are still to be kept.
    pub to_come: usize,
    /// The latest comparison.
    pub report: Option<ShadowReport>,
}

/// What two versions made of the same recorded calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShadowReport {
    /// Plugin id.
    pub plugin: String,
    /// The version that served.
    pub baseline: String,
    /// Its component, hex SHA-256.
    pub baseline_digest: String,
    /// The version that was compared with it.
    pub candidate: String,
    /// Its component, hex SHA-256.
    pub candidate_digest: String,
    /// When.
    pub at: Timestamp,
    /// Calls that were replayed.
    pub calls: usize,
    /// Calls among them in which the version that served did not do again what it had done: nothing to compare.
    pub skipped: usize,
    /// Calls that differ.
    pub differing: usize,
    /// Amounts in the results, by currency, where they differ.
    pub money: Vec<MoneyChange>,
    /// What differs; personal data is replaced by stand-ins.
    pub differences: Vec<ShadowDifference>,
    /// Who took the differences.
    pub approved_by: Option<String>,
}

/// All amounts of a currency together, in both versions' results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyChange {
    /// ISO 4217.
    pub currency: String,
    /// By the version that served.
    pub baseline: String,
    /// By the other.
    pub candidate: String,
    /// The other's less the first's.
    pub change: String,
}

/// One difference. Absent on one side is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShadowDifference {
    /// Connection.
    pub connection: String,
    /// Which call: `read customer`.
    pub call: String,
    /// `result` or `request`.
    pub of: String,
    /// JSON pointer into the result, or method and address of the request with a pointer.
    pub path: String,
    /// By the version that served.
    pub baseline: Option<Value>,
    /// By the other.
    pub candidate: Option<Value>,
}

/// What a person asks to be decided; versions are named by number, or by the beginning of their digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decide", rename_all = "snake_case", deny_unknown_fields)]
pub enum Wanted {
    /// A version serves everything new.
    Promote {
        /// Which.
        version: String,
        /// Take a version that asks for more than the one that serves.
        #[serde(default)]
        accept: bool,
        /// Only when a replay of recorded calls showed no difference, or one that was approved.
        #[serde(default)]
        require_shadow: bool,
    },
    /// A version is tried.
    Canary {
        /// Which.
        version: String,
        /// Of a hundred processes, deliveries or streams, so many.
        #[serde(default)]
        share_percent: u8,
        /// All of these connections.
        #[serde(default)]
        connections: BTreeSet<String>,
        /// Take a version that asks for more than the one that serves.
        #[serde(default)]
        accept: bool,
    },
    /// A connection stays with a version.
    Pin {
        /// Which connection.
        connection: String,
        /// Which version.
        version: String,
    },
    /// A connection goes with everybody again.
    Unpin {
        /// Which.
        connection: String,
    },
    /// The trial ends; without one, the promotion before the last holds again.
    Rollback {
        /// Why.
        reason: String,
    },
}

/// Why a decision was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RolloutError {
    /// There is no such plugin.
    #[error("there is no plugin '{0}'")]
    Unknown(String),
    /// It may not be, and what may.
    #[error("{0}")]
    Refused(String),
    /// The store takes nothing; what held before still holds.
    #[error("the decision could not be recorded: {0}")]
    Store(String),
}

/// A plugin with everything decided about it, and how its versions do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolloutStatus {
    /// What was decided.
    pub rollout: Rollout,
    /// Versions, the newest first.
    pub versions: Vec<VersionView>,
}

/// One version, decided and observed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VersionView {
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Semantic version.
    pub version: String,
    /// Where it stands.
    pub state: State,
    /// Why it was taken out, or revoked.
    pub reason: Option<String>,
    /// When it was staged.
    pub staged_at: Timestamp,
    /// Where it came from.
    pub source: String,
    /// Whose it is, where a trusted key signed it.
    pub origin: Option<Origin>,
    /// How it does; nothing for a version that is not loaded.
    pub status: Option<VersionStatus>,
}

/// Decides about versions, durably: what was decided holds after a restart.
#[async_trait]
pub trait Rollouts: Send + Sync {
    /// Every plugin.
    async fn rollouts(&self) -> Vec<RolloutStatus>;

    /// Makes a version ready and keeps it. Nothing is routed to it.
    ///
    /// # Errors
    /// What is wrong and how to mend it; nothing changed.
    async fn stage(&self, package: Package, by: &str) -> Result<Staged, RolloutError>;

    /// The same, and promotes it at once.
    ///
    /// # Errors
    /// What is wrong and how to mend it, and for a version that asks for more than the one that serves, what;
    /// nothing changed.
    async fn load(&self, package: Package, accept: bool, by: &str) -> Result<Staged, RolloutError>;

    /// Takes a decision.
    ///
    /// # Errors
    /// [`RolloutError`]; what held before still holds.
    async fn decide(&self, plugin: &str, wanted: Wanted, by: &str) -> Result<RolloutStatus, RolloutError>;

    /// Keeps the next calls of every connection of a plugin, in memory alone.
    ///
    /// # Errors
    /// [`RolloutError`].
    async fn record(&self, plugin: &str, calls: u32, by: &str) -> Result<ShadowStatus, RolloutError>;

    /// What was recorded and compared.
    ///
    /// # Errors
    /// [`RolloutError`].
    async fn shadow(&self, plugin: &str) -> Result<ShadowStatus, RolloutError>;

    /// Replays what was recorded through the version that serves and through another.
    ///
    /// # Errors
    /// [`RolloutError`], when there is nothing to compare too.
    async fn compare(&self, plugin: &str, version: &str, by: &str) -> Result<ShadowReport, RolloutError>;

    /// Takes the differences of the latest comparison with a version.
    ///
    /// # Errors
    /// [`RolloutError`].
    async fn approve(&self, plugin: &str, version: &str, by: &str) -> Result<ShadowReport, RolloutError>;
}
