//! What a site holds: people, one project, its issues and their worklogs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use quoin_simulator::{Kit, Timestamp};
use serde_json::{Map, Value, json};

use crate::hooks::Hooks;
use crate::issue::Issue;
use crate::worklog::Worklog;
use crate::{PROJECT, TOKEN, USERNAME};

/// Id of the project.
pub const PROJECT_ID: &str = "10000";

/// The zone of the site's people, as a POSIX rule because a simulator needs no zone database.
const ZONE_RULE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// The name of that zone.
pub const ZONE: &str = "Europe/Berlin";

/// Number of the first issue and the first worklog.
const FIRST_ISSUE: u64 = 10_001;
const FIRST_WORKLOG: u64 = 20_001;

/// Somebody.
#[derive(Debug, Clone)]
pub struct User {
    pub account: String,
    pub name: String,
    pub email: String,
    /// Whether the person's profile shows the address.
    pub email_visible: bool,
}

/// The site. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Site {
    pub kit: Kit,
    state: Arc<Mutex<State>>,
    /// Held while webhooks are sent, so that they leave in order.
    pub delivering: Arc<tokio::sync::Mutex<()>>,
}

/// Everything that changes.
pub struct State {
    pub kit: Kit,
    pub zone: TimeZone,
    /// The valid API token, if any.
    pub token: Option<String>,
    pub index_lag_seconds: i64,
    /// The first is the integration user.
    pub users: Vec<User>,
    pub issues: BTreeMap<u64, Issue>,
    pub worklogs: BTreeMap<u64, Worklog>,
    /// The feeds: stamp in milliseconds, id of the worklog.
    pub updated: BTreeSet<(i64, u64)>,
    pub deleted: BTreeSet<(i64, u64)>,
    pub project_properties: Map<String, Value>,
    pub hooks: Hooks,
    last_issue: u64,
    last_worklog: u64,
}

impl Site {
    /// As at the start.
    pub fn new(kit: Kit) -> Self {
        let state = Arc::new(Mutex::new(State::new(kit.clone())));
        Self { kit, state, delivering: Arc::default() }
    }

    /// The state, for one request.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As at the start again.
    pub fn reset(&self) {
        *self.lock() = State::new(self.kit.clone());
    }
}

impl State {
    fn new(kit: Kit) -> Self {
        let token = kit.option("token").unwrap_or(TOKEN).to_owned();
        let lag = kit.option("index_lag_seconds").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut state = Self {
            kit,
            zone: TimeZone::posix(ZONE_RULE).unwrap_or(TimeZone::UTC),
            token: Some(token),
            index_lag_seconds: lag,
            users: Vec::new(),
            issues: BTreeMap::new(),
            worklogs: BTreeMap::new(),
            updated: BTreeSet::new(),
            deleted: BTreeSet::new(),
            project_properties: Map::new(),
            hooks: Hooks::default(),
            last_issue: FIRST_ISSUE - 1,
            last_worklog: FIRST_WORKLOG - 1,
        };
        state.person(USERNAME, Some("Integration User"));
        state.person("ana@advisory.example", Some("Ana Almeida"));
        state.person("ben@advisory.example", Some("Ben Berger"));
        state
    }

    /// The simulator's time.
    pub fn now(&self) -> Timestamp {
        self.kit.now()
    }

    /// Position of the person with this address, who is invited when there is none.
    pub fn person(&mut self, email: &str, name: Option<&str>) -> usize {
        if let Some(found) = self.users.iter().position(|user| user.email.eq_ignore_ascii_case(email)) {
            return found;
        }
        let number = self.users.len();
        let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or(email));
        let account = format!("712020:00000000-0000-4000-8000-{number:012}");
        self.users.push(User { account, name: name.to_owned(), email: email.to_owned(), email_visible: true });
        number
    }

    /// The person as Jira shows people.
    pub fn show_user(&self, position: usize, base: &str) -> Value {
        let Some(user) = self.users.get(position) else { return Value::Null };
        let mut shown = json!({
            "self": format!("{base}/rest/api/3/user?accountId={}", user.account),
            "accountId": user.account, "accountType": "atlassian", "displayName": user.name, "active": true, "timeZone": ZONE,
        });
        if user.email_visible {
            shown["emailAddress"] = user.email.clone().into();
        }
        shown
    }

    /// The project as issues show it.
    pub fn show_project(base: &str) -> Value {
        json!({
            "self": format!("{base}/rest/api/3/project/{PROJECT_ID}"),
            "id": PROJECT_ID, "key": PROJECT, "name": "Advisory", "projectTypeKey": "software", "simplified": false,
        })
    }

    /// Jira's way to write a moment, in the reader's zone: no colon in the offset.
    pub fn stamp(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
    }

    /// A fresh issue id and number.
    pub fn next_issue(&mut self) -> (u64, u64) {
        self.last_issue += 1;
        (self.last_issue, self.last_issue - FIRST_ISSUE + 1)
    }

    /// A fresh worklog id.
    pub fn next_worklog(&mut self) -> u64 {
        self.last_worklog += 1;
        self.last_worklog
    }
}
