//! What differs between two results, path by path.

use serde_json::Value;

use crate::format::Returned;

/// One difference. Absent on one side is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// JSON pointer into the result.
    pub path: String,
    /// As recorded.
    pub recorded: Option<Value>,
    /// As it is now.
    pub now: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |side: &Option<Value>| side.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
        write!(f, "{}: recorded {}, now {}", self.path, shown(&self.recorded), shown(&self.now))
    }
}

/// Every difference between a recorded result and another, in order.
pub fn differences(recorded: &Returned, now: &Returned) -> Vec<Difference> {
    let value = |returned: &Returned| serde_json::to_value(returned).unwrap_or(Value::Null);
    let mut found = Vec::new();
    walk(String::new(), Some(&value(recorded)), Some(&value(now)), &mut found);
    found
}

fn walk(path: String, recorded: Option<&Value>, now: Option<&Value>, found: &mut Vec<Difference>) {
    match (recorded, now) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let added = other.keys().filter(|name| !one.contains_key(*name));
            for name in one.keys().chain(added) {
                walk(format!("{path}/{name}"), one.get(name), other.get(name), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                walk(format!("{path}/{index}"), one.get(index), other.get(index), found);
            }
        }
        (one, other) if one == other => {}
        (one, other) => found.push(Difference { path, recorded: one.cloned(), now: other.cloned() }),
    }
}
