//! `POST /api/v1/reconciliations`, `GET …`, `GET …/{run}`, and `POST /api/v1/drifts/{id}/apply`

use axum::Extension;
use axum::Json as Body;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Json, Path, Query};
use crate::act::reconcile::{self, Reconciliation};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::page::Page;
use crate::read::reconciliation::{self, FindingsView};
use crate::{ApiState, Problem};

/// How long to wait for an answer.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// Seconds, 0 to 60.
    #[param(minimum = 0, maximum = 60, default = 0)]
    #[serde(default)]
    pub wait_seconds: u64,
}

/// Compare what the connected systems hold with what we hold, for a period. Reads only.
#[utoipa::path(
    post, path = "/reconciliations", tag = "reconciliation", operation_id = "startReconciliation",
    request_body = Reconciliation,
    params(("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded; the run's id", body = Object),
        (status = 400, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn start(
    State(state): State<ApiState>,
    Extension(by): Caller,
    key: IdempotencyKey,
    Json(wanted): Json<Reconciliation>,
) -> Result<Answer, Problem> {
    reconcile::request(&state, &by, &key, &wanted).await
}

/// The latest comparisons.
#[utoipa::path(
    get, path = "/reconciliations", tag = "reconciliation", operation_id = "listReconciliations",
    responses((status = 200, description = "The newest first", body = Page<FindingsView>))
)]
pub async fn list(State(state): State<ApiState>) -> Body<Page<FindingsView>> {
    Body(Page::whole(reconciliation::latest(state.ledger.as_ref()).await))
}

/// What one comparison found: each difference with its owner and a proposal.
#[utoipa::path(
    get, path = "/reconciliations/{run}", tag = "reconciliation", operation_id = "getReconciliation",
    params(("run" = String, Path, description = "Id of the run"), WaitQuery),
    responses((status = 200, description = "The findings", body = FindingsView), (status = 404, body = Problem))
)]
pub async fn show(
    State(state): State<ApiState>,
    Path(run): Path<String>,
    Query(query): Query<WaitQuery>,
) -> Result<Body<FindingsView>, Problem> {
    reconciliation::one(&state, &run, query.wait_seconds).await.map(Body)
}

/// Repair one difference as it was proposed; asking twice repairs once.
#[utoipa::path(
    post, path = "/drifts/{id}/apply", tag = "reconciliation", operation_id = "applyDrift",
    params(("id" = String, Path, description = "Id of the difference"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded; the deal's key", body = Object),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn apply(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(id): Path<String>,
    key: IdempotencyKey,
) -> Result<Answer, Problem> {
    reconcile::apply(&state, &by, &key, &id).await
}
