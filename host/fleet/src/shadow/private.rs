//! Personal data in a recorded call: every text that stands in a field of the class `personal` is replaced by a
//! stand-in, everywhere in the call (the vendor's spelling of it too), so that versions still see what belongs
//! together and nobody sees who it is.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use cassette::{Asked, Call, Returned, Scrubber};
use quoin_canonical::{DataClass, ObjectKind, data_class};
use serde_json::Value;

/// Texts shorter than this are no names of persons, and would be found everywhere.
const SHORTEST: usize = 3;

/// A call without secrets and personal data. One that cannot be read back keeps its shape and loses its content.
pub(super) fn scrubbed(scrubber: &Scrubber, call: Call) -> Call {
    let mut personal = BTreeSet::new();
    match &call.asked {
        Asked::Apply { object, items } | Asked::Lookup { object, items } => {
            items.iter().for_each(|item| collect(object, &item.data, &mut personal));
        }
        Asked::Read { .. } | Asked::Check | Asked::Discover => {}
    }
    if let (Asked::Read { object, .. }, Returned::Page { changes, .. }) = (&call.asked, &call.returned) {
        changes.iter().for_each(|change| collect(object, &change["data"], &mut personal));
    }
    let (asked, now) = (call.asked.clone(), call.now);
    let text = |value: Value| replace(scrubber.json(value), &personal);
    let whole = serde_json::to_value(&call).map(text).and_then(serde_json::from_value::<Call>);
    whole.unwrap_or_else(|error| {
        tracing::warn!(%error, "a recorded call could not be scrubbed; it is not kept");
        Call { asked: emptied(asked), now, exchanges: Vec::new(), returned: Returned::Schema(Value::Null) }
    })
}

fn emptied(asked: Asked) -> Asked {
    match asked {
        Asked::Apply { object, .. } => Asked::Apply { object, items: Vec::new() },
        Asked::Lookup { object, .. } => Asked::Lookup { object, items: Vec::new() },
        other => other,
    }
}

/// Texts of the personal fields of an object.
fn collect(object: &str, data: &Value, personal: &mut BTreeSet<String>) {
    if let Some(kind) = ObjectKind::parse(object) {
        walk(kind, String::new(), data, personal);
    }
}

fn walk(kind: ObjectKind, pointer: String, value: &Value, personal: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| walk(kind, format!("{pointer}/{name}"), value, personal));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| walk(kind, format!("{pointer}/{at}"), value, personal));
        }
        Value::String(text)
            if text.chars().count() >= SHORTEST && data_class(kind, &pointer) == DataClass::Personal =>
        {
            personal.insert(text.clone());
        }
        _ => {}
    }
}

/// Every text with what is personal replaced; longer texts first, so that a part of one is not replaced alone.
fn replace(value: Value, personal: &BTreeSet<String>) -> Value {
    let mut by_length: Vec<&String> = personal.iter().collect();
    by_length.sort_by_key(|text| std::cmp::Reverse(text.len()));
    replaced(value, &by_length)
}

fn replaced(value: Value, personal: &[&String]) -> Value {
    match value {
        Value::String(text) => Value::String(stand_ins(text, personal)),
        Value::Array(items) => items.into_iter().map(|item| replaced(item, personal)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (stand_ins(name, personal), replaced(value, personal))).collect()
        }
        other => other,
    }
}

fn stand_ins(text: String, personal: &[&String]) -> String {
    let mut text = text;
    for known in personal {
        if text.contains(known.as_str()) {
            text = text.replace(known.as_str(), &stand_in(known));
        }
    }
    text
}

/// The same for the same text; an address stays one.
fn stand_in(text: &str) -> String {
    let digest = hex::encode(digest(&SHA256, text.as_bytes()));
    let short = &digest[..12];
    if text.contains('@') { format!("{short}@hidden.example") } else { format!("hidden-{short}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_it_is_is_replaced_wherever_it_stands() {
        let mut personal = BTreeSet::new();
        collect("time_entry", &json!({"resource": "ana@advisory.example", "minutes": 480}), &mut personal);
        let vendor = json!({"author": {"emailAddress": "ana@advisory.example"}, "url": "/rest?user=ana@advisory.example", "spent": 480});
        let hidden = replace(vendor, &personal);
        assert!(!hidden.to_string().contains("ana@"), "{hidden}");
        assert_eq!(hidden["spent"], 480);
        let address = hidden["author"]["emailAddress"].as_str().unwrap();
        assert!(address.ends_with("@hidden.example") && hidden["url"].as_str().unwrap().ends_with(address));
    }
}
