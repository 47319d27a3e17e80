//! The pull feed of subscribed events: kept nine days, in no order, and sometimes twice.

use jiff::SignedDuration;
use quoin_simulator::Timestamp;
use serde_json::{Map, Value, json};

use crate::account::stamp;
use crate::schema::Collection;

/// How long events are kept, in hours.
const KEPT_HOURS: i64 = 9 * 24;

/// Every so many events one is delivered twice.
const REPEATED_EVERY: u64 = 5;

/// The feed.
#[derive(Debug, Default)]
pub struct Feed {
    events: Vec<(Timestamp, Value)>,
    last: u64,
}

impl Feed {
    /// Notes a change.
    pub fn note(&mut self, now: Timestamp, of: &Collection, id: u64, what: &str, payload: Value) {
        self.last += 1;
        let event = json!({
            "id": self.last.to_string(),
            "event_type": format!("{}:{what}", of.singular),
            "subject_type": of.subject,
            "subject_id": id,
            "subject_ref": {"key": of.plural, "id": id.to_string()},
            "subject_changed_at": stamp(now),
            "current_payload": if what == "deleted" { Value::Null } else { payload.clone() },
            "previous_payload": if what == "deleted" { payload } else { Value::Null },
            "payload_changes": {},
            "user_id": "1",
            "created_at": stamp(now),
        });
        self.events.push((now, event));
    }

    /// The events of a window and of these types, as Kantata hands them out: neighbours swapped, some
    /// of them twice, none older than nine days.
    pub fn read(
        &self,
        now: Timestamp,
        after: Option<Timestamp>,
        before: Option<Timestamp>,
        types: &[&str],
    ) -> Vec<Value> {
        let oldest = now.checked_sub(SignedDuration::from_hours(KEPT_HOURS)).unwrap_or(Timestamp::MIN);
        let wanted = self.events.iter().filter(|(at, event)| {
            let in_window =
                *at >= oldest && after.is_none_or(|after| *at > after) && before.is_none_or(|before| *at < before);
            in_window && (types.is_empty() || types.iter().any(|kind| event["event_type"] == *kind))
        });
        let mut rows: Vec<Value> = wanted.map(|(_, event)| event.clone()).collect();
        for pair in rows.chunks_mut(2) {
            pair.reverse();
        }
        let repeated = rows.iter().filter(|row| {
            row["id"].as_str().and_then(|id| id.parse::<u64>().ok()).is_some_and(|id| id % REPEATED_EVERY == 0)
        });
        let again: Vec<Value> = repeated.cloned().collect();
        rows.extend(again);
        rows
    }

    /// The types that occur in this simulator, with the fields of their subject.
    pub fn types() -> Value {
        let mut types = Map::new();
        for collection in crate::schema::COLLECTIONS.iter().filter(|c| !c.create.is_empty()) {
            for what in ["created", "updated", "deleted"] {
                types.insert(format!("{}:{what}", collection.singular), json!({"subject_type": collection.subject}));
            }
        }
        Value::Object(types)
    }
}
