//! Decide about documents that wait: let them go, or send them back.

use axum::http::StatusCode;
use policy::access::Permission;
use quoin_canonical::InvoiceType;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::guard::{Answer, Effect, IdempotencyKey, Once, once, permit};
use crate::read::approvals::{self, ApprovalDetail};
use crate::{ApiState, Principal, Problem};

/// Longest reason, in characters: a sentence or two, kept in the log for ever.
const REASON_CHARS_MAX: usize = 500;

/// Why a document is sent back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// For the people who made it.
    #[schema(examples("Ben's hours of the 12th are not agreed"))]
    pub reason: String,
}

/// Records `approval.given`; the document goes out.
///
/// # Errors
/// 403 when this person holds none of the roles that may decide about that much; 404 when no such
/// document waits.
pub async fn approve(state: &ApiState, by: &Principal, key: &IdempotencyKey, id: &str) -> Result<Answer, Problem> {
    permit(by, Permission::Approve)?;
    let payload = json!({ "document": id });
    let scope = Once { principal: by, route: "approvals/approve", key, payload: &payload };
    once(state, &scope, async || {
        let detail = approvals::one(state.ledger.as_ref(), id).await?;
        may_decide(by, &detail)?;
        Ok(effect(state, by, &scope, &detail, "approval.given", None))
    })
    .await
}

/// Records `approval.refused`; the draft is thrown away, and its work waits for the next run.
///
/// # Errors
/// As [`approve`]; 400 without a reason; 409 for a credit note, which follows from a change at its source.
pub async fn reject(
    state: &ApiState,
    by: &Principal,
    key: &IdempotencyKey,
    id: &str,
    rejection: &Rejection,
) -> Result<Answer, Problem> {
    permit(by, Permission::Approve)?;
    let reason = rejection.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let detail = format!("a rejection has a reason of 1 to {REASON_CHARS_MAX} characters");
        return Err(Problem::invalid("/reason", detail, "say what must change before it is billed"));
    }
    let payload = json!({ "document": id, "reason": reason });
    let scope = Once { principal: by, route: "approvals/reject", key, payload: &payload };
    once(state, &scope, async || {
        let detail = approvals::one(state.ledger.as_ref(), id).await?;
        if detail.approval.kind == Some(InvoiceType::CreditNote) {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "credit-stands",
                "a credit note follows from a change at its source and cannot be rejected",
                "correct the change at its source, or approve the credit note",
            ));
        }
        let asked = by.approves.contains(&detail.approval.owner) && detail.approval.roles.is_empty();
        if !asked {
            may_decide(by, &detail)?;
        }
        Ok(effect(state, by, &scope, &detail, "approval.refused", Some(reason)))
    })
    .await
}

fn may_decide(by: &Principal, detail: &ApprovalDetail) -> Result<(), Problem> {
    let Some(need) = approvals::need(detail) else { return Ok(()) };
    need.role_of(&approvals::approver(by)).map(|_| ()).map_err(|refusal| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "approval-role",
            refusal.message,
            "ask one of these roles; `approves` of a [[token]] in quoin.toml says who holds which",
        )
    })
}

fn effect(
    state: &ApiState,
    by: &Principal,
    scope: &Once<'_>,
    detail: &ApprovalDetail,
    kind: &str,
    reason: Option<&str>,
) -> Effect {
    let waiting = &detail.approval;
    let id = scope.id(&[kind]);
    let subject = if detail.invoice.is_some() { "invoice" } else { "discount" };
    let mut body = json!({
        "request": id, "approver": approvals::approver(by), "net": waiting.net, "customer": waiting.customer,
    });
    body[subject] = json!(waiting.document);
    if let (Some(reason), Value::Object(fields)) = (reason, &mut body) {
        fields.insert("reason".into(), reason.into());
    }
    let answer = json!({ "event": id, "key": waiting.key, "document": waiting.document });
    Effect { ops: vec![super::asked(id, kind, &waiting.key, state.clock.now(), by, body)], answer }
}
