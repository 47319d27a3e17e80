//! `GET /api/v1/approvals`, and what a person may do with each

use axum::Extension;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Json, Path};
use crate::act::approval::{self, Rejection};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::read::approvals::{self, ApprovalDetail, ApprovalView};
use crate::{ApiState, Problem};

/// Documents that wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Approvals {
    /// They, the one due first before the others.
    pub items: Vec<ApprovalView>,
}

/// Invoices and credit notes that wait for somebody's approval.
#[utoipa::path(
    get, path = "/approvals", tag = "approvals", operation_id = "listApprovals",
    responses((status = 200, description = "What waits", body = Approvals))
)]
pub async fn list(State(state): State<ApiState>) -> axum::Json<Approvals> {
    axum::Json(Approvals { items: approvals::list(state.ledger.as_ref()).await })
}

/// A waiting document with the explanation of every amount.
#[utoipa::path(
    get, path = "/approvals/{document}", tag = "approvals", operation_id = "getApproval",
    params(("document" = String, Path, description = "Canonical id of the document")),
    responses((status = 200, description = "The document", body = ApprovalDetail), (status = 404, body = Problem))
)]
pub async fn show(
    State(state): State<ApiState>,
    Path(document): Path<String>,
) -> Result<axum::Json<ApprovalDetail>, Problem> {
    approvals::one(state.ledger.as_ref(), &document).await.map(axum::Json)
}

/// Let a document go out.
#[utoipa::path(
    post, path = "/approvals/{document}/approve", tag = "approvals", operation_id = "approveDocument",
    params(("document" = String, Path, description = "Canonical id of the document"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded; it goes out", body = Object),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn approve(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(document): Path<String>,
    key: IdempotencyKey,
) -> Result<Answer, Problem> {
    approval::approve(&state, &by, &key, &document).await
}

/// Send a draft back: its work waits for the next billing run.
#[utoipa::path(
    post, path = "/approvals/{document}/reject", tag = "approvals", operation_id = "rejectDocument", request_body = Rejection,
    params(("document" = String, Path, description = "Canonical id of the document"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded; the draft is thrown away", body = Object),
        (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)
    )
)]
pub async fn reject(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(document): Path<String>,
    key: IdempotencyKey,
    Json(rejection): Json<Rejection>,
) -> Result<Answer, Problem> {
    approval::reject(&state, &by, &key, &document, &rejection).await
}
