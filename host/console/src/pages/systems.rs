//! Connected systems, the plugins that speak to them, and the business clock.

use api::Principal;
use api::read::{self, ConnectionView, PluginView};
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use policy::access::{Permission, may};

use super::render;
use crate::ConsoleState;
use crate::view::{Chrome, words};

#[derive(Template)]
#[template(path = "systems.html")]
pub(crate) struct SystemsPage {
    chrome: Chrome,
    connections: Vec<ConnectionView>,
    plugins: Vec<PluginView>,
    may_set_clock: bool,
    now_iso: String,
}

impl SystemsPage {
    fn short<'a>(&self, digest: &'a str) -> &'a str {
        digest.get(..12).unwrap_or(digest)
    }

    fn words(&self, name: &str) -> String {
        words(name)
    }
}

/// `GET /console/systems`
pub async fn show(State(state): State<ConsoleState>, Extension(who): Extension<Principal>) -> Response {
    let chrome = Chrome::of(&state, &who, "Systems", "systems", None).await;
    render(&SystemsPage {
        may_set_clock: chrome.manual_clock && may(who.role, Permission::SetClock).allowed,
        now_iso: state.api.clock.now().to_string(),
        connections: read::platform::connections(&state.api),
        plugins: read::platform::plugins(&state.api),
        chrome,
    })
}
