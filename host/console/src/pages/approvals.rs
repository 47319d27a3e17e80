//! Documents that wait for an approval, and the decision about one.

use api::Principal;
use api::act::approval::{self, Rejection};
use api::guard::IdempotencyKey;
use api::read::approvals::{self, ApprovalView};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::{Redirect, Response};
use policy::access::{Permission, may};
use quoin_canonical::{InvoiceType, Timestamp};
use serde::Deserialize;

use super::{Refused, render};
use crate::ConsoleState;
use crate::view::explanation::{FigureView, LineView};
use crate::view::{Amount, Chrome, When, explanation};

#[derive(Template)]
#[template(path = "approvals.html")]
pub(crate) struct ApprovalsPage {
    chrome: Chrome,
    waiting: Vec<Waiting>,
}

#[derive(Template)]
#[template(path = "approval.html")]
pub(crate) struct ApprovalPage {
    chrome: Chrome,
    waiting: Waiting,
    lines: Vec<LineView>,
    figures: Vec<FigureView>,
    of_discount: bool,
    may_decide: bool,
    may_reject: bool,
    nonce: String,
}

/// A document that waits.
pub struct Waiting {
    /// Canonical id.
    pub document: String,
    /// `Invoice`, `Credit note`, `Prepayment invoice`.
    pub title: &'static str,
    /// Business key.
    pub key: String,
    /// Whether that is the key of contracts that are billed together.
    pub of_group: bool,
    /// Customer.
    pub customer: String,
    /// Net.
    pub net: Amount,
    /// Gross.
    pub gross: Amount,
    /// Who may decide, in words.
    pub who: String,
    /// Since when it waits.
    pub since: When,
    /// When it should be decided.
    pub due: When,
}

impl Waiting {
    fn of(view: &ApprovalView, now: Timestamp) -> Self {
        let title = match view.kind {
            Some(InvoiceType::Invoice) => "Invoice",
            Some(InvoiceType::CreditNote) => "Credit note",
            Some(InvoiceType::Prepayment) => "Prepayment invoice",
            None => "Discount",
        };
        let who = match view.roles.as_slice() {
            [] => "nobody: it is beyond every limit of the policy".to_owned(),
            roles => roles.join(" or "),
        };
        Self {
            document: view.document.clone(),
            title,
            key: view.key.clone(),
            of_group: api::read::group::is_group(&view.key),
            customer: view.customer.clone(),
            net: Amount::from(&view.net),
            gross: Amount::from(&view.gross),
            who,
            since: When::of(view.since, now),
            due: When::of(view.due, now),
        }
    }
}

/// `GET /console/approvals`
pub async fn list(State(state): State<ConsoleState>, Extension(who): Extension<Principal>) -> Response {
    let chrome = Chrome::of(&state, &who, "Approvals", "approvals", None).await;
    let now = state.api.clock.now();
    let views = approvals::list(state.api.ledger.as_ref()).await;
    render(&ApprovalsPage { chrome, waiting: views.iter().map(|view| Waiting::of(view, now)).collect() })
}

/// `GET /console/approvals/{document}`
pub async fn show(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(document): Path<String>,
) -> Result<Response, Refused> {
    let detail = approvals::one(state.api.ledger.as_ref(), &document).await?;
    let waiting = Waiting::of(&detail.approval, state.api.clock.now());
    let chrome = Chrome::of(&state, &who, waiting.title, "approvals", Some(&waiting.key)).await;
    let allowed = may(who.role, Permission::Approve).allowed;
    let approver = approvals::approver(&who);
    let may_decide = allowed && approvals::need(&detail).is_some_and(|need| need.role_of(&approver).is_ok());
    let sends_back = detail.approval.roles.is_empty() && who.approves.contains(&detail.approval.owner);
    let may_reject = (may_decide || allowed && sends_back) && detail.approval.kind != Some(InvoiceType::CreditNote);
    let lines = detail.explanation.as_ref().map(|told| told.lines.iter().map(explanation::line).collect());
    Ok(render(&ApprovalPage {
        chrome,
        lines: lines.unwrap_or_default(),
        figures: detail.figures.iter().map(explanation::figure).collect(),
        of_discount: detail.invoice.is_none(),
        may_decide,
        may_reject,
        nonce: format!("console-{document}"),
        waiting,
    }))
}

/// What the form of an approval holds.
#[derive(Deserialize)]
pub struct ApproveForm {
    nonce: String,
}

/// `POST /console/approvals/{document}/approve`
pub async fn approve(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(document): Path<String>,
    Form(form): Form<ApproveForm>,
) -> Result<Redirect, Refused> {
    let once = IdempotencyKey::new(&form.nonce)?;
    approval::approve(&state.api, &who, &once, &document).await?;
    Ok(Redirect::to("/console/approvals"))
}

/// What the form of a rejection holds.
#[derive(Deserialize)]
pub struct RejectForm {
    nonce: String,
    reason: String,
}

/// `POST /console/approvals/{document}/reject`
pub async fn reject(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(document): Path<String>,
    Form(form): Form<RejectForm>,
) -> Result<Redirect, Refused> {
    let once = IdempotencyKey::new(&form.nonce)?;
    approval::reject(&state.api, &who, &once, &document, &Rejection { reason: form.reason }).await?;
    Ok(Redirect::to("/console/approvals"))
}
