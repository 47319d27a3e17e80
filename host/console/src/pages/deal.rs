//! One deal: its wheel, its money, its invoices, everything that happened.

use api::act::billing_run::{BillingRun, billing_run};
use api::guard::IdempotencyKey;
use api::read::{self, DealDetail};
use api::{Principal, Problem, format};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::Uri;
use axum::response::{Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use policy::access::{Permission, may};
use quoin_canonical::{Date, Id, RevenueIndicator, Timestamp};
use serde::Deserialize;

use super::exceptions::ExceptionCard;
use super::{Refused, render};
use crate::ConsoleState;
use crate::session::query_value;
use crate::view::bars::{self, Group};
use crate::view::document::Document;
use crate::view::timeline::{self, Day};
use crate::view::wheel::Wheel;
use crate::view::{Amount, Chrome, When, stage_words, tone_of, words};

/// Entries on one page: a browser shows them without a pause, and a deal of half a year fits.
const ENTRIES_PER_PAGE: usize = 500;

/// Invoices shown as whole documents; the rest is one line each.
const DOCUMENTS_SHOWN_MAX: usize = 24;

#[derive(Template)]
#[template(path = "deal.html")]
pub(crate) struct DealPage {
    chrome: Chrome,
    key: String,
    name: String,
    customer: String,
    project: String,
    stage: String,
    tone: &'static str,
    since: Option<When>,
    opened: Option<When>,
    wheel: Wheel,
    groups: Vec<Group>,
    exceptions: Vec<ExceptionCard>,
    documents: Vec<Document>,
    revenue: Vec<RevenueRow>,
    hours: Option<HoursView>,
    days: Vec<Day>,
    events: usize,
    pages: Vec<PageLink>,
    newest_first: bool,
    may_bill: bool,
    billing_nonce: String,
    today: String,
}

struct RevenueRow {
    line: String,
    as_of: String,
    method: String,
    percent: String,
    revenue: Amount,
    billed: Amount,
    asset: Amount,
    liability: Amount,
}

struct HoursView {
    approved: String,
    rows: Vec<(String, String, Amount)>,
    conserved: bool,
}

struct PageLink {
    number: usize,
    href: String,
    current: bool,
}

/// `GET /console/deals/{key}`
pub async fn show(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(key): Path<String>,
    uri: Uri,
) -> Result<Response, Refused> {
    let chrome = Chrome::of(&state, &who, &key, "deals", Some(&key)).await;
    let ledger = state.api.ledger.as_ref();
    let mut entries = read::timeline::whole(ledger, &key).await.items;
    let detail = read::deals::from_entries(ledger, &key, &entries).await?;
    let mut documents = Vec::new();
    for row in detail.invoices.iter().take(DOCUMENTS_SHOWN_MAX) {
        documents.push(Document::from(&read::invoices::one(ledger, &row.number).await?));
    }
    let newest_first = query_value(&uri, "order").as_deref() == Some("newest");
    if newest_first {
        entries.reverse();
    }
    let events = entries.len();
    let page = query_value(&uri, "page").and_then(|page| page.parse().ok()).unwrap_or(1_usize).max(1);
    let shown: Vec<_> = entries.into_iter().skip((page - 1) * ENTRIES_PER_PAGE).take(ENTRIES_PER_PAGE).collect();
    let now = state.api.clock.now();
    let mut view = DealPage::of(chrome, detail, documents, now, &who);
    view.days = timeline::days(&shown, now);
    view.events = events;
    view.pages = pages(&key, page, events, newest_first);
    view.newest_first = newest_first;
    Ok(render(&view))
}

impl DealPage {
    fn of(chrome: Chrome, detail: DealDetail, documents: Vec<Document>, now: Timestamp, who: &Principal) -> Self {
        let deal = detail.deal;
        let may_retry = may(who.role, Permission::RetryException).allowed;
        let back = format!("/console/deals/{}", utf8_percent_encode(&deal.key, NON_ALPHANUMERIC));
        Self {
            billing_nonce: Id::derived(&["console", "billing-run", &deal.key, &chrome.stream]).to_string(),
            may_bill: may(who.role, Permission::RunBilling).allowed && detail.hours.is_some(),
            today: now.strftime("%Y-%m-%d").to_string(),
            chrome,
            wheel: Wheel::of(&detail.stages),
            groups: bars::groups(&detail.figures),
            exceptions: detail
                .exceptions
                .iter()
                .map(|exception| ExceptionCard::of(exception, now, may_retry, &back))
                .collect(),
            documents,
            revenue: detail.revenue.iter().map(revenue_row).collect(),
            hours: detail.hours.as_ref().map(hours_view),
            tone: if deal.open_exceptions > 0 { "bad" } else { tone_of(&deal.stage) },
            stage: stage_words(&deal.stage),
            since: deal.stage_since.map(|at| When::of(at, now)),
            opened: deal.opened_at.map(|at| When::of(at, now)),
            project: deal.project_code.unwrap_or_default(),
            key: deal.key,
            name: deal.name,
            customer: deal.customer,
            days: Vec::new(),
            events: 0,
            pages: Vec::new(),
            newest_first: false,
        }
    }
}

fn revenue_row(indicator: &RevenueIndicator) -> RevenueRow {
    RevenueRow {
        line: indicator.contract_line.clone(),
        as_of: crate::view::date(indicator.as_of),
        method: words(&indicator.method),
        percent: indicator
            .percent
            .map_or(String::new(), |percent| format!("{} %", format::number(percent.round_dp(2)))),
        revenue: Amount::from(&indicator.revenue),
        billed: Amount::from(&indicator.billed),
        asset: Amount::from(&indicator.contract_asset),
        liability: Amount::from(&indicator.contract_liability),
    }
}

fn hours_view(hours: &read::Hours) -> HoursView {
    let row = |row: &read::HoursRow| (row.label.clone(), format::number(row.hours), Amount::from(&row.value));
    HoursView {
        approved: format::number(hours.approved),
        rows: hours.rows.iter().map(row).collect(),
        conserved: hours.conserved,
    }
}

fn pages(key: &str, current: usize, events: usize, newest_first: bool) -> Vec<PageLink> {
    let count = events.div_ceil(ENTRIES_PER_PAGE);
    let order = if newest_first { "&order=newest" } else { "" };
    let href = |number: usize| {
        format!("/console/deals/{}?page={number}{order}#timeline", utf8_percent_encode(key, NON_ALPHANUMERIC))
    };
    if count < 2 {
        return Vec::new();
    }
    (1..=count).map(|number| PageLink { number, href: href(number), current: number == current }).collect()
}

/// What the form of a billing run holds.
#[derive(Deserialize)]
pub struct RunForm {
    as_of: String,
    nonce: String,
}

/// `POST /console/deals/{key}/billing-run`
pub async fn run_billing(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(key): Path<String>,
    Form(form): Form<RunForm>,
) -> Result<Redirect, Refused> {
    let as_of: Date = form
        .as_of
        .parse()
        .map_err(|_| Problem::invalid("/as_of", format!("'{}' is no date", form.as_of), "write it as 2026-03-31"))?;
    // A double click is one run; another day is another one.
    let once = IdempotencyKey::new(&format!("{}-{as_of}", form.nonce))?;
    billing_run(&state.api, &who, &once, &BillingRun { as_of, contract: Some(key.clone()) }).await?;
    Ok(Redirect::to(&format!("/console/deals/{}", utf8_percent_encode(&key, NON_ALPHANUMERIC))))
}
