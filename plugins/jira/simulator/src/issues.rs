//! Issues: creating singly and in bulk, reading, changing, remote links.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use crate::adf;
use crate::properties;
use crate::refusal::{Answer, Refused};
use crate::site::{ISSUE_TYPES, Issue, State, jira_time};

/// Issues in one bulk creation.
const BULK: usize = 50;

/// Issues in one bulk read.
const BULK_FETCH: usize = 100;

/// Fields that can be set on every issue type of this site.
const SETTABLE: [&str; 9] =
    ["project", "issuetype", "summary", "description", "labels", "assignee", "duedate", "priority", "parent"];

/// `POST /issue`.
pub fn create(state: &mut State, body: &Value) -> Answer<Value> {
    let fields = checked(state, body, true)?;
    let properties = properties::of_body(body)?;
    let key = fields["project"]["key"].as_str().unwrap_or_default().to_owned();
    let id = state.id();
    let now = state.stamp();
    let project = state.project_mut(&key)?;
    project.last_issue += 1;
    let (project_key, issue_key) = (project.key.clone(), format!("{}-{}", project.key, project.last_issue));
    let mut fields = fields;
    for (name, value) in [("created", jira_time(now)), ("updated", jira_time(now))] {
        fields.insert(name.into(), value.into());
    }
    fields.entry("labels").or_insert(json!([]));
    let issue = Issue {
        id,
        key: issue_key.clone(),
        project: project_key,
        fields,
        properties,
        remote_links: Map::new(),
        indexed: Vec::new(),
        writes: VecDeque::new(),
    };
    let (marker, data) = (marker(&issue), json!({"key": issue_key, "fields": issue.fields}));
    state.issues.insert(id, issue);
    state.index(id);
    state.kit.ledger.commit("task", &id.to_string(), marker.as_deref(), data);
    let shown = shown(state, state.issue(id)?, &["*all"], false);
    let user = state.shown_user(&state.me());
    state.hooks.notify("jira:issue_created", now, json!({"user": user, "issue": shown, "issue_event_type_name": "issue_created"}));
    Ok(json!({"id": id.to_string(), "key": issue_key}))
}

/// The mark by which a connector finds its issue again: a label that looks like one, for the ledger.
fn marker(issue: &Issue) -> Option<String> {
    let labels = issue.fields.get("labels").and_then(Value::as_array);
    let mark = labels.into_iter().flatten().filter_map(Value::as_str).find(|label| label.len() > 36 && label.matches('-').count() >= 4);
    mark.map(Into::into)
}

/// `POST /issue/bulk`: each on its own; those that fail are listed.
pub fn create_bulk(state: &mut State, body: &Value) -> Answer<(bool, Value)> {
    let rows = body["issueUpdates"].as_array().cloned().unwrap_or_default();
    if rows.is_empty() || rows.len() > BULK {
        return Err(Refused::bad_request(format!("The number of issues must be between 1 and {BULK}.")));
    }
    let (mut issues, mut errors) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        match create(state, row) {
            Ok(created) => issues.push(created),
            Err(refused) => {
                let mut element = refused.element();
                element["failedElementNumber"] = index.into();
                errors.push(element);
            }
        }
    }
    Ok((!issues.is_empty(), json!({"issues": issues, "errors": errors})))
}

/// `PUT /issue/{id}`.
pub fn change(state: &mut State, id: u64, body: &Value) -> Answer<()> {
    state.count_write(id)?;
    let fields = checked(state, body, false)?;
    let properties = properties::of_body(body)?;
    let now = state.stamp();
    let issue = state.issue_mut(id)?;
    issue.fields.extend(fields);
    issue.fields.insert("updated".into(), jira_time(now).into());
    issue.properties.extend(properties);
    let (marker, data) = (marker(issue), json!({"fields": issue.fields}));
    state.index(id);
    state.kit.ledger.commit("task_update", &id.to_string(), marker.as_deref(), data);
    let shown = shown(state, state.issue(id)?, &["*all"], false);
    state.hooks.notify("jira:issue_updated", now, json!({"issue": shown, "issue_event_type_name": "issue_generic"}));
    Ok(())
}

/// `DELETE /issue/{id}`: its worklogs go with it.
pub fn remove(state: &mut State, id: u64) -> Answer<()> {
    let issue = state.issues.remove(&id).ok_or_else(Refused::no_issue)?;
    let worklogs: Vec<u64> = state.worklogs.values().filter(|worklog| worklog.issue == id).map(|worklog| worklog.id).collect();
    for worklog in worklogs {
        crate::worklogs::drop_worklog(state, worklog);
    }
    state.kit.ledger.commit("task_delete", &id.to_string(), marker(&issue).as_deref(), json!({"key": issue.key}));
    Ok(())
}

/// Checks the fields of a creation or change, and fills in what Jira derives.
fn checked(state: &State, body: &Value, new: bool) -> Answer<Map<String, Value>> {
    let mut fields = body["fields"].as_object().cloned().unwrap_or_default();
    if let Some(unknown) = fields.keys().find(|name| !SETTABLE.contains(&name.as_str())) {
        let message = format!("Field '{unknown}' cannot be set. It is not on the appropriate screen, or unknown.");
        return Err(Refused::field(unknown, message));
    }
    if new {
        let wanted = &fields.get("project").cloned().unwrap_or_default();
        let key = wanted["key"].as_str().or_else(|| wanted["id"].as_str()).unwrap_or_default();
        let project = state.project(key).map_err(|_| Refused::field("project", "valid project is required"))?;
        let shown = json!({"id": project.id.to_string(), "key": project.key, "name": project.name});
        fields.insert("project".into(), shown);
    }
    if new || fields.contains_key("issuetype") {
        let wanted = fields.get("issuetype").cloned().unwrap_or_default();
        let found = ISSUE_TYPES.iter().find(|(id, name)| wanted["id"] == *id || wanted["name"] == *name);
        let (id, name) = found.ok_or_else(|| Refused::field("issuetype", "Specify a valid issue type"))?;
        fields.insert("issuetype".into(), json!({"id": id, "name": name, "subtask": false}));
    }
    if new || fields.contains_key("summary") {
        check_summary(fields.get("summary").and_then(Value::as_str).unwrap_or_default())?;
    }
    if fields.get("description").is_some_and(|text| !text.is_null() && !adf::is_document(text)) {
        let message = "Operation value must be an Atlassian Document (see the Atlassian Document Format)";
        return Err(Refused::field("description", message));
    }
    for label in fields.get("labels").and_then(Value::as_array).into_iter().flatten() {
        let text = label.as_str().unwrap_or_default();
        if text.is_empty() || text.contains(char::is_whitespace) || text.len() > 255 {
            return Err(Refused::field("labels", format!("The label '{text}' contains spaces which is invalid.")));
        }
    }
    Ok(fields)
}

fn check_summary(summary: &str) -> Answer<()> {
    if summary.trim().is_empty() {
        return Err(Refused::field("summary", "You must specify a summary of the issue."));
    }
    if summary.contains(['\n', '\r']) {
        return Err(Refused::field("summary", "The summary is invalid because it contains newline characters."));
    }
    if summary.chars().count() > 255 {
        return Err(Refused::field("summary", "Summary can't exceed 255 characters."));
    }
    Ok(())
}

/// An issue with the fields asked for.
pub fn shown(state: &State, issue: &Issue, fields: &[&str], properties: bool) -> Value {
    let all = fields.is_empty() || fields.iter().any(|name| *name == "*all" || *name == "*navigable");
    let chosen: Map<String, Value> =
        issue.fields.iter().filter(|(name, _)| all || fields.contains(&name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect();
    let mut shown = json!({"id": issue.id.to_string(), "key": issue.key, "fields": chosen});
    if all {
        let seconds: i64 = state.worklogs.values().filter(|worklog| worklog.issue == issue.id).map(|worklog| worklog.seconds).sum();
        shown["fields"]["timespent"] = seconds.into();
    }
    if properties {
        shown["properties"] = Value::Object(issue.properties.clone());
    }
    shown
}

/// `GET /issue/{id}`.
pub fn read(state: &State, id: u64, query: &BTreeMap<String, String>) -> Answer<Value> {
    let fields: Vec<&str> = query.get("fields").map(|names| names.split(',').map(str::trim).collect()).unwrap_or_default();
    Ok(shown(state, state.issue(id)?, &fields, query.contains_key("properties")))
}

/// `POST /issue/bulkfetch`: issues that are not there, or hidden, are listed as errors.
pub fn bulk_fetch(state: &State, body: &Value) -> Answer<Value> {
    let wanted: Vec<&str> = body["issueIdsOrKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if wanted.is_empty() || wanted.len() > BULK_FETCH {
        return Err(Refused::bad_request(format!("issueIdsOrKeys must hold between 1 and {BULK_FETCH} issues.")));
    }
    let fields: Vec<&str> = body["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (mut issues, mut errors) = (Vec::new(), Vec::new());
    for name in wanted {
        match state.issue_id(name).and_then(|id| state.issue(id)) {
            Ok(issue) => issues.push(shown(state, issue, &fields, false)),
            Err(_) => errors.push(json!({"id": name, "errorMessage": "Issue does not exist or you do not have permission to see it."})),
        }
    }
    Ok(json!({"issues": issues, "issueErrors": errors}))
}

/// `POST /issue/{id}/remotelink`: the same `globalId` changes the link instead of adding one.
pub fn remote_link(state: &mut State, id: u64, body: &Value) -> Answer<(bool, Value)> {
    state.count_write(id)?;
    if body["object"]["url"].as_str().is_none_or(str::is_empty) || body["object"]["title"].as_str().is_none_or(str::is_empty) {
        return Err(Refused::field("object", "'url' and 'title' are required."));
    }
    let fresh = state.id();
    let issue = state.issue_mut(id)?;
    let global = body["globalId"].as_str().map_or_else(|| fresh.to_string(), Into::into);
    let number = issue.remote_links.get(&global).and_then(|link| link["id"].as_u64());
    let mut link = body.clone();
    link["id"] = number.unwrap_or(fresh).into();
    issue.remote_links.insert(global, link);
    Ok((number.is_none(), json!({"id": number.unwrap_or(fresh)})))
}
