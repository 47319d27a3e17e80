//! Decide which version of a plugin serves whom.

use axum::http::StatusCode;
use policy::access::Permission;
use ports::{RolloutError, Wanted};
use serde_json::json;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::read::rollouts::RolloutView;
use crate::{ApiState, Principal, Problem};

/// Takes a decision; it is recorded as an event, and holds after a restart. A repeat under the same key answers
/// from the record and decides nothing again.
///
/// # Errors
/// 404 for an unknown plugin, 409 for what may not be decided, 503 when nothing can be recorded.
pub async fn decide(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    plugin: &str,
    wanted: Wanted,
) -> Result<Answer, Problem> {
    permit(by, Permission::LoadPlugin)?;
    let payload = json!({ "plugin": plugin, "wanted": wanted });
    let scope = Once { principal: by, route: "rollouts", key, payload: &payload };
    once(state, &scope, async || {
        let rollouts = state.rollouts.as_ref().ok_or_else(|| unknown(plugin))?;
        let status = rollouts.decide(plugin, wanted, &by.name).await.map_err(problem)?;
        Ok(Effect { ops: Vec::new(), answer: json!(RolloutView::from(status)) })
    })
    .await
}

pub(super) fn unknown(plugin: &str) -> Problem {
    Problem::not_found("plugin", plugin, "GET /api/v1/rollouts lists them")
}

/// Why a decision was not taken, for whoever asked.
pub(super) fn problem(error: RolloutError) -> Problem {
    match error {
        RolloutError::Unknown(plugin) => unknown(&plugin),
        RolloutError::Refused(reason) => Problem::new(
            StatusCode::CONFLICT,
            "rollout-refused",
            reason,
            "nothing changed; GET /api/v1/rollouts shows what serves",
        ),
        error @ RolloutError::Store(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not-recorded",
            error.to_string(),
            "nothing changed; the host's log says more",
        ),
    }
}
