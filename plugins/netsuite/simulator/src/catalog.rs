//! The metadata catalogue: record types as JSON Schema.

use serde_json::{Map, Value, json};

use crate::schema::{Field, Kind, RecordType, TYPES};

/// Every record type's name and where its schema is.
pub fn index(origin: &str) -> Value {
    let items: Vec<Value> = TYPES
        .iter()
        .map(|record_type| {
            let href = format!("{origin}/services/rest/record/v1/metadata-catalog/{}", record_type.name);
            json!({"name": record_type.name, "links": [{"rel": "canonical", "href": href}]})
        })
        .collect();
    json!({"items": items, "links": []})
}

/// One record type's schema.
pub fn schema(record_type: &RecordType) -> Value {
    json!({
        "type": "object",
        "properties": properties(record_type.fields),
        "$schema": "http://json-schema.org/draft-06/hyper-schema#",
    })
}

fn properties(fields: &[Field]) -> Value {
    let mut all = Map::new();
    for field in fields {
        let mut shape = shape(field.kind);
        if let Some(shape) = shape.as_object_mut() {
            shape.insert("title".into(), field.required.unwrap_or(field.name).into());
            shape.insert("nullable".into(), field.required.is_none().into());
            shape.insert("readOnly".into(), field.computed.into());
        }
        all.insert(field.name.to_owned(), shape);
    }
    Value::Object(all)
}

fn shape(kind: Kind) -> Value {
    match kind {
        Kind::Text(limit) => json!({"type": "string", "maxLength": limit}),
        Kind::Number => json!({"type": "number", "format": "double"}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Date => json!({"type": "string", "format": "date"}),
        Kind::Reference(to) => json!({"$ref": format!("/services/rest/record/v1/metadata-catalog/{to}")}),
        Kind::Choice(choices) => {
            let ids: Vec<&str> = choices.iter().map(|(id, _)| *id).collect();
            json!({"type": "object", "properties": {"id": {"type": "string", "enum": ids}, "refName": {"type": "string"}}})
        }
        Kind::Subrecord(fields) => json!({"type": "object", "properties": properties(fields)}),
        Kind::Sublist(fields) => json!({
            "type": "object",
            "properties": {"items": {"type": "array", "items": {"type": "object", "properties": properties(fields)}}},
        }),
    }
}
