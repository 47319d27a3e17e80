//! `GET /api/v1/invoices/{number}`

use axum::Json;
use axum::extract::State;

use super::extract::Path;
use crate::read::{self, InvoiceDetail};
use crate::{ApiState, Problem};

/// An invoice with its lines; its explanation says where each amount comes from.
#[utoipa::path(
    get, path = "/invoices/{number}", tag = "invoices", operation_id = "getInvoice",
    params(("number" = String, Path, description = "Invoice number, as the ERP gave it", example = "INV-1001")),
    responses((status = 200, description = "The invoice", body = InvoiceDetail), (status = 404, body = Problem))
)]
pub async fn invoice(
    State(state): State<ApiState>,
    Path(number): Path<String>,
) -> Result<Json<InvoiceDetail>, Problem> {
    read::invoices::one(state.ledger.as_ref(), &number).await.map(Json)
}
