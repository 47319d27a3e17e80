//! The door: Basic authentication, paths under `/rest/api/3` (also behind the gateway's
//! `/ex/jira/{cloudId}`), and which call goes where.

use quoin_simulator::axum::body::to_bytes;
use quoin_simulator::axum::extract::{Query as QueryOf, Request, State as StateOf};
use quoin_simulator::axum::http::request::Parts;
use quoin_simulator::axum::http::{StatusCode, header};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::axum::{Json, Router};
use quoin_simulator::{Origin, sign};
use serde_json::{Map, Value, json};

use crate::hooks;
use crate::issue::{FIELDS, TYPES, show_type};
use crate::property::{self, Properties};
use crate::refusal::{Answer, Refused, retired};
use crate::search::{self, Search};
use crate::site::{Site, State};
use crate::{PROJECT, USERNAME};

/// Largest body taken: Jira's bulk limits keep requests far below it.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Most issues of one bulk creation, and of one bulk fetch.
const BULK_CREATE: usize = 50;
const BULK_FETCH: usize = 100;

const OLD_SEARCH: &str = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. \
    A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046";

/// All of Jira's routes.
pub fn router(site: Site) -> Router {
    Router::new().fallback(handle).with_state(site)
}

/// One request, as far as the calls need it.
struct Call {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: Vec<u8>,
    base: String,
}

impl Call {
    fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that may be repeated or hold commas.
    fn list(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(','));
        values.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
    }

    fn json(&self) -> Answer<Value> {
        serde_json::from_slice(&self.body)
            .map_err(|_| Refused::bad("There was an error parsing JSON. Check that your request body is valid."))
    }

    fn expands_properties(&self) -> bool {
        self.list("expand").iter().any(|name| name == "properties")
    }
}

async fn handle(StateOf(site): StateOf<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default().to_vec();
    let query =
        QueryOf::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|QueryOf(pairs)| pairs).unwrap_or_default();
    let path = api_path(parts.uri.path()).unwrap_or_default();
    let call = Call { method: parts.method.to_string(), path, query, body, base: Origin::of(&parts).0 };
    let answer = {
        let mut state = site.lock();
        authenticate(&state, &parts).and_then(|()| dispatch(&mut state, &call))
    };
    hooks::deliver_soon(&site);
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// What follows `/rest/api/3/`.
fn api_path(path: &str) -> Option<String> {
    let path = match path.strip_prefix("/ex/jira/") {
        Some(rest) => rest.split_once('/').map(|(_, rest)| format!("/{rest}"))?,
        None => path.to_owned(),
    };
    path.strip_prefix("/rest/api/3/").map(|rest| rest.trim_end_matches('/').to_owned())
}

fn authenticate(state: &State, parts: &Parts) -> Answer<()> {
    let given = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "));
    let given = given.and_then(|text| sign::from_base64(text.trim())).and_then(|bytes| String::from_utf8(bytes).ok());
    let good = given.is_some() && given == state.token.as_ref().map(|token| format!("{USERNAME}:{token}"));
    if good { Ok(()) } else { Err(Refused::unauthorized()) }
}

fn ok(value: Value) -> Answer<Response> {
    Ok(Json(value).into_response())
}

fn created(value: Value) -> Answer<Response> {
    Ok((StatusCode::CREATED, Json(value)).into_response())
}

fn no_content() -> Answer<Response> {
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn dispatch(state: &mut State, call: &Call) -> Answer<Response> {
    let base = call.base.as_str();
    let segments: Vec<&str> = call.path.split('/').collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["myself"]) => ok(state.show_user(0, base)),
        ("GET", ["mypermissions"]) => permissions(call),
        ("GET", ["field"]) => ok(FIELDS.iter().map(show_field).collect()),
        ("GET", ["serverInfo"]) => {
            ok(json!({"baseUrl": base, "deploymentType": "Cloud", "serverTime": state.stamp(state.now())}))
        }
        ("GET" | "POST", ["search"]) => Err(retired(OLD_SEARCH)),
        ("GET" | "POST", ["search", "jql"]) => ok(search::answer(state, &search_of(call)?, base)?),
        ("GET", ["worklog", feed @ ("updated" | "deleted")]) => {
            let since = call
                .one("since")
                .unwrap_or("0")
                .parse()
                .map_err(|_| Refused::bad("The 'since' parameter must be a UNIX timestamp in milliseconds."))?;
            ok(state.feed(feed, since, call.expands_properties(), base))
        }
        ("POST", ["worklog", "list"]) => ok(state.list_worklogs(&call.json()?, call.expands_properties(), base)?),
        (_, ["project", key, rest @ ..]) => {
            if !key.eq_ignore_ascii_case(PROJECT) && *key != crate::site::PROJECT_ID {
                return Err(Refused::missing(format!("No project could be found with key '{key}'.")));
            }
            project(state, call, rest)
        }
        (_, ["issue", rest @ ..]) => issues(state, call, rest),
        _ => Err(unknown(call)),
    }
}

fn unknown(call: &Call) -> Refused {
    Refused::missing(format!("null for uri: {}/rest/api/3/{}", call.base, call.path))
}

fn show_field((id, name, kind, writable, _): &(&str, &str, &str, bool, bool)) -> Value {
    json!({"id": id, "key": id, "name": name, "custom": false, "orderable": writable, "navigable": true, "searchable": true,
        "clauseNames": [id], "schema": {"type": kind, "system": id}})
}

fn permissions(call: &Call) -> Answer<Response> {
    let wanted = call.list("permissions");
    if wanted.is_empty() {
        return Err(Refused::bad("The 'permissions' query parameter is required."));
    }
    let permissions: Map<String, Value> = wanted
        .into_iter()
        .map(|key| (key.clone(), json!({"id": "0", "key": key, "name": key, "type": "PROJECT", "description": "", "havePermission": true})))
        .collect();
    ok(json!({"permissions": permissions}))
}

fn project(state: &mut State, call: &Call, rest: &[&str]) -> Answer<Response> {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let mut shown = State::show_project(&call.base);
            shown["issueTypes"] = TYPES.iter().map(|(id, _)| show_type(id, &call.base)).collect();
            shown["lead"] = state.show_user(0, &call.base);
            ok(shown)
        }
        (_, ["properties", rest @ ..]) => properties(&mut state.project_properties, call, rest),
        _ => Err(unknown(call)),
    }
}

fn search_of(call: &Call) -> Answer<Search> {
    if call.method == "GET" {
        return Ok(Search {
            jql: call.one("jql").unwrap_or_default().to_owned(),
            fields: call.list("fields"),
            properties: call.list("properties"),
            max_results: call.one("maxResults").and_then(|text| text.parse().ok()),
            page_token: call.one("nextPageToken").map(Into::into),
            reconcile: call.list("reconcileIssues").iter().filter_map(|id| id.parse().ok()).collect(),
        });
    }
    let mut search = Search::default();
    let texts = |value: &Value| -> Answer<Vec<String>> {
        let rows = value.as_array().ok_or_else(Refused::payload)?;
        rows.iter().map(|row| row.as_str().map(Into::into).ok_or_else(Refused::payload)).collect()
    };
    for (name, value) in call.json()?.as_object().ok_or_else(Refused::payload)? {
        match name.as_str() {
            "jql" => search.jql = value.as_str().ok_or_else(Refused::payload)?.to_owned(),
            "fields" => search.fields = texts(value)?,
            "properties" => search.properties = texts(value)?,
            "maxResults" => {
                search.max_results =
                    Some(value.as_u64().and_then(|n| usize::try_from(n).ok()).ok_or_else(Refused::payload)?)
            }
            "nextPageToken" => search.page_token = value.as_str().map(Into::into),
            "reconcileIssues" => {
                let ids: Option<Vec<u64>> = value
                    .as_array()
                    .map(|rows| rows.iter().map(Value::as_u64).collect())
                    .ok_or_else(Refused::payload)?;
                search.reconcile = ids.ok_or_else(Refused::payload)?;
            }
            "expand" | "fieldsByKeys" => {}
            _ => return Err(Refused::payload()),
        }
    }
    Ok(search)
}

fn issues(state: &mut State, call: &Call, rest: &[&str]) -> Answer<Response> {
    match (call.method.as_str(), rest) {
        ("POST", []) => {
            let id = state.create_issue(&call.json()?)?;
            created(reference(state, id, &call.base)?)
        }
        ("POST", ["bulk"]) => bulk_create(state, call),
        ("POST", ["bulkfetch"]) => bulk_fetch(state, call),
        ("GET", ["createmeta", PROJECT, "issuetypes"]) => {
            let types: Vec<Value> = TYPES.iter().map(|(id, _)| show_type(id, &call.base)).collect();
            ok(json!({"startAt": 0, "maxResults": 50, "total": types.len(), "issueTypes": types}))
        }
        ("GET", ["createmeta", PROJECT, "issuetypes", kind]) if TYPES.iter().any(|(id, _)| id == kind) => {
            let fields = FIELDS.iter().filter(|(_, _, _, writable, _)| *writable);
            let fields: Vec<Value> = fields.map(|(id, name, kind, _, required)| json!({"fieldId": id, "key": id, "name": name, "required": required, "schema": {"type": kind, "system": id}})).collect();
            ok(json!({"startAt": 0, "maxResults": 50, "total": fields.len(), "fields": fields}))
        }
        (_, [key, rest @ ..]) => {
            let id = state.issue_id(key)?;
            issue(state, call, id, rest)
        }
        _ => Err(unknown(call)),
    }
}

fn reference(state: &State, id: u64, base: &str) -> Answer<Value> {
    let issue = state.issue(id)?;
    Ok(json!({"id": id.to_string(), "key": issue.key(), "self": format!("{base}/rest/api/3/issue/{id}")}))
}

/// Partial: the good ones are created. Only when all are bad the answer is 400.
fn bulk_create(state: &mut State, call: &Call) -> Answer<Response> {
    let body = call.json()?;
    let rows = body["issueUpdates"].as_array().ok_or_else(Refused::payload)?;
    if rows.len() > BULK_CREATE {
        return Err(Refused::bad(format!("The number of issues to create must not exceed {BULK_CREATE}.")));
    }
    let (mut issues, mut errors) = (Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        match state.create_issue(row) {
            Ok(id) => issues.push(reference(state, id, &call.base)?),
            Err(refused) => errors.push(
                json!({"status": refused.status(), "elementErrors": refused.body(), "failedElementNumber": number}),
            ),
        }
    }
    let status = if issues.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::CREATED };
    Ok((status, Json(json!({"issues": issues, "errors": errors}))).into_response())
}

fn bulk_fetch(state: &State, call: &Call) -> Answer<Response> {
    let body = call.json()?;
    let texts = |name: &str| -> Vec<String> {
        body[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
    };
    let wanted = texts("issueIdsOrKeys");
    if wanted.is_empty() || wanted.len() > BULK_FETCH {
        return Err(Refused::bad(format!("Between 1 and {BULK_FETCH} issue ids or keys must be given.")));
    }
    let (fields, properties) = (texts("fields"), texts("properties"));
    let mut ids: Vec<u64> = wanted.iter().filter_map(|name| state.issue_id(name).ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut issues = Vec::with_capacity(ids.len());
    for id in ids {
        let issue = state.issue(id)?;
        let mut shown = state.show_issue(issue, &issue.current, &fields, &call.base);
        search::with_properties(&mut shown, issue, &properties);
        issues.push(shown);
    }
    ok(json!({"issues": issues, "issueErrors": []}))
}

fn issue(state: &mut State, call: &Call, id: u64, rest: &[&str]) -> Answer<Response> {
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let issue = state.issue(id)?;
            let mut shown = state.show_issue(issue, &issue.current, &call.list("fields"), &call.base);
            search::with_properties(&mut shown, issue, &call.list("properties"));
            ok(shown)
        }
        ("PUT", []) => state.edit_issue(id, &call.json()?).and_then(|()| no_content()),
        ("DELETE", []) => state.delete_issue(id).and_then(|()| no_content()),
        (_, ["properties", rest @ ..]) => {
            let issue = state.issues.get_mut(&id).ok_or_else(Refused::no_issue)?;
            properties(&mut issue.properties, call, rest)
        }
        ("GET", ["worklog"]) => {
            let all = state.worklogs.values().filter(|worklog| worklog.issue == id);
            let shown: Vec<Value> =
                all.map(|worklog| state.show_worklog(worklog, call.expands_properties(), &call.base)).collect();
            ok(json!({"startAt": 0, "maxResults": 5000, "total": shown.len(), "worklogs": shown}))
        }
        ("POST", ["worklog"]) => {
            let worklog = state.create_worklog(id, &call.json()?)?;
            created(shown_worklog(state, call, worklog))
        }
        (_, ["worklog", worklog, rest @ ..]) => {
            let worklog = state.worklog_id(id, worklog)?;
            one_worklog(state, call, worklog, rest)
        }
        _ => Err(unknown(call)),
    }
}

fn shown_worklog(state: &State, call: &Call, id: u64) -> Value {
    let worklog = state.worklogs.get(&id);
    worklog.map(|worklog| state.show_worklog(worklog, call.expands_properties(), &call.base)).unwrap_or_default()
}

fn one_worklog(state: &mut State, call: &Call, id: u64, rest: &[&str]) -> Answer<Response> {
    match (call.method.as_str(), rest) {
        ("GET", []) => ok(shown_worklog(state, call, id)),
        ("PUT", []) => {
            state.edit_worklog(id, &call.json()?)?;
            ok(shown_worklog(state, call, id))
        }
        ("DELETE", []) => state.delete_worklog(id).and_then(|()| no_content()),
        (method, ["properties", rest @ ..]) => {
            let mut changed = state.worklogs.get(&id).map(|worklog| worklog.properties.clone()).unwrap_or_default();
            let answer = properties(&mut changed, call, rest)?;
            if method != "GET" && state.kit.option("property_moves_stamp") == Some("true") {
                state.change_worklog(id, |worklog| worklog.properties = changed);
            } else if let Some(worklog) = state.worklogs.get_mut(&id) {
                worklog.properties = changed;
            }
            Ok(answer)
        }
        _ => Err(unknown(call)),
    }
}

fn properties(of: &mut Properties, call: &Call, rest: &[&str]) -> Answer<Response> {
    let link = |key: &str| format!("{}/rest/api/3/{}/{key}", call.base, call.path);
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            ok(json!({"keys": of.keys().map(|key| json!({"self": link(key), "key": key})).collect::<Vec<_>>()}))
        }
        ("GET", [key]) => {
            let value = of.get(*key).ok_or_else(|| property::missing(key))?;
            ok(json!({"key": key, "value": value}))
        }
        ("PUT", [key]) => {
            let value = call.json()?;
            property::check(key, &value)?;
            let before = of.insert((*key).to_owned(), value);
            Ok(if before.is_some() { StatusCode::OK } else { StatusCode::CREATED }.into_response())
        }
        ("DELETE", [key]) => of.shift_remove(*key).map_or_else(|| Err(property::missing(key)), |_| no_content()),
        _ => Err(unknown(call)),
    }
}
