//! Record a plugin's calls, replay them through another version, take what differs.

use policy::access::Permission;
use ports::{Rollouts, ShadowStatus};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::rollout::{problem, unknown};
use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::{ApiState, Principal, Problem};

/// How much to record.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Calls of each connection, 1 to 1,000.
    #[schema(examples(100))]
    pub calls: u32,
}

/// What to compare.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The version, by number or by the beginning of its digest.
    #[schema(examples("1.1.0"))]
    pub version: String,
    /// Take the differences of the latest comparison instead of making a new one.
    #[serde(default)]
    pub approve: bool,
}

fn rollouts<'s>(state: &'s ApiState, plugin: &str) -> Result<&'s dyn Rollouts, Problem> {
    state.rollouts.as_deref().ok_or_else(|| unknown(plugin))
}

/// Keeps the next calls of every connection of a plugin: in memory alone, without secrets and personal data.
///
/// # Errors
/// 404 for an unknown plugin, 409 for what cannot be recorded.
pub async fn record(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    plugin: &str,
    wanted: &Recording,
) -> Result<Answer, Problem> {
    permit(by, Permission::LoadPlugin)?;
    let payload = json!({ "plugin": plugin, "wanted": wanted });
    let scope = Once { principal: by, route: "rollouts/recording", key, payload: &payload };
    once(state, &scope, async || {
        let status = rollouts(state, plugin)?.record(plugin, wanted.calls, &by.name).await.map_err(problem)?;
        Ok(Effect { ops: Vec::new(), answer: json!(status) })
    })
    .await
}

/// Replays what was recorded through the version that serves and through another, or takes the differences.
///
/// # Errors
/// 404 for an unknown plugin, 409 when there is nothing to compare or to take.
pub async fn compare(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    plugin: &str,
    wanted: &Comparison,
) -> Result<Answer, Problem> {
    permit(by, Permission::LoadPlugin)?;
    let payload = json!({ "plugin": plugin, "wanted": wanted });
    let scope = Once { principal: by, route: "rollouts/shadow", key, payload: &payload };
    once(state, &scope, async || {
        let rollouts = rollouts(state, plugin)?;
        let report = match wanted.approve {
            true => rollouts.approve(plugin, &wanted.version, &by.name).await,
            false => rollouts.compare(plugin, &wanted.version, &by.name).await,
        };
        Ok(Effect { ops: Vec::new(), answer: json!(report.map_err(problem)?) })
    })
    .await
}

/// What was recorded of a plugin's calls and came of the latest comparison.
///
/// # Errors
/// 404 for an unknown plugin.
pub async fn status(state: &ApiState, plugin: &str) -> Result<ShadowStatus, Problem> {
    rollouts(state, plugin)?.shadow(plugin).await.map_err(problem)
}
