//! What a record that was just read means: nothing new, or events.
//!
//! A webhook and a poll end here alike. The fingerprint of the canonical content decides whether
//! anything changed (so our own writes that come back go no further), and the event's id is made
//! of what happened, so the same happening can never be recorded twice.

use std::collections::BTreeMap;

use quoin_canonical::{Id, ObjectKind, Timestamp, schema};
use serde_json::{Value, json};

use crate::wheel::{Cause, EventDraft, Sighting, XrefRow};

/// A record as a connector returned it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The connection it came by.
    pub connection: String,
    /// How we came to read it: `webhook`, `poll`, `retry`.
    pub by: String,
    /// Kind.
    pub object: ObjectKind,
    /// Vendor id.
    pub external: String,
    /// Vendor version.
    pub version: Option<String>,
    /// Digest of the plugin that read it.
    pub plugin: Option<String>,
    /// Canonical content; `Null` when it was deleted.
    pub data: Value,
}

/// What an arrival leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission {
    /// Seen before, by this way too: nothing to store.
    Known,
    /// Stored, with the events it means.
    Admitted {
        /// What to remember of it.
        sighting: Box<Sighting>,
        /// Cross-references it establishes.
        xrefs: Vec<XrefRow>,
        /// What happened.
        events: Vec<EventDraft>,
    },
    /// It points at a record nobody knows yet.
    Unmatched {
        /// Kind of the missing record.
        object: ObjectKind,
        /// Its vendor id.
        external: String,
    },
}

/// Fields that link an object to others, by name.
const LINKS: [(&str, ObjectKind); 4] = [
    ("task", ObjectKind::Task),
    ("project", ObjectKind::Project),
    ("invoice", ObjectKind::Invoice),
    ("customer", ObjectKind::Customer),
];

/// The records, by kind and vendor id, that an object points at and that must be known to read it.
pub fn links(data: &Value) -> Vec<(ObjectKind, String)> {
    let external = |field: &str| data.get(field).and_then(|link| link.get("external")).and_then(Value::as_str);
    LINKS.iter().filter_map(|(field, kind)| external(field).map(|id| (*kind, id.to_owned()))).collect()
}

/// Tells whether content changed: a hash of everything but versions and ids.
pub fn fingerprint(data: &Value) -> String {
    let mut bare = data.clone();
    for pointer in ["/header", "/customer/header"] {
        if let Some(header) = bare.pointer_mut(pointer).and_then(Value::as_object_mut) {
            header.retain(|field, _| field == "ext");
        }
    }
    Id::derived(&["content", &canonical_text(&bare)]).to_string()
}

/// The log key under which everything of a connection, and of no deal, is recorded.
pub fn connection_key(connection: &str) -> String {
    format!("~{connection}")
}

/// JSON text with sorted keys, whatever order the connector wrote them in.
fn canonical_text(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, String> =
                map.iter().map(|(key, item)| (key, canonical_text(item))).collect();
            let fields: Vec<String> = ordered.iter().map(|(key, item)| format!("{key:?}:{item}")).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical_text).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Judges an arrival. `known` holds the cross-references of its links (see [`links`]) and of the
/// record itself.
pub fn admit(arrival: &Arrival, before: Option<&Sighting>, known: &[XrefRow], now: Timestamp) -> Admission {
    let fingerprint = fingerprint(&arrival.data);
    let same = before.is_some_and(|seen| seen.fingerprint == fingerprint);
    let seen_here = before.is_some_and(|seen| seen.seen_by.contains(&arrival.by));
    if same && seen_here {
        return Admission::Known;
    }
    let mut data = arrival.data.clone();
    for (object, external) in links(&data) {
        let Some(row) = find(known, object, &external) else { return Admission::Unmatched { object, external } };
        link(&mut data, object, &row.id);
    }
    let id = find(known, arrival.object, &arrival.external).map_or_else(
        || Id::derived(&[&arrival.connection, arrival.object.as_str(), &arrival.external]),
        |row| row.id.clone(),
    );
    set_header(&mut data, &id, arrival, &Landing { before, same, fingerprint: &fingerprint, now });
    let key = key_of(arrival, &data, before, known);
    let mut xrefs = vec![XrefRow {
        connection: arrival.connection.clone(),
        object: arrival.object.as_str().to_owned(),
        external: arrival.external.clone(),
        id: id.clone(),
        key: key.clone(),
    }];
    if arrival.object == ObjectKind::Quote {
        xrefs.extend(identify_customer(&mut data, &arrival.connection, known, key.as_deref()));
    }
    let mut events = Vec::new();
    match &key {
        Some(key) => {
            events.push(sighted(arrival, &fingerprint, key, same, now));
            if !same {
                events.extend(happened(arrival, &fingerprint, &data, before, key, now));
            }
        }
        // It belongs to no deal, so nothing else will tell what it says.
        None => {
            let mut event = sighted(arrival, &fingerprint, &connection_key(&arrival.connection), same, now);
            event.body["record"] = data.clone();
            events.push(event);
        }
    }
    Admission::Admitted {
        sighting: Box::new(sighting(arrival, fingerprint, data, before.filter(|_| same))),
        xrefs,
        events,
    }
}

fn find<'a>(known: &'a [XrefRow], object: ObjectKind, external: &str) -> Option<&'a XrefRow> {
    known.iter().find(|row| row.object == object.as_str() && row.external == external)
}

fn link(data: &mut Value, object: ObjectKind, id: &Id) {
    if let Some((field, _)) = LINKS.iter().find(|(_, kind)| *kind == object) {
        data[*field] = json!({"id": id});
    }
}

/// The circumstances in which an object lands here.
struct Landing<'a> {
    before: Option<&'a Sighting>,
    same: bool,
    fingerprint: &'a str,
    now: Timestamp,
}

/// Who an object is, since when it is known, how often it changed, and who says so.
fn set_header(data: &mut Value, id: &Id, arrival: &Arrival, landing: &Landing<'_>) {
    let Some(map) = data.as_object_mut() else { return };
    let header = map.entry("header").or_insert_with(|| json!({}));
    header["id"] = json!(id);
    header["external"] = json!(arrival.external);
    if let Some(version) = &arrival.version {
        header["version"] = json!(version);
    }
    let revision = landing.before.and_then(|seen| seen.data.pointer("/header/revision")?.as_u64());
    let revision = revision.map_or(1, |known| known + u64::from(!landing.same));
    header["revision"] = json!(revision);
    header["schema_version"] = json!(schema::SCHEMA_VERSION);
    header["recorded_at"] = json!(landing.now);
    header["source_of_record"] = json!(arrival.connection);
    let object = arrival.object.as_str();
    header["xrefs"] = json!([{
        "connection": arrival.connection, "object": object, "external": arrival.external,
        "version": arrival.version, "last_seen": landing.now, "state": "active",
    }]);
    let event = sighting_id(arrival, landing.fingerprint);
    header["provenance"] = json!([{"connection": arrival.connection, "event": event, "plugin": arrival.plugin}]);
}

/// Id of the event that tells that a record was seen with this content, by this way.
fn sighting_id(arrival: &Arrival, fingerprint: &str) -> Id {
    let object = arrival.object.as_str();
    Id::derived(&["record.sighted", &arrival.connection, object, &arrival.external, fingerprint, &arrival.by])
}

/// The customer inside a quote gets its canonical id, the same for all quotes of that account.
fn identify_customer(data: &mut Value, connection: &str, known: &[XrefRow], key: Option<&str>) -> Option<XrefRow> {
    let external = data.pointer("/customer/header/external").and_then(Value::as_str)?.to_owned();
    let id = find(known, ObjectKind::Customer, &external)
        .map_or_else(|| Id::derived(&[connection, "customer", &external]), |row| row.id.clone());
    data["customer"]["header"]["id"] = json!(id);
    let object = ObjectKind::Customer.as_str().to_owned();
    Some(XrefRow { connection: connection.to_owned(), object, external, id, key: key.map(str::to_owned) })
}

/// The business key: a quote is its own; everything else takes that of what it points at.
fn key_of(arrival: &Arrival, data: &Value, before: Option<&Sighting>, known: &[XrefRow]) -> Option<String> {
    if arrival.object == ObjectKind::Quote {
        return data.get("number").and_then(Value::as_str).map(str::to_owned);
    }
    let source = if data.is_object() { &arrival.data } else { before.map(|seen| &seen.data)? };
    let linked = links(source).into_iter().find_map(|(object, external)| find(known, object, &external)?.key.clone());
    linked.or_else(|| find(known, arrival.object, &arrival.external)?.key.clone())
}

fn sighting(arrival: &Arrival, fingerprint: String, data: Value, same: Option<&Sighting>) -> Sighting {
    let mut seen_by = same.map(|seen| seen.seen_by.clone()).unwrap_or_default();
    seen_by.push(arrival.by.clone());
    Sighting {
        connection: arrival.connection.clone(),
        object: arrival.object.as_str().to_owned(),
        external: arrival.external.clone(),
        version: arrival.version.clone(),
        fingerprint,
        data,
        seen_by,
    }
}

fn draft(arrival: &Arrival, kind: &str, key: &str, identity: &[&str], body: Value, now: Timestamp) -> EventDraft {
    let mut parts = vec![kind, arrival.connection.as_str()];
    parts.extend(identity);
    let cause =
        Cause { connection: Some(arrival.connection.clone()), by: Some(arrival.by.clone()), ..Cause::default() };
    EventDraft { id: Id::derived(&parts), kind: kind.to_owned(), key: key.to_owned(), at: now, cause, body }
}

fn sighted(arrival: &Arrival, fingerprint: &str, key: &str, same: bool, now: Timestamp) -> EventDraft {
    let body = json!({
        "object": arrival.object, "external": arrival.external, "version": arrival.version,
        "by": arrival.by, "changed": !same,
    });
    let identity = [arrival.object.as_str(), &arrival.external, fingerprint, &arrival.by];
    draft(arrival, "record.sighted", key, &identity, body, now)
}

/// The events that a change of content means, by kind of object.
fn happened(
    arrival: &Arrival,
    fingerprint: &str,
    data: &Value,
    before: Option<&Sighting>,
    key: &str,
    now: Timestamp,
) -> Vec<EventDraft> {
    let status = |value: &Value| value.get("status").and_then(Value::as_str).unwrap_or_default().to_owned();
    let was = before.map(|seen| status(&seen.data)).unwrap_or_default();
    let is = status(data);
    let (kind, field) = match arrival.object {
        ObjectKind::Quote if is == "accepted" => {
            let version = data.get("version").map(Value::to_string).unwrap_or_default();
            return vec![draft(arrival, "quote.accepted", key, &[key, &version], json!({"quote": data}), now)];
        }
        ObjectKind::Milestone if is == "accepted" && was != "accepted" => ("milestone.accepted", "milestone"),
        ObjectKind::Milestone if is != "accepted" && was == "accepted" => ("milestone.withdrawn", "milestone"),
        ObjectKind::TimeEntry if is == "approved" || was == "approved" => ("time.recorded", "entry"),
        ObjectKind::Payment if is == "settled" || was == "settled" => ("payment.received", "payment"),
        ObjectKind::Invoice => ("invoice.found", "invoice"),
        ObjectKind::ProjectFinancials => ("financials.reported", "financials"),
        _ => return Vec::new(),
    };
    let body = if data.is_null() { deleted_body(field, before, arrival, now) } else { json!({field: data}) };
    vec![draft(arrival, kind, key, &[&arrival.external, fingerprint], body, now)]
}

/// A deleted record is told as it last was, with the status `deleted`.
fn deleted_body(field: &str, before: Option<&Sighting>, arrival: &Arrival, now: Timestamp) -> Value {
    let mut last = before.map(|seen| seen.data.clone()).unwrap_or(Value::Null);
    if last.is_object() {
        last["status"] = json!("deleted");
        let reason = "deleted at its source";
        last["header"]["tombstone"] = json!({"deleted_at": now, "by": arrival.connection, "reason": reason});
        if let Some(state) = last.pointer_mut("/header/xrefs/0/state") {
            *state = json!("deleted");
        }
    }
    json!({field: last})
}
