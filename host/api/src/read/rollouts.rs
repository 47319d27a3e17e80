//! Versions of plugins: what was decided about them, and how they do.

use std::collections::{BTreeMap, BTreeSet};

use ports::{LoadStep, RolloutStatus, SeenFault, VersionView};
use quoin_canonical::Timestamp;
use rollout::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiState, Problem};

/// A plugin with its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RolloutView {
    /// Plugin id.
    pub plugin: String,
    /// The version that serves whatever no other version serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serving: Option<String>,
    /// Why nothing may be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barred: Option<String>,
    /// The trial under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryView>,
    /// Connections that stay with a version, with the version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pins: BTreeMap<String, String>,
    /// Whether a roll-back leads anywhere.
    pub can_roll_back: bool,
    /// Versions, the newest first.
    pub versions: Vec<VersionRow>,
}

/// A trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CanaryView {
    /// Version.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Of a hundred processes, deliveries or streams, so many.
    pub share_percent: u8,
    /// All of these connections.
    pub connections: BTreeSet<String>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionRow {
    /// Semantic version.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// `staged`, `serving`, `canary`, `retained`, `withdrawn` or `revoked`.
    pub state: String,
    /// Why it was taken out, or revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was staged.
    #[schema(value_type = String, format = DateTime)]
    pub staged_at: Timestamp,
    /// Where it came from.
    pub source: String,
    /// The registry's name of it, where a trusted key signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Connections it serves, whole or in part.
    pub connections: Vec<String>,
    /// Calls under way.
    pub in_flight: u64,
    /// Calls since it was put in service.
    pub calls: u64,
    /// Faults of its own among them.
    pub faults: u64,
    /// The latest faults, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_faults: Vec<FaultRow>,
    /// Milliseconds from bytes to ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_ms: Option<u64>,
}

/// A fault of a plugin's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultRow {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The connection that was served.
    pub connection: String,
    /// Class, such as `PLUGIN_TRAP`.
    pub code: String,
    /// What was seen.
    pub message: String,
}

/// A step on the way from a file to serving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// What was done.
    pub step: String,
    /// How long it took, microseconds.
    pub micros: u64,
}

impl From<LoadStep> for StepView {
    fn from(step: LoadStep) -> Self {
        Self { step: step.step, micros: step.micros }
    }
}

impl From<SeenFault> for FaultRow {
    fn from(fault: SeenFault) -> Self {
        Self { at: fault.at, connection: fault.connection, code: fault.code, message: fault.message }
    }
}

impl From<VersionView> for VersionRow {
    fn from(view: VersionView) -> Self {
        let state = match view.state {
            State::Staged => "staged",
            State::Serving => "serving",
            State::Canary => "canary",
            State::Retained => "retained",
            State::Withdrawn => "withdrawn",
            State::Revoked => "revoked",
        };
        let status = view.status;
        let count = |of: fn(&ports::VersionStatus) -> u64| status.as_ref().map_or(0, of);
        Self {
            version: view.version,
            digest: view.digest,
            state: state.to_owned(),
            reason: view.reason,
            staged_at: view.staged_at,
            source: view.source,
            origin: view.origin.map(|origin| format!("{}@{}", origin.plugin, origin.version)),
            in_flight: count(|status| status.in_flight),
            calls: count(|status| status.health.calls),
            faults: count(|status| status.health.faults),
            load_ms: status.as_ref().map(|status| status.info.load_ms),
            connections: status.as_ref().map(|status| status.info.connections.clone()).unwrap_or_default(),
            last_faults: status
                .map(|status| status.last_faults.into_iter().map(FaultRow::from).collect())
                .unwrap_or_default(),
        }
    }
}

impl From<RolloutStatus> for RolloutView {
    fn from(status: RolloutStatus) -> Self {
        let rollout = status.rollout;
        let name = |digest: &str| {
            rollout.versions.get(digest).map_or_else(|| digest.to_owned(), |version| version.version.clone())
        };
        let serving = &rollout.serving;
        let current = serving.current();
        let canary = serving.canary.as_ref().map(|canary| CanaryView {
            version: name(&canary.digest),
            digest: canary.digest.clone(),
            share_percent: canary.share_percent,
            connections: canary.connections.clone(),
        });
        Self {
            plugin: rollout.plugin.clone(),
            serving: current.map(name),
            barred: serving.barred.clone(),
            can_roll_back: canary.is_some() || serving.turns.iter().any(|turn| Some(turn.digest.as_str()) != current),
            canary,
            pins: serving.pins.iter().map(|(connection, digest)| (connection.clone(), name(digest))).collect(),
            versions: status.versions.into_iter().map(VersionRow::from).collect(),
        }
    }
}

/// Every plugin with its versions, by id.
pub async fn rollouts(state: &ApiState) -> Vec<RolloutView> {
    let Some(rollouts) = &state.rollouts else { return Vec::new() };
    rollouts.rollouts().await.into_iter().map(RolloutView::from).collect()
}

/// One plugin with its versions.
///
/// # Errors
/// 404 for a plugin that nobody loaded.
pub async fn rollout(state: &ApiState, plugin: &str) -> Result<RolloutView, Problem> {
    let found = rollouts(state).await.into_iter().find(|view| view.plugin == plugin);
    found.ok_or_else(|| Problem::not_found("plugin", plugin, "GET /api/v1/rollouts lists them"))
}
