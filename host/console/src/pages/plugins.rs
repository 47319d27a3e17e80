//! Plugins with their versions: which serves whom, on trial or for all, how each does, and the decisions that
//! an administrator can take.

use std::collections::BTreeSet;

use api::act::shadow::{Comparison, Recording};
use api::guard::IdempotencyKey;
use api::read::rollouts::{self, RolloutView, VersionRow};
use api::{Principal, Problem, act, stream};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Redirect, Response};
use axum::{Extension, Form};
use policy::access::{Permission, may};
use ports::{ShadowStatus, Wanted};
use serde::Deserialize;
use serde_json::Value;

use super::{Refused, render};
use crate::ConsoleState;
use crate::view::{Chrome, words};

/// Share of a trial that a button begins: enough to see faults within minutes, few enough to harm little.
const TRIAL_PERCENT: u8 = 10;

/// Calls of each connection that a button records: minutes of ordinary traffic.
const RECORDED_CALLS: u32 = 100;

/// What is shown of a differing value, characters.
const SHOWN_CHARS: usize = 60;

#[derive(Template)]
#[template(path = "plugins.html")]
pub(crate) struct PluginsPage {
    chrome: Chrome,
    plugins: Vec<(RolloutView, Option<ShadowStatus>)>,
    may_decide: bool,
    /// One try per state of the log: a double click decides once.
    nonce: String,
    trial_percent: u8,
}

impl PluginsPage {
    fn short<'a>(&self, digest: &'a str) -> &'a str {
        digest.get(..12).unwrap_or(digest)
    }

    /// A value that differs, short.
    fn shown(&self, value: &Option<Value>) -> String {
        let text = value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
        text.chars().take(SHOWN_CHARS).collect()
    }

    /// Whether a version can be compared with the one that serves.
    fn can_compare(&self, shadow: &Option<ShadowStatus>, version: &VersionRow) -> bool {
        self.can_promote(version) && shadow.as_ref().is_some_and(|shadow| shadow.recorded > 0)
    }

    fn state(&self, plugin: &RolloutView, version: &VersionRow) -> String {
        let canary = plugin.canary.as_ref().filter(|canary| canary.digest == version.digest);
        match canary.map(|canary| canary.share_percent) {
            Some(share) if share > 0 => format!("On trial, {share} %"),
            Some(_) => "On trial".to_owned(),
            None => words(&version.state),
        }
    }

    /// How a state is drawn.
    fn chip(&self, version: &VersionRow) -> &'static str {
        match version.state.as_str() {
            "serving" => "good",
            "canary" => "warn",
            "withdrawn" | "revoked" => "bad",
            _ => "plain",
        }
    }

    fn can_promote(&self, version: &VersionRow) -> bool {
        self.may_decide && version.state != "serving" && version.state != "revoked"
    }

    fn can_try(&self, plugin: &RolloutView, version: &VersionRow) -> bool {
        self.can_promote(version) && version.state != "canary" && plugin.serving.is_some()
    }
}

/// `GET /console/plugins`
pub async fn show(State(state): State<ConsoleState>, Extension(who): Extension<Principal>) -> Response {
    let chrome = Chrome::of(&state, &who, "Plugins", "plugins", None).await;
    let mut plugins = Vec::new();
    for plugin in rollouts::rollouts(&state.api).await {
        let shadow = act::shadow::status(&state.api, &plugin.plugin).await.ok();
        plugins.push((plugin, shadow));
    }
    render(&PluginsPage {
        may_decide: may(who.role, Permission::LoadPlugin).allowed,
        nonce: format!("console-rollout-{}", stream::head(&state.api)),
        plugins,
        trial_percent: TRIAL_PERCENT,
        chrome,
    })
}

/// What a button says.
#[derive(Deserialize)]
pub struct DecideForm {
    nonce: String,
    decide: String,
    #[serde(default)]
    digest: String,
}

/// `POST /console/plugins/{plugin}/decide`
pub async fn decide(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(plugin): Path<String>,
    Form(form): Form<DecideForm>,
) -> Result<Redirect, Refused> {
    let once = IdempotencyKey::new(&format!("{}-{}-{}", form.nonce, form.decide, form.digest))?;
    let version = form.digest;
    let there = Redirect::to("/console/plugins");
    match form.decide.as_str() {
        "record" => {
            let wanted = Recording { calls: RECORDED_CALLS };
            return act::shadow::record(&state.api, &who, &once, &plugin, &wanted)
                .await
                .map(|_| there)
                .map_err(Refused);
        }
        "compare" | "approve" => {
            let wanted = Comparison { version, approve: form.decide == "approve" };
            return act::shadow::compare(&state.api, &who, &once, &plugin, &wanted)
                .await
                .map(|_| there)
                .map_err(Refused);
        }
        _ => {}
    }
    let wanted = match form.decide.as_str() {
        "promote" => Wanted::Promote { version, accept: false, require_shadow: false },
        "canary" => {
            Wanted::Canary { version, share_percent: TRIAL_PERCENT, connections: BTreeSet::new(), accept: false }
        }
        "rollback" => Wanted::Rollback { reason: format!("rolled back by {}", who.name) },
        other => {
            let detail = format!("'{other}' is nothing to decide");
            return Err(Problem::invalid("/decide", detail, "press one of the buttons").into());
        }
    };
    act::rollout::decide(&state.api, &who, &once, &plugin, wanted).await?;
    Ok(there)
}
