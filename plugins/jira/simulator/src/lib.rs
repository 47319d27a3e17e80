//! Jira Cloud as it behaves, for tests and certification of its connector: Basic authentication,
//! issues and worklogs of platform REST API version 3, a search that lags behind its index and gives
//! only ids unless asked, worklog feeds that leave out the last minute, Atlassian Document Format,
//! entity properties, and webhooks signed with an administrator's secret.
//!
//! Lives here: Jira's shapes, rules and words. Never enters: the connector, the host.
//!
//! `site.rs` is the state; `issue.rs`, `worklog.rs`, `property.rs` what Jira checks and shows,
//! `jql.rs` and `search.rs` the search, `adf.rs` the documents, `hooks.rs` the webhooks, `routes.rs`
//! the door, `act.rs` what people do in the user interface.

mod act;
mod adf;
mod hooks;
mod issue;
mod jql;
mod property;
mod refusal;
mod routes;
mod search;
mod site;
mod worklog;

use quoin_simulator::Kit;
use quoin_simulator::axum::Router;

use refusal::JiraDialect;
use site::Site;

/// The integration user, who is a project administrator.
pub const USERNAME: &str = "integration@advisory.example";

/// The API token of [`USERNAME`] that is valid at the start, unless `--option token=...` names another.
pub const TOKEN: &str = "jira-token";

/// Key of the only project.
pub const PROJECT: &str = "ADV";

/// Jira's routes on this kit. The site always has the project `ADV`, the integration user, Ana and Ben.
///
/// Options: `token`; `index_lag_seconds` (default 0): how long the search does not show a change;
/// `property_moves_stamp=true`: a worklog property set over REST puts the worklog into the feed (the
/// vendor does not say, so by default it does not); `task_property`, `approval_property`.
pub fn build(kit: Kit) -> Router {
    let site = Site::new(kit.clone());
    kit.dialect(JiraDialect { site: site.clone() });
    let for_reset = site.clone();
    kit.on_reset(move || for_reset.reset());
    act::register(&kit, &site);
    routes::router(site)
}
