//! The list of deals.

use std::collections::BTreeMap;

use api::Principal;
use api::read::{self, Deal};
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quoin_canonical::{Currency, Decimal, Money, Timestamp};

use super::render;
use crate::ConsoleState;
use crate::session::query_value;
use crate::view::{Amount, Chrome, When, stage_words, tone_of};

/// Deals on one page: what a person scrolls through.
const DEALS_PER_PAGE: usize = 200;

#[derive(Template)]
#[template(path = "deals.html")]
pub(crate) struct DealsPage {
    chrome: Chrome,
    rows: Vec<Row>,
    sold: Vec<Amount>,
    blocked: usize,
    next: Option<String>,
}

struct Row {
    href: String,
    key: String,
    name: String,
    customer: String,
    project: String,
    stage: String,
    tone: &'static str,
    value: Option<Amount>,
    last: Option<When>,
    exceptions: u64,
}

/// `GET /console`
pub async fn show(State(state): State<ConsoleState>, Extension(who): Extension<Principal>, uri: Uri) -> Response {
    let chrome = Chrome::of(&state, &who, "Deals", "deals", None).await;
    let after = query_value(&uri, "after").unwrap_or_default();
    let page = read::deals::list(state.api.ledger.as_ref(), &after, DEALS_PER_PAGE).await;
    let next = page.next.map(|key| format!("/console?after={}", utf8_percent_encode(&key, NON_ALPHANUMERIC)));
    render(&DealsPage::of(chrome, page.items, next, state.api.clock.now()))
}

impl DealsPage {
    fn of(chrome: Chrome, mut deals: Vec<Deal>, next: Option<String>, now: Timestamp) -> Self {
        deals.sort_by(|a, b| (b.last_event_at, &a.key).cmp(&(a.last_event_at, &b.key)));
        Self {
            chrome,
            sold: sums(&deals),
            blocked: deals.iter().filter(|deal| deal.open_exceptions > 0).count(),
            rows: deals.into_iter().map(|deal| row(deal, now)).collect(),
            next,
        }
    }
}

/// What was sold, per currency: amounts of two currencies are never added.
fn sums(deals: &[Deal]) -> Vec<Amount> {
    let mut sums: BTreeMap<&str, (Currency, Decimal)> = BTreeMap::new();
    for value in deals.iter().filter_map(|deal| deal.value) {
        sums.entry(value.currency.code()).or_insert((value.currency, Decimal::ZERO)).1 += value.amount;
    }
    sums.into_values().map(|(currency, amount)| Amount::from(&Money::new(amount, currency))).collect()
}

fn row(deal: Deal, now: Timestamp) -> Row {
    Row {
        href: format!("/console/deals/{}", utf8_percent_encode(&deal.key, NON_ALPHANUMERIC)),
        tone: if deal.open_exceptions > 0 { "bad" } else { tone_of(&deal.stage) },
        stage: stage_words(&deal.stage),
        value: deal.value.as_ref().map(Amount::from),
        last: deal.last_event_at.map(|at| When::of(at, now)),
        project: deal.project_code.unwrap_or_default(),
        exceptions: deal.open_exceptions,
        name: deal.name,
        customer: deal.customer,
        key: deal.key,
    }
}
