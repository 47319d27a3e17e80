//! Speaking to Jira: configuration and requests.

use std::collections::BTreeMap;

use quoin_sdk::{Fault, FaultKind, Host, Level, Report, Request, Response, code};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fault;
use crate::wire::{MyPermissions, Myself};

/// Credential slot of every call.
const SLOT: &str = "api";

/// Time a write needs at least, in milliseconds; with less left it is not begun, because an answer
/// cut off by the call's end leaves open what was done.
const WRITE_NEEDS_MS: u64 = 1_000;

/// Reads in flight at once; the manifest says the same.
const PARALLEL: u32 = 4;

/// A connection's configuration; the fields are explained in `connector.toml`.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct Config {
    pub base_url: String,
    pub project_key: String,
    pub issue_type: String,
    pub id_property: String,
    pub approval_property: String,
    pub emails: BTreeMap<String, String>,
    pub read_from: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            project_key: String::new(),
            issue_type: "Task".into(),
            id_property: "quoin.task".into(),
            approval_property: "quoin.approval".into(),
            emails: BTreeMap::new(),
            read_from: None,
        }
    }
}

/// A door to Jira for one call.
pub struct Api<'a> {
    pub host: &'a dyn Host,
    pub config: Config,
}

impl<'a> Api<'a> {
    /// With the connection's configuration.
    ///
    /// # Errors
    /// Of kind `config`. The project's key goes into queries, so it must be one.
    pub fn new(host: &'a dyn Host) -> Result<Self, Fault> {
        let config: Config = quoin_sdk::config(host)?;
        let key_ok =
            |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if config.base_url.is_empty() {
            return Err(Fault::new(
                FaultKind::Config,
                "CONFIG",
                "set base_url, such as https://your-site.atlassian.net",
            ));
        }
        if !key_ok(&config.project_key) {
            let message = format!("project_key '{}' is no project key; set one such as ADV", config.project_key);
            return Err(Fault::new(FaultKind::Config, "CONFIG", message));
        }
        Ok(Self { host, config })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/rest/api/3/{path}", self.config.base_url.trim_end_matches('/'))
    }

    /// A request to read, to be sent by [`Api::read`] or [`Api::read_all`].
    pub fn get(&self, path: &str) -> Request {
        Request::get(self.url(path)).credential(SLOT)
    }

    /// A POST that only reads; the manifest names its path under `reading_posts`.
    ///
    /// # Errors
    /// As [`Api::read`].
    pub fn ask<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Fault> {
        self.read(Request::post(self.url(path)).credential(SLOT).json(body)?)
    }

    /// One read.
    ///
    /// # Errors
    /// What Jira refuses, mapped; or that no whole answer came.
    pub fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, Fault> {
        whole(self.host.send(request))
    }

    /// Several reads, in the order asked.
    pub fn read_all<T: DeserializeOwned>(&self, requests: Vec<Request>) -> Vec<Result<T, Fault>> {
        self.host.send_all(requests, PARALLEL).into_iter().map(whole).collect()
    }

    /// A creation, answered whatever Jira says to it.
    ///
    /// # Errors
    /// When no answer came, or it was not begun.
    pub fn post(&self, path: &str, body: &Value) -> Result<Response, Fault> {
        self.write(Request::post(self.url(path)).json(body)?)
    }

    /// A change, answered whatever Jira says to it.
    ///
    /// # Errors
    /// When no answer came, or it was not begun.
    pub fn put(&self, path: &str, body: &Value) -> Result<Response, Fault> {
        self.write(Request::put(self.url(path)).json(body)?)
    }

    fn write(&self, request: Request) -> Result<Response, Fault> {
        if self.host.remaining_ms() < WRITE_NEEDS_MS {
            let message = "the call's time is used up; the next attempt goes on from here";
            return Err(Fault::new(FaultKind::Transient, code::NOT_SENT, message));
        }
        self.host.send(request.credential(SLOT))
    }

    /// A record that somebody has to mend.
    pub fn complain(&self, message: &str, fields: &[(&str, &str)]) {
        self.host.log(Level::Error, message, fields);
    }
}

fn whole<T: DeserializeOwned>(answer: Result<Response, Fault>) -> Result<T, Fault> {
    let response = answer.map_err(fault::of_read)?;
    if response.is_success() { response.json().map_err(fault::of_read) } else { Err(fault::of(&response, false)) }
}

/// The permissions in the project that the connector lives on, each with what does not work without it.
const NEEDED: [(&str, &str); 4] = [
    ("BROWSE_PROJECTS", "neither tasks nor worklogs can be read"),
    ("CREATE_ISSUES", "no task can be created"),
    ("EDIT_ISSUES", "no task can be changed"),
    ("VIEW_ALL_WORKLOGS", "worklogs of others cannot be read"),
];

/// Who we are, and what we may do in the project.
///
/// # Errors
/// What Jira refuses, mapped.
pub fn check(api: &Api<'_>) -> Result<Report, Fault> {
    let me: Myself = api.read(api.get("myself"))?;
    let name = match me.email_address {
        Some(email) => format!("{} <{email}>", me.display_name),
        None => me.display_name,
    };
    // Worklogs are dated in this zone, so the operator should see it.
    let zone = me.time_zone.map(|zone| format!(", time zone {zone}")).unwrap_or_default();
    let wanted = NEEDED.map(|(key, _)| key).join(",");
    let project = &api.config.project_key;
    let asked = api.get("mypermissions").query("projectKey", project).query("permissions", wanted);
    let MyPermissions { permissions } = api.read(asked)?;
    let mut report = Report { account: Some(format!("{name}{zone}")), ..Report::default() };
    for (key, without) in NEEDED {
        if permissions.get(key).is_some_and(|permission| permission.have_permission) {
            report.scopes.push(format!("{key} in {project}"));
        } else {
            report.warnings.push(format!("the user lacks {key} in {project}: {without}"));
        }
    }
    Ok(report)
}
