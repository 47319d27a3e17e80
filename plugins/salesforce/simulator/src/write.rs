//! Writing records through the API: checks as the vendor makes them, then the change and its line
//! in the ledger under one lock.

use jiff::Timestamp;
use quoin_simulator::Kit;
use quoin_simulator::axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::ApiError;
use crate::errors::required_missing;
use crate::org::{Org, Row};
use crate::schema::{Field, FieldType, Object};

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Record.
    pub id: String,
    /// New.
    pub created: bool,
}

/// Creates a record.
///
/// # Errors
/// In Salesforce's words.
pub fn create(kit: &Kit, org: &mut Org, object: &str, body: &Value) -> Result<Written, ApiError> {
    let described = find(org, object)?;
    let changes = checked(described, body)?;
    let missing: Vec<String> = described
        .fields
        .iter()
        .filter(|field| field.required && changes.get(&field.name).is_none_or(Value::is_null))
        .map(|field| field.name.clone())
        .collect();
    if !missing.is_empty() {
        return Err(required_missing(&missing));
    }
    let name = described.name;
    let id = org.insert(name, Value::Object(changes.clone()), kit.now());
    note(kit, name, &id, &changes, true);
    Ok(Written { id, created: true })
}

/// Changes a record by its id, only when it was not modified since `unmodified_since`.
///
/// # Errors
/// In Salesforce's words.
pub fn update(
    kit: &Kit,
    org: &mut Org,
    object: &str,
    id: &str,
    body: &Value,
    unmodified_since: Option<Timestamp>,
) -> Result<Written, ApiError> {
    let described = find(org, object)?;
    let name = described.name;
    let changes = checked(described, body)?;
    let row = existing(org, name, id)?;
    if let (Some(limit), Ok(changed)) =
        (unmodified_since, row.text("LastModifiedDate").replace("+0000", "Z").parse::<Timestamp>())
        && changed > limit
    {
        return Err(ApiError::new(
            StatusCode::PRECONDITION_FAILED,
            "ENTITY_IS_LOCKED",
            "The record was modified since the date given in If-Unmodified-Since",
        ));
    }
    let id = row.id.clone();
    org.update(name, &id, changes.clone(), kit.now());
    note(kit, name, &id, &changes, false);
    Ok(Written { id, created: false })
}

/// Creates or changes the record whose external id field has this value.
///
/// # Errors
/// `Err(Ok(urls))` is the answer 300 when several records match; `Err(Err(_))` any refusal.
pub fn upsert(
    kit: &Kit,
    org: &mut Org,
    object: &str,
    field: &str,
    value: &str,
    body: &Value,
) -> Result<Written, Result<Vec<String>, ApiError>> {
    let described = find(org, object).map_err(Err)?;
    let name = described.name;
    let key = described.field(field).filter(|field| field.external_id).ok_or_else(|| {
        Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            format!("Provided external ID field does not exist or is not accessible: {field}"),
        ))
    })?;
    let key = key.name.clone();
    if body.get(&key).is_some() {
        let message = format!("The {key} field should not be specified in the sobject data.");
        return Err(Err(ApiError::bad("INVALID_FIELD", message).field(key)));
    }
    let matches: Vec<String> = org
        .rows(name)
        .filter(|row| !row.deleted && row.text(&key).eq_ignore_ascii_case(value))
        .map(|row| row.id.clone())
        .collect();
    match matches.as_slice() {
        [] => {
            let mut body = body.clone();
            body[key] = json!(value);
            create(kit, org, name, &body).map_err(Err)
        }
        [id] => update(kit, org, name, id, body, None).map_err(Err),
        several => Err(Ok(several.to_vec())),
    }
}

fn find<'a>(org: &'a Org, object: &str) -> Result<&'a Object, ApiError> {
    org.schema.object(object).ok_or_else(ApiError::not_found)
}

/// A record that is not in the recycle bin.
pub fn existing<'a>(org: &'a Org, object: &str, id: &str) -> Result<&'a Row, ApiError> {
    match org.row(object, id) {
        Some(row) if row.deleted => Err(ApiError::new(StatusCode::NOT_FOUND, "ENTITY_IS_DELETED", "entity is deleted")),
        Some(row) => Ok(row),
        None if !(id.len() == 15 || id.len() == 18) => {
            Err(ApiError::bad("MALFORMED_ID", format!("{object} ID: id value of incorrect type: {id}")).field("Id"))
        }
        None => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: ".to_owned() + id,
        )),
    }
}

/// The body's members as field values, refused as the vendor refuses them.
fn checked(object: &Object, body: &Value) -> Result<Map<String, Value>, ApiError> {
    let Value::Object(members) = body else {
        return Err(ApiError::bad("JSON_PARSER_ERROR", "Unexpected character at [line:1, column:1]"));
    };
    let mut changes = Map::new();
    for (name, value) in members {
        if name == "attributes" || name == "id" {
            continue;
        }
        let field = object.field(name).ok_or_else(|| {
            ApiError::bad("INVALID_FIELD", format!("No such column '{name}' on sobject of type {}", object.name))
        })?;
        if !field.writable {
            let message = format!(
                "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
                field.name
            );
            return Err(ApiError::bad("INVALID_FIELD_FOR_INSERT_UPDATE", message).field(&field.name));
        }
        changes.insert(field.name.clone(), typed(field, value)?);
    }
    Ok(changes)
}

fn typed(field: &Field, value: &Value) -> Result<Value, ApiError> {
    let name = &field.name;
    if value.is_null() {
        return if field.required { Err(required_missing(std::slice::from_ref(name))) } else { Ok(Value::Null) };
    }
    let cannot_parse = |to: &str| {
        let message = format!("Cannot deserialize instance of {to} from {} value {value}", json_type(value));
        Err(ApiError::bad("JSON_PARSER_ERROR", message).field(name))
    };
    let too_long = |text: &str, max: usize| {
        let message = format!("{name}: data value too large: {:.40} (max length={max})", text);
        Err(ApiError::bad("STRING_TOO_LONG", message).field(name))
    };
    match (&field.kind, value) {
        (FieldType::Text(max) | FieldType::LongText(max), Value::String(text)) if text.chars().count() > *max => {
            too_long(text, *max)
        }
        (FieldType::Text(_) | FieldType::LongText(_) | FieldType::Reference { .. }, Value::String(_)) => {
            Ok(value.clone())
        }
        (FieldType::Picklist(values), Value::String(text)) if values.is_empty() || values.contains(&text.as_str()) => {
            Ok(value.clone())
        }
        (FieldType::Picklist(_), Value::String(text)) => {
            let message = format!("{name}: bad value for restricted picklist field: {text}");
            Err(ApiError::bad("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message).field(name))
        }
        (FieldType::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (FieldType::Number(_) | FieldType::Currency | FieldType::Percent, Value::Number(_)) => Ok(value.clone()),
        (FieldType::Date, Value::String(text)) if text.parse::<jiff::civil::Date>().is_ok() => Ok(value.clone()),
        (FieldType::DateTime, Value::String(text)) => match text.replace("+0000", "Z").parse::<Timestamp>() {
            Ok(at) => Ok(json!(crate::org::stamp(at))),
            Err(_) => cannot_parse("datetime"),
        },
        (kind, _) => cannot_parse(kind.name()),
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL",
        Value::Bool(_) => "VALUE_BOOLEAN",
        Value::Number(_) => "VALUE_NUMBER",
        Value::String(_) => "VALUE_STRING",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    }
}

/// The ledger's line: a change of the delivery status is its own kind of effect.
fn note(kit: &Kit, object: &str, id: &str, changes: &Map<String, Value>, created: bool) {
    let status_update = object == "Opportunity" && changes.keys().any(|name| name.starts_with("Quoin_"));
    let kind = match (object, created) {
        _ if status_update => "deal_status_update",
        ("Account", true) => "customer",
        ("Account", false) => "customer_update",
        ("Opportunity", true) => "quote",
        ("Opportunity", false) => "quote_update",
        (_, true) => "record",
        (_, false) => "record_update",
    };
    let key = changes.get("Quoin_Key__c").or_else(|| changes.get("Quoin_Id__c")).and_then(Value::as_str);
    kit.ledger.commit(kind, id, key, Value::Object(changes.clone()));
}
