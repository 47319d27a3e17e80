//! Entity properties: a JSON value under a key, on an issue, a worklog or the project. No search sees
//! them, and no index delays them.

use serde_json::{Map, Value, json};

use crate::refusal::{Answer, Refused};

/// Properties of one entity.
pub type Properties = Map<String, Value>;

/// Longest key, in characters.
const KEY_CHARS: usize = 255;

/// Longest value, in bytes of JSON.
const VALUE_BYTES: usize = 32_768;

/// Checks one.
pub fn check(key: &str, value: &Value) -> Answer<()> {
    if key.is_empty() || key.chars().count() > KEY_CHARS {
        return Err(Refused::bad("The property key must be between 1 and 255 characters long."));
    }
    if value.to_string().len() > VALUE_BYTES {
        return Err(Refused::bad("The property value exceeds the maximum length of 32768 characters."));
    }
    Ok(())
}

/// Those that come with a write of their entity: `[{"key","value"}]`.
pub fn given(list: Option<&Value>) -> Answer<Properties> {
    let Some(list) = list else { return Ok(Properties::new()) };
    let mut properties = Properties::new();
    for row in list.as_array().ok_or_else(Refused::payload)? {
        let key = row["key"].as_str().ok_or_else(Refused::payload)?;
        let value = row.get("value").ok_or_else(Refused::payload)?;
        check(key, value)?;
        properties.insert(key.to_owned(), value.clone());
    }
    Ok(properties)
}

/// As worklogs and feeds show them.
pub fn listed(properties: &Properties) -> Value {
    properties.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// 404.
pub fn missing(key: &str) -> Refused {
    Refused::missing(format!("The property with key '{key}' does not exist."))
}
