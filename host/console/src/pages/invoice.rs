//! One invoice, and where each of its amounts comes from.

use api::Principal;
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
}

/// `GET /console/invoices/{number}`
pub async fn show(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(number): Path<String>,
) -> Result<Response, Refused> {
    let detail = read::invoices::one(state.api.ledger.as_ref(), &number).await?;
    let chrome = Chrome::of(&state, &who, &number, "deals", Some(&detail.key)).await;
    Ok(render(&InvoicePage { chrome, document: Document::from(&detail) }))
}
