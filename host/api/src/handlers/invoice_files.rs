//! `GET /api/v1/invoices/{number}/export` and `GET /api/v1/invoices/{number}/evidence`

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Path, Query};
use crate::download::file;
use crate::read::{evidence, export};
use crate::{ApiState, Problem};

/// In which form.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// The form: the id of a loaded transform plugin.
    pub format: String,
}

/// An invoice in another form, such as an e-invoice, made by a transform plugin.
#[utoipa::path(
    get, path = "/invoices/{number}/export", tag = "invoices", operation_id = "exportInvoice",
    params(("number" = String, Path, description = "Invoice number, as the ERP gave it", example = "INV-1001"), ExportQuery),
    responses(
        (status = 200, description = "The document", body = String, content_type = "application/xml"),
        (status = 404, body = Problem), (status = 422, body = Problem), (status = 502, body = Problem)
    )
)]
pub async fn export_invoice(
    State(state): State<ApiState>,
    Path(number): Path<String>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let export = export::export(&state, &number, &query.format).await?;
    Ok(file(&export.file, export.media, export.text.into_bytes()))
}

/// Everything a dispute about an invoice needs, in one tar archive with a digest of each file.
#[utoipa::path(
    get, path = "/invoices/{number}/evidence", tag = "invoices", operation_id = "getInvoiceEvidence",
    params(("number" = String, Path, description = "Invoice number, as the ERP gave it", example = "INV-1001")),
    responses(
        (status = 200, description = "The archive", body = Vec<u8>, content_type = "application/x-tar"),
        (status = 404, body = Problem)
    )
)]
pub async fn invoice_evidence(State(state): State<ApiState>, Path(number): Path<String>) -> Result<Response, Problem> {
    let pack = evidence::pack(&state, &number).await?;
    Ok(file(&pack.file, "application/x-tar", pack.bytes))
}
