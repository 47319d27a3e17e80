//! What waits for a person.

use std::collections::BTreeMap;

use api::Principal;
use api::act::retry;
use api::guard::IdempotencyKey;
use api::read::{self, ExceptionView};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::Uri;
use axum::response::{Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use policy::access::{Permission, may};
use quoin_canonical::{Currency, Id, Money, Timestamp};
use serde::Deserialize;

use super::{Refused, render};
use crate::ConsoleState;
use crate::session::{own_path, query_value};
use crate::view::{Amount, Chrome, When, words};

#[derive(Template)]
#[template(path = "exceptions.html")]
pub(crate) struct ExceptionsPage {
    chrome: Chrome,
    causes: Vec<CauseRow>,
    open: Vec<ExceptionCard>,
    resolved: Vec<ExceptionCard>,
    all: bool,
}

/// What several exceptions wait for at the same step.
pub struct CauseRow {
    /// How many.
    pub count: usize,
    /// Code of the fault.
    pub code: String,
    /// The step.
    pub step: String,
    /// What makes a double click one request.
    pub nonce: String,
}

impl CauseRow {
    /// Causes of two exceptions and more, the most frequent first.
    fn of(views: &[ExceptionView]) -> Vec<Self> {
        let mut same: BTreeMap<(&str, &str), Vec<&ExceptionView>> = BTreeMap::new();
        for view in views.iter().filter(|view| view.retriable) {
            same.entry((&view.code, &view.step)).or_default().push(view);
        }
        let several = same.into_iter().filter(|(_, views)| views.len() > 1);
        let row = |((code, step), views): ((&str, &str), Vec<&ExceptionView>)| {
            let tries =
                views.iter().map(|view| format!("{}@{}", view.id, view.opened_at)).collect::<Vec<_>>().join(" ");
            let nonce = Id::derived(&["console", "retry-all", code, step, &tries]).to_string();
            Self { count: views.len(), code: code.to_owned(), step: step.to_owned(), nonce }
        };
        let mut rows: Vec<Self> = several.map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        rows
    }
}

/// One exception on a card.
pub struct ExceptionCard {
    /// Id.
    pub id: String,
    /// Business key.
    pub key: String,
    /// Page of the deal.
    pub href: String,
    /// Customer.
    pub customer: String,
    /// What is wrong.
    pub message: String,
    /// Code and field at fault.
    pub code: String,
    /// What can be decided about it.
    pub kind: String,
    /// Field at fault, or empty.
    pub field: String,
    /// Amount at risk, or empty.
    pub amount: String,
    /// Owner.
    pub owner: String,
    /// When it must be solved.
    pub due: When,
    /// When it was opened.
    pub opened: When,
    /// What to do.
    pub suggestion: String,
    /// The step that waits.
    pub step: String,
    /// Who resolved it and when, or empty.
    pub resolved: String,
    /// Page where it is decided, for a document that waits for an approval; else empty.
    pub approval: String,
    /// Whether the caller may retry it.
    pub may_retry: bool,
    /// What makes a double click one request.
    pub nonce: String,
    /// Where to go afterwards.
    pub back: String,
}

impl ExceptionCard {
    /// The card of an exception.
    pub fn of(view: &ExceptionView, now: Timestamp, may_retry: bool, back: &str) -> Self {
        let resolved = view.resolved_at.map_or(String::new(), |at| {
            format!("{} by {}", api::format::absolute(at), view.resolved_by.as_deref().unwrap_or("the host"))
        });
        let waits = view.is_open() && view.code == read::approvals::CODE;
        let document = view.field.as_deref().and_then(|field| field.strip_prefix("/invoices/"));
        Self {
            approval: document.filter(|_| waits).map_or(String::new(), |id| {
                format!("/console/approvals/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
            }),
            // A connection's exception belongs to no deal.
            href: match view.key.starts_with('~') {
                true => "/console/systems".to_owned(),
                false => format!("/console/deals/{}", utf8_percent_encode(&view.key, NON_ALPHANUMERIC)),
            },
            id: view.id.clone(),
            key: view.key.clone(),
            customer: view.customer.clone(),
            message: view.message.clone(),
            code: view.code.clone(),
            kind: words(&view.fault_kind),
            field: view.field.clone().unwrap_or_default(),
            amount: view.amount.as_deref().map_or(String::new(), at_risk),
            owner: view.owner.clone(),
            due: When::of(view.due, now),
            opened: When::of(view.opened_at, now),
            suggestion: view.suggestion.clone(),
            step: view.step.clone(),
            resolved,
            may_retry: may_retry && view.retriable,
            // One try per time it was opened: when it opens again it may be tried again.
            nonce: format!("console-{}-{}", view.id, view.opened_at.as_millisecond()),
            back: back.to_owned(),
        }
    }
}

/// `EUR 40000.00` as `40,000.00 EUR`; what is no amount stays as it is.
fn at_risk(printed: &str) -> String {
    let amount = printed.split_once(' ').and_then(|(currency, amount)| {
        Some(Amount::from(&Money::new(amount.parse().ok()?, Currency::from_code(currency)?)))
    });
    amount.map_or_else(|| printed.to_owned(), |amount| format!("{} {}", amount.text, amount.currency))
}

/// `GET /console/exceptions`
pub async fn show(State(state): State<ConsoleState>, Extension(who): Extension<Principal>, uri: Uri) -> Response {
    let chrome = Chrome::of(&state, &who, "Exceptions", "exceptions", None).await;
    let all = query_value(&uri, "all").is_some();
    let now = state.api.clock.now();
    let may_retry = may(who.role, Permission::RetryException).allowed;
    let views = read::exceptions::list(state.api.ledger.as_ref(), all, None).await;
    let cards = |open: bool| {
        let views = views.iter().filter(|view| view.is_open() == open);
        views.map(|view| ExceptionCard::of(view, now, may_retry, "/console/exceptions")).collect()
    };
    let causes = if may_retry { CauseRow::of(&views) } else { Vec::new() };
    render(&ExceptionsPage { chrome, causes, open: cards(true), resolved: cards(false), all })
}

/// What the form of a retry holds.
#[derive(Deserialize)]
pub struct RetryForm {
    nonce: String,
    back: String,
}

/// `POST /console/exceptions/{id}/retry`
pub async fn retry(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(form): Form<RetryForm>,
) -> Result<Redirect, Refused> {
    let once = IdempotencyKey::new(&form.nonce)?;
    retry::retry(&state.api, &who, &once, &id).await?;
    Ok(Redirect::to(own_path(&form.back)))
}

/// What the form of a retry of many holds.
#[derive(Deserialize)]
pub struct RetryAllForm {
    nonce: String,
    code: String,
    step: String,
}

/// `POST /console/exceptions/retry`
pub async fn retry_all(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Form(form): Form<RetryAllForm>,
) -> Result<Redirect, Refused> {
    let once = IdempotencyKey::new(&form.nonce)?;
    retry::retry_all(&state.api, &who, &once, &form.code, Some(&form.step)).await?;
    Ok(Redirect::to("/console/exceptions"))
}
