//! `GET /api/v1/conservation`, `GET /api/v1/conservation/{contract}`, and the recount of one.

use axum::Json;
use axum::extract::State;

use super::extract::Path;
use crate::read::conservation::{self, ConservationView, ContractConservation, Recount};
use crate::{ApiState, Problem};

/// Where every approved unit and every contracted amount is: firm-wide, and contract by contract.
#[utoipa::path(
    get, path = "/conservation", tag = "conservation", operation_id = "getConservation",
    responses((status = 200, description = "The ledger", body = ConservationView), (status = 409, body = Problem))
)]
pub async fn conservation(State(state): State<ApiState>) -> Result<Json<ConservationView>, Problem> {
    conservation::all(state.ledger.as_ref()).await.map(Json)
}

/// The conservation ledger of one contract.
#[utoipa::path(
    get, path = "/conservation/{contract}", tag = "conservation", operation_id = "getContractConservation",
    params(("contract" = String, Path, description = "Contract number: the quote's", example = "Q-2026-0042")),
    responses((status = 200, description = "The ledger", body = ContractConservation), (status = 404, body = Problem))
)]
pub async fn contract_conservation(
    State(state): State<ApiState>,
    Path(contract): Path<String>,
) -> Result<Json<ContractConservation>, Problem> {
    conservation::one(state.ledger.as_ref(), &contract).await.map(Json)
}

/// The ledger of one contract counted again from the log, and where it parts from what is kept and
/// from billing's own account.
#[utoipa::path(
    get, path = "/conservation/{contract}/recount", tag = "conservation", operation_id = "recountConservation",
    params(("contract" = String, Path, description = "Contract number: the quote's", example = "Q-2026-0042")),
    responses((status = 200, description = "The recount", body = Recount), (status = 404, body = Problem))
)]
pub async fn recount_conservation(
    State(state): State<ApiState>,
    Path(contract): Path<String>,
) -> Result<Json<Recount>, Problem> {
    conservation::recount(state.ledger.as_ref(), &contract).await.map(Json)
}
