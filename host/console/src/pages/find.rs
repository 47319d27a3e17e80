//! From a quote, invoice or project number to its page.

use api::read::timeline::resolve;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Redirect;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Refused;
use crate::ConsoleState;
use crate::session::query_value;

/// `GET /console/find?number=`
pub async fn find(State(state): State<ConsoleState>, uri: Uri) -> Result<Redirect, Refused> {
    let number = query_value(&uri, "number").unwrap_or_default();
    let number = number.trim();
    if number.is_empty() {
        return Ok(Redirect::to("/console"));
    }
    let ledger = state.api.ledger.as_ref();
    let key = resolve(ledger, number).await?;
    let page = match api::read::invoices::one(ledger, number).await {
        Ok(_) => format!("/console/invoices/{}", utf8_percent_encode(number, NON_ALPHANUMERIC)),
        Err(_) => format!("/console/deals/{}", utf8_percent_encode(&key, NON_ALPHANUMERIC)),
    };
    Ok(Redirect::to(&page))
}
