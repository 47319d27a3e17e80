//! What a site says about itself: people, projects, permissions, fields.

use serde_json::{Map, Value, json};

use crate::refusal::Answer;
use crate::site::{ISSUE_TYPES, Project, State};

/// Permissions of the integration user.
const PERMISSIONS: [&str; 7] = [
    "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADMINISTER_PROJECTS", "WORK_ON_ISSUES", "DELETE_ISSUES",
    "EDIT_ALL_WORKLOGS",
];

/// `GET /myself`.
pub fn myself(state: &State) -> Value {
    let mut me = state.shown_user(&state.me());
    me["timeZone"] = state.kit.option("time_zone").unwrap_or("Europe/Berlin").into();
    me
}

/// `GET /users/search`.
pub fn users(state: &State) -> Value {
    state.users.iter().map(|user| state.shown_user(&user.account_id)).collect()
}

/// `GET /project/{key}`.
pub fn project(project: &Project) -> Value {
    let types: Vec<Value> = ISSUE_TYPES.iter().map(|(id, name)| json!({"id": id, "name": name, "subtask": false})).collect();
    json!({"id": project.id.to_string(), "key": project.key, "name": project.name, "projectTypeKey": "software", "issueTypes": types})
}

/// `GET /project/search`.
pub fn projects(state: &State) -> Value {
    let values: Vec<Value> = state.projects.iter().map(project).collect();
    json!({"values": values, "startAt": 0, "maxResults": 50, "total": values.len(), "isLast": true})
}

/// `GET /project/{key}/statuses`.
pub fn statuses() -> Value {
    let statuses = json!([{"id": "1", "name": "To Do"}, {"id": "2", "name": "In Progress"}, {"id": "3", "name": "Done"}]);
    ISSUE_TYPES.iter().map(|(id, name)| json!({"id": id, "name": name, "subtask": false, "statuses": statuses})).collect()
}

/// `GET /mypermissions`. `--option lacks=ADMINISTER_PROJECTS` takes one away.
pub fn permissions(state: &State, wanted: &str) -> Value {
    let lacks = state.kit.option("lacks").unwrap_or_default();
    let rows = wanted.split(',').map(str::trim).filter(|name| PERMISSIONS.contains(name));
    let map: Map<String, Value> =
        rows.map(|name| (name.to_owned(), json!({"key": name, "name": name, "havePermission": name != lacks}))).collect();
    json!({ "permissions": map })
}

/// `GET /field`.
pub fn fields() -> Value {
    let rows = [
        ("summary", "Summary", "string"),
        ("description", "Description", "string"),
        ("labels", "Labels", "array"),
        ("issuetype", "Issue Type", "issuetype"),
        ("project", "Project", "project"),
        ("assignee", "Assignee", "user"),
        ("duedate", "Due date", "date"),
        ("worklog", "Log Work", "array"),
    ];
    rows.iter().map(|(id, name, kind)| json!({"id": id, "key": id, "name": name, "custom": false, "schema": {"type": kind, "system": id}})).collect()
}

/// `GET /issue/createmeta/{project}/issuetypes`.
pub fn issue_types(state: &State, key: &str) -> Answer<Value> {
    state.project(key)?;
    let types: Vec<Value> = ISSUE_TYPES.iter().map(|(id, name)| json!({"id": id, "name": name, "subtask": false})).collect();
    Ok(json!({"issueTypes": types, "startAt": 0, "maxResults": 50, "total": types.len()}))
}

/// `GET /issue/createmeta/{project}/issuetypes/{id}`.
pub fn create_fields(state: &State, key: &str, kind: &str) -> Answer<Value> {
    state.project(key)?;
    if !ISSUE_TYPES.iter().any(|(id, _)| *id == kind) {
        return Err(crate::refusal::Refused::no_route(kind));
    }
    let required = ["summary", "issuetype", "project"];
    let rows = fields();
    let rows: Vec<Value> = rows
        .as_array()
        .into_iter()
        .flatten()
        .filter(|field| field["id"] != "worklog")
        .map(|field| json!({"fieldId": field["id"], "name": field["name"], "schema": field["schema"], "required": required.iter().any(|id| field["id"] == *id)}))
        .collect();
    Ok(json!({"fields": rows, "startAt": 0, "maxResults": 50, "total": rows.len()}))
}
