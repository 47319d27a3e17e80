//! Worklogs, and the two feeds that say which of them changed or went away.

use std::collections::BTreeSet;

use jiff::fmt::strtime;
use quoin_simulator::Timestamp;
use serde_json::{Map, Value, json};

use crate::adf;
use crate::property::{self, Properties};
use crate::refusal::{Answer, Refused};
use crate::site::State;

/// Rows per page of a feed.
const FEED_ROWS: usize = 1_000;

/// Most ids `worklog/list` takes.
const LIST_IDS: usize = 1_000;

/// What feeds leave out, in milliseconds: the last minute.
const HIDDEN_MS: i64 = 60_000;

/// Seconds of a working day and week, for `timeSpent` in words.
const UNITS: [(&str, i64); 4] = [("w", 5 * 8 * 3600), ("d", 8 * 3600), ("h", 3600), ("m", 60)];

/// A worklog.
#[derive(Debug, Clone)]
pub struct Worklog {
    pub id: u64,
    pub issue: u64,
    /// Position of the person.
    pub author: usize,
    pub editor: usize,
    pub comment: Option<Value>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub started: Timestamp,
    pub seconds: i64,
    pub properties: Properties,
}

/// What a request says of a worklog.
#[derive(Debug, Default)]
struct Given {
    comment: Option<Value>,
    started: Option<Timestamp>,
    seconds: Option<i64>,
    properties: Properties,
}

fn given(body: &Value) -> Answer<Given> {
    let mut given = Given::default();
    for (name, value) in body.as_object().ok_or_else(Refused::payload)? {
        match name.as_str() {
            "comment" if adf::is_document(value) => given.comment = Some(value.clone()),
            "comment" => return Err(Refused::field("comment", "Comment body is not valid!")),
            "started" => given.started = Some(value.as_str().and_then(moment).ok_or_else(Refused::payload)?),
            "timeSpentSeconds" => given.seconds = Some(value.as_i64().ok_or_else(Refused::payload)?),
            "timeSpent" => {
                let seconds = value.as_str().and_then(seconds_of);
                given.seconds =
                    Some(seconds.ok_or_else(|| Refused::field("timeLogged", "Invalid time duration entered."))?);
            }
            "properties" => given.properties = property::given(Some(value))?,
            "visibility" | "author" | "updateAuthor" | "created" | "updated" | "id" | "issueId" | "self" => {}
            _ => return Err(Refused::payload()),
        }
    }
    match given.seconds {
        // Jira logs whole minutes: less than one is nothing.
        Some(seconds) if seconds < 60 => Err(Refused::field("timeLogged", "You must indicate the time spent working.")),
        _ => Ok(given),
    }
}

/// `2026-03-12T09:00:00.000+0100`, and nothing else.
fn moment(text: &str) -> Option<Timestamp> {
    let shape = text.len() == 28 && text.as_bytes().get(19) == Some(&b'.');
    strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok().filter(|_| shape)?.to_timestamp().ok()
}

/// Seconds of `1d 3h 20m`.
fn seconds_of(text: &str) -> Option<i64> {
    let part = |word: &str| {
        let (_, seconds) = UNITS.iter().find(|(unit, _)| word.ends_with(unit))?;
        word.get(..word.len() - 1)?.parse::<i64>().ok()?.checked_mul(*seconds)
    };
    text.split_whitespace().map(part).sum()
}

/// `1d 3h 20m` of seconds.
fn words_of(seconds: i64) -> String {
    let mut left = seconds;
    let mut words = Vec::new();
    for (unit, length) in UNITS {
        if left >= length {
            words.push(format!("{}{unit}", left / length));
            left %= length;
        }
    }
    if words.is_empty() { "0m".into() } else { words.join(" ") }
}

impl State {
    /// The worklog with this id, of this issue.
    pub fn worklog_id(&self, issue: u64, id: &str) -> Answer<u64> {
        let found =
            id.parse::<u64>().ok().filter(|id| self.worklogs.get(id).is_some_and(|worklog| worklog.issue == issue));
        found.ok_or_else(|| Refused::missing(format!("Cannot find worklog with id: '{id}'.")))
    }

    /// Logs work as the integration user, from a request's body.
    pub fn create_worklog(&mut self, issue: u64, body: &Value) -> Answer<u64> {
        let given = given(body)?;
        let Some(seconds) = given.seconds else {
            return Err(Refused::field("timeLogged", "You must indicate the time spent working."));
        };
        let now = self.now();
        let started = given.started.unwrap_or(now);
        let worklog = Worklog {
            id: 0,
            issue,
            author: 0,
            editor: 0,
            comment: given.comment,
            created: now,
            updated: now,
            started,
            seconds: seconds / 60 * 60,
            properties: given.properties,
        };
        let id = self.add_worklog(worklog, "Primary");
        self.touch_issue(issue, None);
        Ok(id)
    }

    /// Adds a worklog under a fresh id. The issue's stamp is the caller's to move.
    pub fn add_worklog(&mut self, mut worklog: Worklog, flow: &'static str) -> u64 {
        let id = self.next_worklog();
        worklog.id = id;
        self.updated.insert((worklog.updated.as_millisecond(), id));
        self.worklogs.insert(id, worklog);
        self.note_worklog("time_entry", "worklog_created", id, flow);
        id
    }

    /// Changes a worklog as a request's body says.
    pub fn edit_worklog(&mut self, id: u64, body: &Value) -> Answer<()> {
        let given = given(body)?;
        self.change_worklog(id, |worklog| {
            worklog.editor = 0;
            worklog.comment = given.comment.or(worklog.comment.take());
            worklog.started = given.started.unwrap_or(worklog.started);
            worklog.seconds = given.seconds.map_or(worklog.seconds, |seconds| seconds / 60 * 60);
            worklog.properties.extend(given.properties);
        });
        Ok(())
    }

    /// Changes a worklog, its stamp and its issue's stamp.
    pub fn change_worklog(&mut self, id: u64, change: impl FnOnce(&mut Worklog)) {
        let now = self.now();
        let Some(worklog) = self.worklogs.get_mut(&id) else { return };
        let issue = worklog.issue;
        self.updated.remove(&(worklog.updated.as_millisecond(), id));
        change(worklog);
        worklog.updated = now;
        self.updated.insert((now.as_millisecond(), id));
        self.touch_issue(issue, None);
        self.note_worklog("time_entry_update", "worklog_updated", id, "Primary");
    }

    /// Removes a worklog; the feed of deletions keeps its id.
    pub fn delete_worklog(&mut self, id: u64) -> Answer<()> {
        self.note_worklog("time_entry_delete", "worklog_deleted", id, "Primary");
        let Some(worklog) = self.worklogs.remove(&id) else {
            return Err(Refused::missing(format!("Cannot find worklog with id: '{id}'.")));
        };
        self.updated.remove(&(worklog.updated.as_millisecond(), id));
        self.deleted.insert((self.now().as_millisecond(), id));
        self.touch_issue(worklog.issue, None);
        Ok(())
    }

    /// Ledger and webhooks.
    fn note_worklog(&mut self, kind: &str, event: &str, id: u64, flow: &'static str) {
        let Some(worklog) = self.worklogs.get(&id) else { return };
        let email = self.users.get(worklog.author).map(|user| user.email.clone());
        let data = json!({"issue": worklog.issue.to_string(), "email": email, "started": self.stamp(worklog.started),
            "minutes": worklog.seconds / 60, "properties": worklog.properties});
        self.kit.ledger.commit(kind, &id.to_string(), None, data);
        self.announce_worklog(event, id, flow);
    }

    /// The worklog as Jira shows it.
    pub fn show_worklog(&self, worklog: &Worklog, with_properties: bool, base: &str) -> Value {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        put("self", format!("{base}/rest/api/3/issue/{}/worklog/{}", worklog.issue, worklog.id).into());
        put("author", self.show_user(worklog.author, base));
        put("updateAuthor", self.show_user(worklog.editor, base));
        if let Some(comment) = &worklog.comment {
            put("comment", comment.clone());
        }
        put("created", self.stamp(worklog.created).into());
        put("updated", self.stamp(worklog.updated).into());
        put("started", self.stamp(worklog.started).into());
        put("timeSpent", words_of(worklog.seconds).into());
        put("timeSpentSeconds", worklog.seconds.into());
        put("id", worklog.id.to_string().into());
        put("issueId", worklog.issue.to_string().into());
        if with_properties {
            put("properties", property::listed(&worklog.properties));
        }
        Value::Object(shown)
    }

    /// One page of `worklog/updated` or `worklog/deleted`: strictly after `since`, oldest first,
    /// without the last minute.
    pub fn feed(&self, name: &str, since: i64, with_properties: bool, base: &str) -> Value {
        let rows: &BTreeSet<(i64, u64)> = if name == "updated" { &self.updated } else { &self.deleted };
        let newest = self.now().as_millisecond() - HIDDEN_MS;
        let from = since.saturating_add(1);
        let mut wanted = rows.range((from, 0)..).take_while(|(at, _)| *at <= newest);
        let page: Vec<(i64, u64)> = wanted.by_ref().take(FEED_ROWS).copied().collect();
        let last_page = wanted.next().is_none();
        let until = page.last().map_or(since, |(at, _)| *at);
        let values: Vec<Value> = page
            .into_iter()
            .map(|(at, id)| {
                let worklog = self.worklogs.get(&id).filter(|_| with_properties);
                let properties = worklog.map_or_else(|| json!([]), |worklog| property::listed(&worklog.properties));
                json!({"worklogId": id, "updatedTime": at, "properties": properties})
            })
            .collect();
        let link = |since: i64| format!("{base}/rest/api/3/worklog/{name}?since={since}");
        let mut answer =
            json!({"values": values, "since": since, "until": until, "self": link(since), "lastPage": last_page});
        if !last_page {
            answer["nextPage"] = link(until).into();
        }
        answer
    }

    /// `worklog/list`: those that are there, of at most a thousand.
    pub fn list_worklogs(&self, body: &Value, with_properties: bool, base: &str) -> Answer<Value> {
        let ids = body["ids"].as_array().ok_or_else(Refused::payload)?;
        let ids: Option<BTreeSet<u64>> = ids.iter().map(Value::as_u64).collect();
        let ids = ids.ok_or_else(Refused::payload)?;
        if ids.len() > LIST_IDS {
            return Err(Refused::bad("The number of worklog ids must not exceed 1000."));
        }
        let found = ids.iter().filter_map(|id| self.worklogs.get(id));
        Ok(found.map(|worklog| self.show_worklog(worklog, with_properties, base)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_words() {
        for (words, seconds) in [("1d 3h 20m", 40_800), ("8m", 480), ("1w", 144_000), ("6h", 21_600)] {
            assert_eq!(seconds_of(words), Some(seconds));
            assert_eq!(words_of(seconds), words);
        }
        assert_eq!(seconds_of("3x"), None);
    }

    #[test]
    fn a_start_has_milliseconds_and_an_offset_without_colon() {
        let cases = [
            ("2026-03-12T09:00:00.000+0100", Some("2026-03-12T08:00:00Z")),
            ("2026-03-12T09:00:00.000+01:00", None),
            ("2026-03-12T09:00:00.000Z", None),
            ("2026-03-12T09:00:00+0100", None),
            ("2026-03-12", None),
        ];
        for (text, expected) in cases {
            assert_eq!(moment(text), expected.map(|expected| expected.parse().unwrap()), "{text}");
        }
    }
}
