//! Entity properties of projects, issues and worklogs: one JSON value per key.

use quoin_simulator::axum::http::{Method, StatusCode};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::axum::Json;
use serde_json::{Map, Value, json};

use crate::refusal::{Answer, Refused};

/// Largest value, in bytes.
const MAX_VALUE_BYTES: usize = 32_768;

/// Longest key, in characters.
const MAX_KEY_CHARS: usize = 255;

/// What happened to a set of properties.
pub struct Done {
    pub response: Response,
    pub changed: bool,
}

/// `…/properties[/{key}]` of any entity.
pub fn serve(properties: &mut Map<String, Value>, method: &Method, key: Option<&str>, body: &[u8]) -> Answer<Done> {
    let read = |value: Value| Ok(Done { response: Json(value).into_response(), changed: false });
    match (method.as_str(), key) {
        ("GET", None) => read(json!({"keys": properties.keys().map(|key| json!({ "key": key })).collect::<Vec<_>>()})),
        ("GET", Some(key)) => match properties.get(key) {
            Some(value) => read(json!({"key": key, "value": value})),
            None => Err(Refused::no_property(key)),
        },
        ("PUT", Some(key)) => {
            let value = checked(key, body)?;
            let status = if properties.insert(key.to_owned(), value).is_some() { StatusCode::OK } else { StatusCode::CREATED };
            Ok(Done { response: status.into_response(), changed: true })
        }
        ("DELETE", Some(key)) => match properties.remove(key) {
            Some(_) => Ok(Done { response: StatusCode::NO_CONTENT.into_response(), changed: true }),
            None => Err(Refused::no_property(key)),
        },
        _ => Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")),
    }
}

fn checked(key: &str, body: &[u8]) -> Answer<Value> {
    if key.chars().count() > MAX_KEY_CHARS {
        return Err(Refused::bad_request("The property key cannot be longer than 255 characters."));
    }
    if body.len() > MAX_VALUE_BYTES {
        return Err(Refused::bad_request("The property value cannot be longer than 32768 characters."));
    }
    serde_json::from_slice(body).map_err(|_| Refused::bad_request("The property value must be valid JSON."))
}

/// Properties given with a creation or change: `"properties":[{"key","value"}]`.
pub fn of_body(body: &Value) -> Answer<Map<String, Value>> {
    let rows = body["properties"].as_array().into_iter().flatten();
    rows.map(|row| {
        let key = row["key"].as_str().filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| Refused::bad_request("Each property needs a key."))?;
        let value = checked(key, row["value"].to_string().as_bytes())?;
        Ok((key.to_owned(), value))
    })
    .collect()
}
