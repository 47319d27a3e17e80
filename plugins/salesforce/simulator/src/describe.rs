//! `describe`: the schema as clients read it.

use serde_json::{Value, json};

use crate::schema::{Field, FieldType, Object};

/// The description of an object.
pub fn object(object: &Object) -> Value {
    let fields: Vec<Value> = object.fields.iter().map(field).collect();
    let children: Vec<Value> = object
        .children
        .iter()
        .map(|(name, child, field)| json!({"relationshipName": name, "childSObject": child, "field": field}))
        .collect();
    json!({
        "name": object.name, "label": object.name, "keyPrefix": object.prefix, "custom": false,
        "createable": true, "updateable": true, "deletable": true, "queryable": true,
        "fields": fields, "childRelationships": children,
    })
}

/// The short form in lists.
pub fn summary(object: &Object, version: &str) -> Value {
    json!({
        "name": object.name, "label": object.name, "keyPrefix": object.prefix, "custom": false,
        "createable": true, "updateable": true, "queryable": true,
        "urls": {
            "sobject": format!("/services/data/v{version}/sobjects/{}", object.name),
            "describe": format!("/services/data/v{version}/sobjects/{}/describe", object.name),
        },
    })
}

fn field(field: &Field) -> Value {
    let (length, precision, scale) = match field.kind {
        FieldType::Id | FieldType::Reference { .. } => (18, 0, 0),
        FieldType::Text(length) | FieldType::LongText(length) => (length, 0, 0),
        FieldType::Picklist(_) => (255, 0, 0),
        FieldType::Number(scale) => (0, 18, scale),
        FieldType::Currency | FieldType::Percent => (0, 18, 2),
        FieldType::Boolean | FieldType::Date | FieldType::DateTime => (0, 0, 0),
    };
    let picklist: Vec<Value> = match &field.kind {
        FieldType::Picklist(values) => {
            values.iter().map(|v| json!({"value": v, "label": v, "active": true, "defaultValue": false})).collect()
        }
        _ => Vec::new(),
    };
    let (reference, relationship) = match field.kind {
        FieldType::Reference { to, as_ } => (vec![to], json!(as_)),
        _ => (Vec::new(), Value::Null),
    };
    let custom = field.name.ends_with("__c");
    json!({
        "name": field.name, "label": field.name.trim_end_matches("__c").replace('_', " "), "type": field.kind.name(),
        "length": length, "precision": precision, "scale": scale,
        "nillable": !field.required && field.kind != FieldType::Boolean, "custom": custom,
        "createable": field.writable, "updateable": field.writable,
        "externalId": field.external_id, "idLookup": field.external_id || field.kind == FieldType::Id,
        "unique": false, "calculated": false, "defaultedOnCreate": field.kind == FieldType::Boolean,
        "restrictedPicklist": matches!(field.kind, FieldType::Picklist(_)),
        "picklistValues": picklist, "referenceTo": reference, "relationshipName": relationship,
        "filterable": !matches!(field.kind, FieldType::LongText(_)),
    })
}
