//! Ask for a change of a contract's account: work given up, progress reported, an advance ended.

use axum::http::StatusCode;
use billing::Account;
use policy::access::Permission;
use quoin_canonical::{Date, Decimal, Id};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::read::{account, approvals};
use crate::{ApiState, Principal, Problem};

/// What to do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum ContractRequest {
    /// Give up an entry's hours that are beyond a cap.
    WriteOff {
        /// Canonical id of the time entry.
        entry: String,
        /// Why.
        reason: String,
    },
    /// Report how far a fixed price is earned that is billed by progress.
    Progress {
        /// Contract line.
        line: String,
        /// Percent complete, from the start.
        #[schema(value_type = String, examples("35"))]
        percent: Decimal,
        /// The day it holds for.
        on: Date,
    },
    /// End an advance: what is left is given back or lapses, as the contract says.
    CloseAdvance {
        /// Its code.
        code: String,
        /// Its last day.
        on: Date,
    },
}

/// Records the request; the wheel decides by the policy in force.
///
/// # Errors
/// 404 for an unknown contract, entry, line or advance; 422 without a reason.
pub async fn request(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    contract: &str,
    wanted: &ContractRequest,
) -> Result<Answer, Problem> {
    let permission =
        if matches!(wanted, ContractRequest::WriteOff { .. }) { Permission::Approve } else { Permission::RunBilling };
    permit(by, permission)?;
    let payload = json!({ "contract": contract, "request": wanted });
    let scope = Once { principal: by, route: "contracts/requests", key, payload: &payload };
    once(state, &scope, async || {
        let hint = "a contract has a billing account once its deal passed the gates";
        let account = account::load(state.ledger.as_ref(), contract).await;
        let account = account.ok_or_else(|| Problem::not_found("contract", contract, hint))?;
        let id = scope.id(&["request"]);
        let (kind, mut body) = recorded(by, &account, wanted)?;
        body["request"] = json!(id);
        let answer = json!({ "event": id, "key": contract });
        Ok(Effect { ops: vec![super::asked(id, kind, contract, state.clock.now(), by, body)], answer })
    })
    .await
}

fn recorded(by: &Principal, account: &Account, wanted: &ContractRequest) -> Result<(&'static str, Value), Problem> {
    match wanted {
        ContractRequest::WriteOff { entry, reason } => {
            let known = Id::parse(entry).filter(|id| account.entries.contains_key(id));
            known.ok_or_else(|| Problem::not_found("entry", entry, "the contract's conservation ledger lists them"))?;
            if reason.trim().is_empty() {
                return Err(missing_reason());
            }
            let body = json!({ "entry": entry, "reason": reason.trim(), "approver": approvals::approver(by) });
            Ok(("write_off.requested", body))
        }
        ContractRequest::Progress { line, percent, on } => {
            account.line(line).ok_or_else(|| Problem::not_found("line", line, "the deal's page lists its lines"))?;
            Ok(("progress.reported", json!({ "line": line, "percent": percent, "on": on, "by": by.name })))
        }
        ContractRequest::CloseAdvance { code, on } => {
            let hint = "the contract's terms list its advances";
            account.advances.get(code).ok_or_else(|| Problem::not_found("advance", code, hint))?;
            Ok(("advance.close_requested", json!({ "code": code, "on": on })))
        }
    }
}

fn missing_reason() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "reason-missing",
        "work is given up for a reason",
        "say why, in a sentence; it stays in the log",
    )
}
