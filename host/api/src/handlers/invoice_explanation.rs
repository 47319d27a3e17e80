//! `GET /api/v1/invoices/{number}/explanation`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Path, Query};
use crate::read::explanation::{self, InvoiceExplanation};
use crate::{ApiState, Problem};

/// All of it, or one line.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExplanationQuery {
    /// One line of the invoice; all lines when absent.
    pub line: Option<String>,
}

/// Why each amount is on an invoice: down to entries, approvals, rate rows, rules, policy version and rounding steps.
#[utoipa::path(
    get, path = "/invoices/{number}/explanation", tag = "invoices", operation_id = "explainInvoice",
    params(("number" = String, Path, description = "Invoice number, as the ERP gave it", example = "INV-1001"), ExplanationQuery),
    responses((status = 200, description = "The explanation", body = InvoiceExplanation), (status = 404, body = Problem))
)]
pub async fn invoice_explanation(
    State(state): State<ApiState>,
    Path(number): Path<String>,
    Query(query): Query<ExplanationQuery>,
) -> Result<Json<InvoiceExplanation>, Problem> {
    explanation::of(state.ledger.as_ref(), &number, query.line.as_deref()).await.map(Json)
}
