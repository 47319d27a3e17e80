//! Worklogs and their two feeds. The feeds leave out the last minute and come a thousand at a time,
//! oldest first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::adf;
use crate::properties;
use crate::refusal::{Answer, Refused};
use crate::site::{State, Worklog, jira_time};

/// Rows of a feed's page, and ids of a list.
const FEED_ROWS: usize = 1_000;

/// What the feeds leave out, in milliseconds.
const LEFT_OUT_MS: i64 = 60_000;

/// What a worklog is made of.
pub struct Work {
    pub author: String,
    pub started: String,
    pub seconds: i64,
    pub comment: Option<Value>,
    pub properties: Map<String, Value>,
}

/// Adds a worklog.
pub fn add(state: &mut State, issue: u64, work: Work, notify: bool) -> Answer<u64> {
    let key = state.issue(issue)?.key.clone();
    let (id, now) = (state.id(), state.stamp());
    let worklog = Worklog {
        id,
        issue,
        update_author: work.author.clone(),
        author: work.author,
        started: work.started,
        seconds: work.seconds,
        comment: work.comment,
        created: now,
        updated: now,
        properties: work.properties,
    };
    state.updated.insert((now, id));
    let data = json!({"issue": key, "started": worklog.started, "seconds": worklog.seconds});
    state.kit.ledger.commit("time_entry", &id.to_string(), None, data);
    state.worklogs.insert(id, worklog);
    if notify {
        tell(state, "worklog_created", id);
    }
    Ok(id)
}

/// Notes that a worklog changed: its stamp moves, and with it its place in the feed.
pub fn touch(state: &mut State, id: u64, notify: bool) {
    let (now, me) = (state.stamp(), state.me());
    let Some(worklog) = state.worklogs.get_mut(&id) else { return };
    let before = (worklog.updated, id);
    worklog.updated = now;
    worklog.update_author = me;
    let data = json!({"seconds": worklog.seconds, "properties": worklog.properties});
    state.updated.remove(&before);
    state.updated.insert((now, id));
    state.kit.ledger.commit("time_entry_update", &id.to_string(), None, data);
    if notify {
        tell(state, "worklog_updated", id);
    }
}

/// Removes a worklog.
pub fn drop_worklog(state: &mut State, id: u64) {
    tell(state, "worklog_deleted", id);
    let now = state.stamp();
    let Some(worklog) = state.worklogs.remove(&id) else { return };
    state.updated.remove(&(worklog.updated, id));
    state.deleted.insert((now, id));
    state.kit.ledger.commit("time_entry_delete", &id.to_string(), None, json!({"seconds": worklog.seconds}));
}

fn tell(state: &State, event: &str, id: u64) {
    if let Some(worklog) = state.worklogs.get(&id) {
        let shown = shown(state, worklog, false);
        state.hooks.notify(event, state.now_ms(), json!({ "worklog": shown }));
    }
}

/// A worklog as Jira shows it.
pub fn shown(state: &State, worklog: &Worklog, properties: bool) -> Value {
    let mut shown = json!({
        "id": worklog.id.to_string(),
        "issueId": worklog.issue.to_string(),
        "author": state.shown_user(&worklog.author),
        "updateAuthor": state.shown_user(&worklog.update_author),
        "created": jira_time(worklog.created),
        "updated": jira_time(worklog.updated),
        "started": worklog.started,
        "timeSpent": time_spent(worklog.seconds),
        "timeSpentSeconds": worklog.seconds,
    });
    if let Some(comment) = &worklog.comment {
        shown["comment"] = comment.clone();
    }
    if properties {
        let rows = worklog.properties.iter().map(|(key, value)| json!({"key": key, "value": value}));
        shown["properties"] = Value::Array(rows.collect());
    }
    shown
}

fn time_spent(seconds: i64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60);
    match (hours, minutes) {
        (0, minutes) => format!("{minutes}m"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h {minutes}m"),
    }
}

/// `GET /worklog/updated` and `/worklog/deleted`.
pub fn feed(state: &State, rows: &BTreeSet<(i64, u64)>, path: &str, origin: &str, query: &BTreeMap<String, String>) -> Answer<Value> {
    let since = match query.get("since") {
        Some(text) => text.parse::<i64>().map_err(|_| Refused::bad_request("since must be a UNIX timestamp in milliseconds."))?,
        None => 0,
    };
    let horizon = state.now_ms() - LEFT_OUT_MS;
    let found: Vec<&(i64, u64)> = rows.range((since.saturating_add(1), 0)..).take_while(|(at, _)| *at <= horizon).take(FEED_ROWS + 1).collect();
    let last_page = found.len() <= FEED_ROWS;
    let shown: Vec<&(i64, u64)> = found.into_iter().take(FEED_ROWS).collect();
    let until = shown.last().map_or(since, |(at, _)| *at);
    let expand = query.get("expand").is_some_and(|names| names.contains("properties"));
    let values: Vec<Value> = shown
        .iter()
        .map(|(at, id)| {
            let mut row = json!({"worklogId": id, "updatedTime": at, "properties": []});
            if let Some(worklog) = state.worklogs.get(id).filter(|_| expand) {
                row["properties"] = worklog.properties.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
            }
            row
        })
        .collect();
    let self_url = format!("{origin}{path}?since={since}");
    let mut page = json!({"values": values, "since": since, "until": until, "self": self_url, "lastPage": last_page});
    if !last_page {
        page["nextPage"] = format!("{origin}{path}?since={until}").into();
    }
    Ok(page)
}

/// `POST /worklog/list`: those that are there, in no order to rely on.
pub fn list(state: &State, body: &Value, query: &BTreeMap<String, String>) -> Answer<Value> {
    let ids: Vec<u64> = body["ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    if ids.len() > FEED_ROWS {
        return Err(Refused::bad_request(format!("The number of worklog IDs must not exceed {FEED_ROWS}.")));
    }
    let expand = query.get("expand").is_some_and(|names| names.contains("properties"));
    let found = ids.iter().rev().filter_map(|id| state.worklogs.get(id));
    Ok(found.map(|worklog| shown(state, worklog, expand)).collect())
}

/// `POST /issue/{id}/worklog`.
pub fn create(state: &mut State, issue: u64, body: &Value) -> Answer<Value> {
    state.count_write(issue)?;
    let started = body["started"].as_str().map_or_else(|| jira_time(state.now_ms()), Into::into);
    let seconds = seconds(body)?.ok_or_else(|| Refused::field("timeLogged", "Worklog must not be null."))?;
    let work = Work {
        author: state.me(),
        started: checked_start(started)?,
        seconds,
        comment: comment(body)?,
        properties: properties::of_body(body)?,
    };
    let id = add(state, issue, work, true)?;
    read(state, issue, id, true)
}

/// `GET /issue/{id}/worklog/{id}`.
pub fn read(state: &State, issue: u64, id: u64, properties: bool) -> Answer<Value> {
    let worklog = state.worklogs.get(&id).filter(|worklog| worklog.issue == issue);
    worklog.map(|worklog| shown(state, worklog, properties)).ok_or_else(|| no_worklog(id))
}

/// `GET /issue/{id}/worklog`.
pub fn of_issue(state: &State, issue: u64) -> Answer<Value> {
    state.issue(issue)?;
    let rows: Vec<Value> = state.worklogs.values().filter(|w| w.issue == issue).map(|w| shown(state, w, false)).collect();
    Ok(json!({"startAt": 0, "maxResults": 5_000, "total": rows.len(), "worklogs": rows}))
}

/// `PUT /issue/{id}/worklog/{id}`.
pub fn change(state: &mut State, issue: u64, id: u64, body: &Value) -> Answer<Value> {
    state.count_write(issue)?;
    read(state, issue, id, false)?;
    let (seconds, comment, properties) = (seconds(body)?, comment(body)?, properties::of_body(body)?);
    let started = body["started"].as_str().map(|text| checked_start(text.to_owned())).transpose()?;
    if let Some(worklog) = state.worklogs.get_mut(&id) {
        worklog.seconds = seconds.unwrap_or(worklog.seconds);
        worklog.comment = comment.or_else(|| worklog.comment.take());
        worklog.started = started.unwrap_or_else(|| worklog.started.clone());
        worklog.properties.extend(properties);
    }
    touch(state, id, true);
    read(state, issue, id, true)
}

/// `DELETE /issue/{id}/worklog/{id}`.
pub fn remove(state: &mut State, issue: u64, id: u64) -> Answer<()> {
    state.count_write(issue)?;
    read(state, issue, id, false)?;
    drop_worklog(state, id);
    Ok(())
}

/// 404 for a worklog.
pub fn no_worklog(id: u64) -> Refused {
    Refused::new(quoin_simulator::axum::http::StatusCode::NOT_FOUND, format!("Cannot find worklog with id: '{id}'."))
}

fn seconds(body: &Value) -> Answer<Option<i64>> {
    match body.get("timeSpentSeconds") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(seconds) if seconds >= 60 => Ok(Some(seconds)),
            _ => Err(Refused::field("timeLogged", "Time Spent must be at least one minute.")),
        },
    }
}

fn comment(body: &Value) -> Answer<Option<Value>> {
    match body.get("comment") {
        None | Some(Value::Null) => Ok(None),
        Some(comment) if adf::is_document(comment) => Ok(Some(comment.clone())),
        Some(_) => Err(Refused::field("comment", "Comment body is not valid!")),
    }
}

/// `2026-03-12T09:00:00.000+0100`, exactly so.
fn checked_start(text: String) -> Answer<String> {
    let shape = "0000-00-00T00:00:00.000+0000";
    let fits = text.len() == shape.len()
        && text.chars().zip(shape.chars()).all(|(c, s)| match s {
            '0' => c.is_ascii_digit(),
            '+' => c == '+' || c == '-',
            other => c == other,
        });
    let date_is_one = text.get(..10).is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok());
    if fits && date_is_one {
        return Ok(text);
    }
    Err(Refused::bad_request("Invalid request payload. Refer to the REST API documentation and try again."))
}
