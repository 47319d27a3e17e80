//! What connected systems hold against what we hold: ask for a comparison, look at what it found,
//! have a difference repaired.

use api::Principal;
use api::act::reconcile::{self, Reconciliation};
use api::guard::IdempotencyKey;
use api::read::reconciliation::{self, Drift, FindingsView, Proposal};
use askama::Template;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::response::{Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use policy::access::{Permission, may};
use quoin_canonical::{Date, Timestamp};
use serde::Deserialize;

use super::{Refused, render};
use crate::ConsoleState;
use crate::view::{Chrome, When};

#[derive(Template)]
#[template(path = "reconciliation.html")]
pub(crate) struct ReconciliationPage {
    chrome: Chrome,
    runs: Vec<RunView>,
    may_ask: bool,
    nonce: String,
    from: String,
    to: String,
}

/// One comparison.
pub struct RunView {
    /// Its id.
    pub run: String,
    /// The period.
    pub period: String,
    /// When it was made.
    pub at: When,
    /// How many fields were compared.
    pub compared: usize,
    /// Whether nothing differs and every system answered.
    pub clean: bool,
    /// Systems that did not answer, with the reason.
    pub unreachable: Vec<String>,
    /// What differs.
    pub drifts: Vec<DriftView>,
}

/// One difference.
pub struct DriftView {
    /// Its id.
    pub id: String,
    /// Object and field.
    pub what: String,
    /// The system.
    pub connection: String,
    /// The deal, or empty.
    pub key: String,
    /// Page of the deal.
    pub href: String,
    /// What we hold.
    pub ours: String,
    /// What they hold.
    pub theirs: String,
    /// Whose word counts.
    pub owner: String,
    /// Who looks at it.
    pub team: String,
    /// What is proposed, in words.
    pub proposal: &'static str,
    /// Whether it can be done on command.
    pub can_apply: bool,
}

impl RunView {
    fn of(view: &FindingsView, now: Timestamp, may_ask: bool) -> Self {
        let findings = &view.findings;
        Self {
            run: findings.run.to_string(),
            period: format!("{} to {}", findings.from, findings.to),
            at: When::of(findings.at, now),
            compared: findings.compared,
            clean: view.clean,
            unreachable: findings.unreachable.clone(),
            drifts: findings.drifts.iter().map(|drift| DriftView::of(drift, may_ask)).collect(),
        }
    }
}

impl DriftView {
    fn of(drift: &Drift, may_ask: bool) -> Self {
        let mut what = drift.object.replace('_', " ");
        if !drift.field.is_empty() {
            what.push_str(&drift.field.replace('/', " \u{203a} "));
        }
        Self {
            id: drift.id.to_string(),
            what,
            connection: drift.connection.clone(),
            href: format!("/console/deals/{}", utf8_percent_encode(&drift.key, NON_ALPHANUMERIC)),
            key: drift.key.clone(),
            ours: drift.ours.clone(),
            theirs: drift.theirs.clone(),
            owner: drift.owner.clone(),
            team: drift.team.clone(),
            proposal: drift.proposal.words(),
            can_apply: may_ask && drift.proposal != Proposal::Ask,
        }
    }
}

/// `GET /console/reconciliation`
pub async fn show(State(state): State<ConsoleState>, Extension(who): Extension<Principal>) -> Response {
    let chrome = Chrome::of(&state, &who, "Reconciliation", "reconciliation", None).await;
    let now = state.api.clock.now();
    let may_ask = may(who.role, Permission::RetryException).allowed;
    let found = reconciliation::latest(state.api.ledger.as_ref()).await;
    let today = api::format::day(now);
    render(&ReconciliationPage {
        chrome,
        runs: found.iter().map(|view| RunView::of(view, now, may_ask)).collect(),
        may_ask,
        nonce: format!("console-reconcile-{}", now.as_millisecond()),
        from: today.first_of_month().to_string(),
        to: today.to_string(),
    })
}

/// What the form of a comparison holds.
#[derive(Deserialize)]
pub struct AskForm {
    nonce: String,
    from: String,
    to: String,
}

/// `POST /console/reconciliation`
pub async fn ask(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Form(form): Form<AskForm>,
) -> Result<Redirect, Refused> {
    let once = IdempotencyKey::new(&form.nonce)?;
    let day = |pointer: &str, text: &str| {
        let hint = "write it as 2026-03-31";
        text.parse::<Date>().map_err(|_| api::Problem::invalid(pointer, format!("'{text}' is no date"), hint))
    };
    let wanted = Reconciliation { from: day("/from", &form.from)?, to: day("/to", &form.to)? };
    reconcile::request(&state.api, &who, &once, &wanted).await?;
    Ok(Redirect::to("/console/reconciliation"))
}

/// What the form of a repair holds.
#[derive(Deserialize)]
pub struct RepairForm {
    nonce: String,
}

/// `POST /console/reconciliation/drifts/{id}/apply`
pub async fn apply(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(id): Path<String>,
    Form(form): Form<RepairForm>,
) -> Result<Redirect, Refused> {
    let once = IdempotencyKey::new(&form.nonce)?;
    reconcile::apply(&state.api, &who, &once, &id).await?;
    Ok(Redirect::to("/console/reconciliation"))
}
