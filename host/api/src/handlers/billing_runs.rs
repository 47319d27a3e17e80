//! `POST /api/v1/billing-runs`

use axum::Extension;
use axum::extract::State;

use super::extract::Json;
use crate::act::billing_run::{self, BillingRun};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::{ApiState, Problem};

/// Bill what was worked and accepted up to a day, of one contract or of all.
#[utoipa::path(
    post, path = "/billing-runs", tag = "invoices", operation_id = "startBillingRun", request_body = BillingRun,
    params(("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded for the contracts in the answer", body = Object),
        (status = 400, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn billing_runs(
    State(state): State<ApiState>,
    Extension(by): Caller,
    key: IdempotencyKey,
    Json(run): Json<BillingRun>,
) -> Result<Answer, Problem> {
    billing_run::billing_run(&state, &by, &key, &run).await
}
