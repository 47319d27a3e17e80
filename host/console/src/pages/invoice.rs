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
use crate::view::document::Document;
use crate::view::explanation::{FigureView, LineView};
use crate::view::{Chrome, explanation};

#[derive(Template)]
#[template(path = "invoice.html")]
pub(crate) struct InvoicePage {
    chrome: Chrome,
    document: Document,
    lines: Vec<LineView>,
    figures: Vec<FigureView>,
    formats: Vec<String>,
}

#[derive(Template)]
#[template(path = "invoice_line.html")]
pub(crate) struct LinePage {
    chrome: Chrome,
    number: String,
    key: String,
    line: LineView,
    figures: Vec<FigureView>,
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
    let explained = read::explanation::of(state.api.ledger.as_ref(), &number, None).await?;
    let (lines, figures) = (explanation::lines(&explained), explanation::figures(&explained));
    Ok(render(&InvoicePage { chrome, document: Document::from(&detail), lines, figures, formats }))
}

/// `GET /console/invoices/{number}/lines/{line}`
pub async fn line(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path((number, line)): Path<(String, String)>,
) -> Result<Response, Refused> {
    let explained = read::explanation::of(state.api.ledger.as_ref(), &number, Some(&line)).await?;
    let title = format!("{number}, line {line}");
    let chrome = Chrome::of(&state, &who, &title, "deals", Some(&explained.key)).await;
    let figures = explanation::figures(&explained);
    let missing = || api::Problem::not_found("line", &line, "the invoice lists its lines");
    let contract = explained.explanation.lines.first().and_then(|line| line.contract.clone());
    let line = explanation::lines(&explained).pop().ok_or_else(missing)?;
    Ok(render(&LinePage { chrome, number: explained.number, key: contract.unwrap_or(explained.key), line, figures }))
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
