//! Ask for a comparison with the connected systems, and for the repair of one difference.

use axum::http::StatusCode;
use policy::access::Permission;
use ports::Op;
use process::{Command, Operation, Retry};
use quoin_canonical::{Date, Id};
use reconcile::drift::{Drift, KEY, Proposal};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::{ApiState, Principal, Problem};

/// Days of one comparison at most: every record of the period is read from its system.
pub const PERIOD_DAYS_MAX: i32 = 400;

/// A repair goes after what set deals up and before what only tells.
const PRIORITY: u8 = 20;

/// What to compare.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconciliation {
    /// First day.
    #[schema(examples("2026-03-01"))]
    pub from: Date,
    /// Last day.
    #[schema(examples("2026-03-31"))]
    pub to: Date,
}

/// Records `reconcile.requested`.
///
/// # Errors
/// 400 for a period that ends before it begins, or is too long.
pub async fn request(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    wanted: &Reconciliation,
) -> Result<Answer, Problem> {
    permit(by, Permission::RetryException)?;
    let days = wanted.from.until(wanted.to).map_or(-1, |span| span.get_days());
    if !(0..PERIOD_DAYS_MAX).contains(&days) {
        let detail = format!("from {} to {} is no period of 1 to {PERIOD_DAYS_MAX} days", wanted.from, wanted.to);
        return Err(Problem::invalid(
            "/to",
            detail,
            "give the first and the last day, such as 2026-03-01 and 2026-03-31",
        ));
    }
    let payload = json!(wanted);
    let scope = Once { principal: by, route: "reconciliations", key, payload: &payload };
    once(state, &scope, async || {
        let run = scope.id(&["run"]);
        let body = json!({"run": run, "from": wanted.from, "to": wanted.to});
        let op = super::asked(run.clone(), "reconcile.requested", KEY, state.clock.now(), by, body);
        Ok(Effect { ops: vec![op], answer: json!({"run": run}) })
    })
    .await
}

/// Repairs one difference as it was proposed: a command that writes ours, or the system's record
/// taken in again. The command's id is the difference's, so asking twice repairs once.
///
/// # Errors
/// 404 for an unknown difference; 409 for one that only a person can settle.
pub async fn apply(state: &ApiState, by: &Principal, key: &IdempotencyKey, drift: &str) -> Result<Answer, Problem> {
    permit(by, Permission::RetryException)?;
    let payload = json!({"drift": drift});
    let scope = Once { principal: by, route: "drifts/apply", key, payload: &payload };
    once(state, &scope, async || {
        let unknown = || Problem::not_found("drift", drift, "`quoin reconcile --from DAY --to DAY` lists them");
        let (kept, _) = state.ledger.document("drift", drift).await.ok_or_else(unknown)?;
        let found: Drift = serde_json::from_value(kept["drift"].clone()).map_err(|_| unknown())?;
        let now = state.clock.now();
        let ops = match found.proposal {
            Proposal::Write => write(by, &found, &kept["ours"], now),
            Proposal::Take => {
                let body = json!({"drift": found});
                vec![super::asked(scope.id(&["take"]), "reconcile.take_requested", KEY, now, by, body)]
            }
            Proposal::Ask => {
                return Err(Problem::new(
                    StatusCode::CONFLICT,
                    "needs-a-decision",
                    format!(
                        "the {} owns {}{}, and cannot be followed by itself",
                        found.owner, found.object, found.field
                    ),
                    "correct it where it is wrong, then compare again",
                ));
            }
        };
        let answer = json!({"drift": found.id, "key": found.key, "proposal": found.proposal});
        Ok(Effect { ops, answer })
    })
    .await
}

fn write(by: &Principal, drift: &Drift, ours: &Value, now: quoin_canonical::Timestamp) -> Vec<Op> {
    let id = Id::derived(&["repair", drift.id.as_str()]);
    let command = Command {
        id: id.clone(),
        key: drift.key.clone(),
        instance: drift.id.clone(),
        step: format!("reconcile/{}", drift.object),
        role: drift.role.clone(),
        connection: drift.connection.clone(),
        operation: Operation::Apply { object: drift.object.clone(), objects: vec![ours.clone()] },
        retry: Retry::default(),
        priority: PRIORITY,
        decided_at: now,
        attempts: 0,
        unknown: false,
    };
    let body = json!({"drift": drift, "command": id});
    let event = Id::derived(&["repair", "requested", drift.id.as_str()]);
    let told = super::asked(event, "reconcile.repair_requested", &drift.key, now, by, body);
    vec![told, Op::PutCommand { command, not_before: now }]
}
