//! Ask for a billing run.

use axum::http::StatusCode;
use billing::group::GroupTerms;
use policy::access::Permission;
use quoin_canonical::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::read::{account, group};
use crate::{ApiState, Principal, Problem};

/// Contracts of one run at most: all their requests are one commit, and a firm with more runs by part.
pub const CONTRACTS_PER_RUN_MAX: usize = 2_000;

/// Events read at once while looking for an earlier run.
const EVENTS_PER_READ: usize = 1_000;

/// What to bill.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BillingRun {
    /// Bill what was worked and accepted up to this day, included.
    #[schema(examples("2026-03-31"))]
    pub as_of: Date,
    /// Only this contract (its quote number); all contracts when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
}

/// Records `billing.run_requested` for each contract.
///
/// # Errors
/// 404 for an unknown contract, 409 when there are more contracts than one run takes.
pub async fn billing_run(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    run: &BillingRun,
) -> Result<Answer, Problem> {
    permit(by, Permission::RunBilling)?;
    let payload = json!(run);
    let scope = Once { principal: by, route: "billing-runs", key, payload: &payload };
    once(state, &scope, async || {
        let contracts = contracts(state, run.contract.as_deref()).await?;
        let now = state.clock.now();
        // The same for all: by it the contracts of a group know that they run together.
        let request = scope.id(&[]);
        let ops = contracts.iter().map(|contract| {
            let id = scope.id(&[contract]);
            let body = json!({ "as_of": run.as_of, "contract": contract, "request": request });
            super::asked(id, "billing.run_requested", contract, now, by, body)
        });
        let ops = ops.collect();
        let waits_for = match &run.contract {
            Some(contract) => others(state, contract).await,
            None => Vec::new(),
        };
        let mut before = Vec::new();
        for contract in &contracts {
            before.extend(earlier(state, contract, run.as_of).await);
        }
        Ok(Effect {
            ops,
            answer: json!({ "as_of": run.as_of, "contracts": contracts, "before": before, "waits_for": waits_for }),
        })
    })
    .await
}

/// The other contracts of its group: their runs are waited for before there is a document.
async fn others(state: &ApiState, contract: &str) -> Vec<String> {
    let ledger = state.ledger.as_ref();
    let account = account::load(ledger, contract).await;
    let Some(terms) = account.and_then(|account| GroupTerms::of(&account.contract)) else { return Vec::new() };
    let Some(group) = group::load(ledger, &terms.key).await else { return Vec::new() };
    group.members.into_keys().filter(|member| member != contract).collect()
}

/// The last run of a contract up to the same day, when there was one: the run that is asked for now
/// bills only what came since.
async fn earlier(state: &ApiState, contract: &str, as_of: Date) -> Option<serde_json::Value> {
    let asked = json!(as_of);
    let mut after = 0;
    let mut last = None;
    loop {
        let events = state.ledger.events_of_key(contract, after, EVENTS_PER_READ).await;
        let Some(end) = events.last() else { return last };
        after = end.seq;
        let run = events.iter().rfind(|event| event.kind == "billing.run_requested" && event.body["as_of"] == asked);
        if let Some(run) = run {
            let by = run.cause.by.as_deref().unwrap_or("the schedule");
            last = Some(json!({ "contract": contract, "at": run.at, "by": by }));
        }
    }
}

async fn contracts(state: &ApiState, only: Option<&str>) -> Result<Vec<String>, Problem> {
    if let Some(contract) = only {
        return match state.ledger.document("account", contract).await {
            Some(_) => Ok(vec![contract.to_owned()]),
            None => Err(Problem::not_found(
                "contract",
                contract,
                "a contract has a billing account once its deal passed the gates",
            )),
        };
    }
    let accounts = state.ledger.documents("account", "", "", CONTRACTS_PER_RUN_MAX + 1).await;
    if accounts.len() > CONTRACTS_PER_RUN_MAX {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "too-many-contracts",
            format!("one run takes {CONTRACTS_PER_RUN_MAX} contracts and there are more"),
            "name the contracts one by one",
        ));
    }
    Ok(accounts.into_iter().map(|(key, _)| key).collect())
}
