//! `POST /api/v1/contracts/{key}/requests`

use axum::Extension;
use axum::extract::State;

use super::extract::{Json, Path};
use crate::act::contract_request::{self, ContractRequest};
use crate::guard::{Answer, Caller, IdempotencyKey};
use crate::{ApiState, Problem};

/// Ask for a change of a contract's account: give up work beyond a cap, report progress, end an advance.
#[utoipa::path(
    post, path = "/contracts/{key}/requests", tag = "deals", operation_id = "requestOfContract", request_body = ContractRequest,
    params(("key" = String, Path, description = "Quote number", example = "Q-2026-0042"), ("Idempotency-Key" = String, Header, description = "A fresh UUID; the same one for a repeat")),
    responses(
        (status = 202, description = "Recorded; the contract's timeline shows what becomes of it", body = Object),
        (status = 404, body = Problem), (status = 422, body = Problem)
    )
)]
pub async fn contract_requests(
    State(state): State<ApiState>,
    Extension(by): Caller,
    Path(contract): Path<String>,
    key: IdempotencyKey,
    Json(wanted): Json<ContractRequest>,
) -> Result<Answer, Problem> {
    contract_request::request(&state, &by, &key, &contract, &wanted).await
}
