//! One invoice, and where each of its amounts comes from.

use api::Principal;
use api::download::file;
use api::read;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use super::{Refused, render};
use crate::ConsoleState;
use crate::view::Chrome;
use crate::view::document::Document;

#[derive(Template)]
#[template(path = "invoice.html")]
pub(crate) struct InvoicePage {
    chrome: Chrome,
    document: Document,
    formats: Vec<String>,
}

/// `GET /console/invoices/{number}`
pub async fn show(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(number): Path<String>,
) -> Result<Response, Refused> {
    let detail = read::invoices::one(state.api.ledger.as_ref(), &number).await?;
    let chrome = Chrome::of(&state, &who, &number, "deals", Some(&detail.key)).await;
    let formats = read::export::formats(&state.api);
    Ok(render(&InvoicePage { chrome, document: Document::from(&detail), formats }))
}

/// `GET /console/invoices/{number}/export/{format}`
pub async fn export(
    State(state): State<ConsoleState>,
    Path((number, format)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let export = read::export(&state.api, &number, &format).await?;
    Ok(file(&export.file, export.media, export.text.into_bytes()))
}

/// `GET /console/invoices/{number}/evidence`
pub async fn evidence(State(state): State<ConsoleState>, Path(number): Path<String>) -> Result<Response, Refused> {
    let pack = read::evidence::pack(&state.api, &number).await?;
    Ok(file(&pack.file, "application/x-tar", pack.bytes))
}
