//! Issues: what Jira checks when one is written, and how one is shown.

use jiff::SignedDuration;
use jiff::civil::Date;
use quoin_simulator::Timestamp;
use serde_json::{Map, Value, json};

use crate::PROJECT;
use crate::adf;
use crate::property::{self, Properties};
use crate::refusal::{Answer, Refused};
use crate::site::{PROJECT_ID, State};

/// Longest summary, in characters.
const SUMMARY_CHARS: usize = 255;

/// Longest label, in characters.
const LABEL_CHARS: usize = 255;

/// The project's issue types: id and name.
pub const TYPES: [(&str, &str); 3] = [("10001", "Task"), ("10002", "Story"), ("10003", "Bug")];

/// The site's fields: id, name, type, whether it is on the screens for creating and editing, and
/// whether a new issue needs it.
pub const FIELDS: [(&str, &str, &str, bool, bool); 12] = [
    ("summary", "Summary", "string", true, true),
    ("issuetype", "Issue Type", "issuetype", true, true),
    ("project", "Project", "project", true, true),
    ("description", "Description", "string", true, false),
    ("labels", "Labels", "array", true, false),
    ("assignee", "Assignee", "user", true, false),
    ("duedate", "Due date", "date", true, false),
    ("status", "Status", "status", false, false),
    ("creator", "Creator", "user", false, false),
    ("created", "Created", "datetime", false, false),
    ("updated", "Updated", "datetime", false, false),
    ("timespent", "Time Spent", "number", false, false),
];

/// An issue.
#[derive(Debug, Clone)]
pub struct Issue {
    pub id: u64,
    pub number: u64,
    pub current: Content,
    pub properties: Properties,
    pub created: Timestamp,
    /// What the index shows until `shown_from`; nothing for an issue that it has never seen.
    before: Option<Content>,
    shown_from: Timestamp,
}

/// What the index knows of an issue.
#[derive(Debug, Clone)]
pub struct Content {
    pub fields: Map<String, Value>,
    pub updated: Timestamp,
}

impl Issue {
    /// `ADV-1`.
    pub fn key(&self) -> String {
        format!("{PROJECT}-{}", self.number)
    }

    /// What the search sees now; nothing while the index lags.
    pub fn indexed(&self, now: Timestamp) -> Option<&Content> {
        if now >= self.shown_from { Some(&self.current) } else { self.before.as_ref() }
    }

    /// Replaces what it holds, from `now` on; the index follows after the lag.
    fn change(&mut self, fields: Option<Map<String, Value>>, now: Timestamp, lag_seconds: i64) {
        if now >= self.shown_from {
            self.before = Some(self.current.clone());
        }
        self.current.updated = now;
        if let Some(fields) = fields {
            self.current.fields = fields;
        }
        self.shown_from = now.checked_add(SignedDuration::from_secs(lag_seconds)).unwrap_or(now);
    }
}

/// Checks one field; `None` is good.
fn complaint(state: &State, name: &str, value: &Value) -> Option<String> {
    let known = FIELDS.iter().any(|(field, _, _, writable, _)| *field == name && *writable);
    match name {
        "project" if value["key"] != PROJECT && value["id"] != PROJECT_ID => {
            Some("Specify a valid project ID or key".into())
        }
        "issuetype" if issue_type(value).is_none() => Some("Specify a valid issue type".into()),
        "summary" => summary_complaint(value.as_str().unwrap_or_default()),
        "description" if !value.is_null() && !adf::is_document(value) => {
            Some("Operation value must be an Atlassian Document (see the Atlassian Document Format)".into())
        }
        "labels" => labels_complaint(value),
        "assignee" if !value.is_null() => {
            let account = value["accountId"].as_str().or(value["id"].as_str()).unwrap_or_default();
            let known = state.users.iter().any(|user| user.account == account);
            (!known).then(|| format!("User '{account}' does not exist."))
        }
        "duedate" if !value.is_null() => {
            let good = value.as_str().is_some_and(|text| text.parse::<Date>().is_ok());
            (!good).then(|| "Error parsing date string".into())
        }
        _ if !known => Some(format!("Field '{name}' cannot be set. It is not on the appropriate screen, or unknown.")),
        _ => None,
    }
}

fn summary_complaint(summary: &str) -> Option<String> {
    if summary.trim().is_empty() {
        Some("You must specify a summary of the issue.".into())
    } else if summary.contains(['\n', '\r']) {
        Some("The summary is invalid because it contains newline characters.".into())
    } else if summary.chars().count() > SUMMARY_CHARS {
        Some("Summary can't exceed 255 characters.".into())
    } else {
        None
    }
}

fn labels_complaint(value: &Value) -> Option<String> {
    let Some(labels) = value.as_array() else { return Some("data was not an array".into()) };
    labels.iter().find_map(|label| match label.as_str() {
        None => Some("string expected at index 0".into()),
        Some(text) if text.contains(char::is_whitespace) => {
            Some(format!("The label '{text}' contains spaces which is invalid."))
        }
        Some(text) if text.chars().count() > LABEL_CHARS => {
            Some(format!("The label '{text}' exceeds the maximum length."))
        }
        Some(_) => None,
    })
}

fn issue_type(value: &Value) -> Option<&'static (&'static str, &'static str)> {
    TYPES.iter().find(|(id, name)| value["id"] == *id || value["name"] == *name)
}

fn object(body: &Value, name: &str) -> Answer<Map<String, Value>> {
    match body.get(name) {
        Some(Value::Object(map)) => Ok(map.clone()),
        None => Ok(Map::new()),
        Some(_) => Err(Refused::payload()),
    }
}

/// Top-level members of a body that writes an issue.
fn check_members(body: &Value) -> Answer<()> {
    let known = ["fields", "properties", "update", "historyMetadata", "transition"];
    match body.as_object() {
        Some(map) if map.keys().all(|name| known.contains(&name.as_str())) => Ok(()),
        _ => Err(Refused::payload()),
    }
}

impl State {
    /// The issue with this id or key.
    pub fn issue_id(&self, id_or_key: &str) -> Answer<u64> {
        let by_key = || {
            let number: u64 = id_or_key.to_ascii_uppercase().strip_prefix(PROJECT)?.strip_prefix('-')?.parse().ok()?;
            self.issues.values().find(|issue| issue.number == number).map(|issue| issue.id)
        };
        let by_id = || id_or_key.parse::<u64>().ok().filter(|id| self.issues.contains_key(id));
        by_id().or_else(by_key).ok_or_else(Refused::no_issue)
    }

    /// The issue with this id.
    pub fn issue(&self, id: u64) -> Answer<&Issue> {
        self.issues.get(&id).ok_or_else(Refused::no_issue)
    }

    /// Creates an issue from a request's body.
    pub fn create_issue(&mut self, body: &Value) -> Answer<u64> {
        check_members(body)?;
        let mut fields = object(body, "fields")?;
        let mut errors = Map::new();
        for (name, message) in [
            ("project", "Specify a valid project ID or key"),
            ("issuetype", "Specify an issue type"),
            ("summary", "You must specify a summary of the issue."),
        ] {
            if fields.get(name).is_none_or(Value::is_null) {
                errors.insert(name.into(), message.into());
            }
        }
        for (name, value) in &fields {
            if let (false, Some(message)) = (errors.contains_key(name), complaint(self, name, value)) {
                errors.insert(name.clone(), message.into());
            }
        }
        if !errors.is_empty() {
            return Err(Refused::fields(errors));
        }
        let properties = property::given(body.get("properties"))?;
        fields.shift_remove("project");
        let kind = fields.get("issuetype").and_then(issue_type).map_or(TYPES[0].0, |(id, _)| id);
        fields.insert("issuetype".into(), kind.into());
        Ok(self.add_issue(fields, properties))
    }

    fn add_issue(&mut self, fields: Map<String, Value>, properties: Properties) -> u64 {
        let now = self.now();
        let (id, number) = self.next_issue();
        let shown_from = now.checked_add(SignedDuration::from_secs(self.index_lag_seconds)).unwrap_or(now);
        let current = Content { fields, updated: now };
        let issue = Issue { id, number, current, properties, created: now, before: None, shown_from };
        let task =
            issue.properties.get(self.kit.option("task_property").unwrap_or("quoin.task")).cloned().unwrap_or_default();
        let data = json!({"key": issue.key(), "summary": issue.current.fields.get("summary"), "labels": issue.current.fields.get("labels"), "task": task});
        self.issues.insert(id, issue);
        self.kit.ledger.commit("task", &id.to_string(), task["id"].as_str(), data);
        self.announce_issue("jira:issue_created", id);
        id
    }

    /// Changes an issue as a request's body says.
    pub fn edit_issue(&mut self, id: u64, body: &Value) -> Answer<()> {
        check_members(body)?;
        let mut given = object(body, "fields")?;
        let mut fields = self.issue(id)?.current.fields.clone();
        for (name, operations) in &object(body, "update")? {
            if name != "labels" {
                return Err(Refused::field(
                    name,
                    format!("Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."),
                ));
            }
            given.insert("labels".into(), relabelled(fields.get("labels"), operations)?);
        }
        let complaints =
            given.iter().filter_map(|(name, value)| Some((name.clone(), Value::from(complaint(self, name, value)?))));
        let errors: Map<String, Value> = complaints.collect();
        if !errors.is_empty() {
            return Err(Refused::fields(errors));
        }
        let properties = property::given(body.get("properties"))?;
        for (name, value) in given {
            match (name.as_str(), issue_type(&value)) {
                ("project", _) => continue,
                ("issuetype", Some((kind, _))) => fields.insert(name, (*kind).into()),
                _ => fields.insert(name, value),
            };
        }
        self.touch_issue(id, Some(fields.clone()));
        if let Some(issue) = self.issues.get_mut(&id) {
            issue.properties.extend(properties);
        }
        self.kit.ledger.commit("task_update", &id.to_string(), None, Value::Object(fields));
        self.announce_issue("jira:issue_updated", id);
        Ok(())
    }

    /// Moves the issue's stamp, and replaces its fields if there are new ones.
    pub fn touch_issue(&mut self, id: u64, fields: Option<Map<String, Value>>) {
        let (now, lag) = (self.now(), self.index_lag_seconds);
        if let Some(issue) = self.issues.get_mut(&id) {
            issue.change(fields, now, lag);
        }
    }

    /// Removes an issue with its worklogs.
    pub fn delete_issue(&mut self, id: u64) -> Answer<()> {
        self.issue(id)?;
        let worklogs: Vec<u64> =
            self.worklogs.values().filter(|worklog| worklog.issue == id).map(|worklog| worklog.id).collect();
        for worklog in worklogs {
            self.delete_worklog(worklog)?;
        }
        self.announce_issue("jira:issue_deleted", id);
        self.issues.remove(&id);
        self.kit.ledger.commit("task_delete", &id.to_string(), None, Value::Null);
        Ok(())
    }

    /// The issue with the wanted fields (`*all`, `*navigable`, `-name`) of this content.
    pub fn show_issue(&self, issue: &Issue, content: &Content, wanted: &[String], base: &str) -> Value {
        let mut all = Map::new();
        all.insert("project".into(), State::show_project(base));
        let kind = content.fields.get("issuetype").and_then(Value::as_str).unwrap_or_default();
        for (name, value) in &content.fields {
            let value = if name == "issuetype" { show_type(kind, base) } else { value.clone() };
            all.insert(name.clone(), value);
        }
        for name in ["description", "assignee", "duedate"] {
            all.entry(name).or_insert(Value::Null);
        }
        all.entry("labels").or_insert_with(|| json!([]));
        all.insert(
            "status".into(),
            json!({"id": "10000", "name": "To Do", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}}),
        );
        all.insert("creator".into(), self.show_user(0, base));
        all.insert("created".into(), self.stamp(issue.created).into());
        all.insert("updated".into(), self.stamp(content.updated).into());
        if wanted.is_empty() || wanted.iter().any(|name| name.starts_with('*') || name == "timespent") {
            let spent: i64 =
                self.worklogs.values().filter(|worklog| worklog.issue == issue.id).map(|worklog| worklog.seconds).sum();
            all.insert("timespent".into(), if spent == 0 { Value::Null } else { spent.into() });
        }
        let everything = wanted.iter().all(|name| name.starts_with('-'))
            || wanted.iter().any(|name| name == "*all" || name == "*navigable");
        all.retain(|name, _| (everything || wanted.contains(name)) && !wanted.contains(&format!("-{name}")));
        json!({"expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations", "id": issue.id.to_string(),
            "self": format!("{base}/rest/api/3/issue/{}", issue.id), "key": issue.key(), "fields": all})
    }
}

/// An issue type as Jira shows it.
pub fn show_type(id: &str, base: &str) -> Value {
    let name = TYPES.iter().find(|(known, _)| *known == id).map_or("", |(_, name)| *name);
    json!({"self": format!("{base}/rest/api/3/issuetype/{id}"), "id": id, "name": name, "description": "", "subtask": false, "hierarchyLevel": 0})
}

/// Labels after `[{"add":"a"},{"remove":"b"},{"set":[...]}]`.
fn relabelled(before: Option<&Value>, operations: &Value) -> Answer<Value> {
    let mut labels = before.and_then(Value::as_array).cloned().unwrap_or_default();
    for operation in operations.as_array().ok_or_else(Refused::payload)? {
        let (verb, value) = operation.as_object().and_then(|map| map.iter().next()).ok_or_else(Refused::payload)?;
        match verb.as_str() {
            "add" if !labels.contains(value) => labels.push(value.clone()),
            "add" => {}
            "remove" => labels.retain(|label| label != value),
            "set" => labels = value.as_array().cloned().ok_or_else(Refused::payload)?,
            _ => return Err(Refused::payload()),
        }
    }
    Ok(labels.into())
}
