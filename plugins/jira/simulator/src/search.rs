//! `search/jql`: ids only unless fields are asked for, no total, pages by token, and an index that
//! lags. `reconcileIssues` makes it look past the index for the issues named.

use jiff::SignedDuration;
use quoin_simulator::{Timestamp, sign};
use serde_json::{Value, json};

use crate::issue::{Content, Issue};
use crate::jql::Jql;
use crate::refusal::{Answer, Refused};
use crate::site::State;

/// Most rows of a page with ids alone, and with fields.
const ID_ROWS: usize = 5_000;
const FIELD_ROWS: usize = 100;

/// Most issues named for reconciliation.
const RECONCILED: usize = 50;

/// How long a page token is good, in hours: seven days.
const TOKEN_HOURS: i64 = 7 * 24;

/// What is asked.
#[derive(Debug, Default)]
pub struct Search {
    pub jql: String,
    pub fields: Vec<String>,
    pub properties: Vec<String>,
    pub max_results: Option<usize>,
    pub page_token: Option<String>,
    pub reconcile: Vec<u64>,
}

/// Where a page begins.
fn begin(token: Option<&str>, jql: &str, now: Timestamp) -> Answer<usize> {
    let Some(token) = token else { return Ok(0) };
    let invalid = || Refused::bad("The provided next page token is invalid or has expired.");
    let text = sign::from_base64(token).and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let (offset, rest) = text.split_once('\n').ok_or_else(invalid)?;
    let (made, of) = rest.split_once('\n').ok_or_else(invalid)?;
    let made: Timestamp = made.parse().map_err(|_| invalid())?;
    let fresh = now.duration_since(made) <= SignedDuration::from_hours(TOKEN_HOURS);
    if of != jql || !fresh {
        return Err(invalid());
    }
    offset.parse().map_err(|_| invalid())
}

/// Answers a search.
pub fn answer(state: &State, search: &Search, base: &str) -> Answer<Value> {
    if search.reconcile.len() > RECONCILED {
        return Err(Refused::bad("The number of issues to reconcile must not exceed 50."));
    }
    let query = Jql::parse(&search.jql, state).map_err(Refused::bad)?;
    let now = state.now();
    let seen = |issue: &'_ Issue| -> Option<Content> {
        if search.reconcile.contains(&issue.id) { Some(issue.current.clone()) } else { issue.indexed(now).cloned() }
    };
    let rows: Vec<(&Issue, Content)> = state.issues.values().filter_map(|issue| Some((issue, seen(issue)?))).collect();
    let mut found: Vec<(&Issue, &Content)> = rows
        .iter()
        .map(|(issue, content)| (*issue, content))
        .filter(|(issue, content)| query.matches(issue, content))
        .collect();
    query.sort(&mut found);
    let ids_only = (search.fields.is_empty() || search.fields == ["id"]) && search.properties.is_empty();
    let most = if ids_only { ID_ROWS } else { FIELD_ROWS };
    let rows = search.max_results.unwrap_or(50).clamp(1, most);
    let begin = begin(search.page_token.as_deref(), &search.jql, now)?;
    let page = found.iter().skip(begin).take(rows);
    let issues: Vec<Value> = page
        .map(|(issue, content)| {
            if ids_only {
                return json!({"id": issue.id.to_string()});
            }
            let mut shown = state.show_issue(issue, content, &search.fields, base);
            with_properties(&mut shown, issue, &search.properties);
            shown
        })
        .collect();
    let end = begin + issues.len();
    let mut answer = json!({"issues": issues, "isLast": end >= found.len()});
    if end < found.len() {
        answer["nextPageToken"] = sign::to_base64(format!("{end}\n{now}\n{}", search.jql).as_bytes()).into();
    }
    Ok(answer)
}

/// Adds the properties asked for; `*all` means all.
pub fn with_properties(shown: &mut Value, issue: &Issue, wanted: &[String]) {
    if !wanted.is_empty() {
        let every = wanted.iter().any(|name| name == "*all");
        let kept = issue.properties.iter().filter(|(name, _)| every || wanted.contains(name));
        shown["properties"] = Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect());
    }
}
