//! Canonical objects at the border: nothing crosses, in either direction, that is not exactly one
//! of them. What passes is returned in normal form.

use quoin_canonical::{
    Assignment, BillingSetup, Canonical, Contract, Customer, DealStatus, Invoice, Milestone, ObjectKind, Payment,
    Project, ProjectFinancials, Quote, Task, TimeEntry,
};
use serde_json::Value;
use serde_path_to_error::Segment;

/// What is wrong with an object, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// JSON pointer to the field (RFC 6901).
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl Wrong {
    fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// Path and message, to put behind the path of the text it was found in.
    pub fn described(&self) -> String {
        format!("{}: {}", self.path, self.message)
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(f, "{} (at {path})", self.message)
    }
}

/// Checks JSON text from a plugin.
pub fn check_text(kind: ObjectKind, json: &str) -> Result<Value, Wrong> {
    let value: Value = serde_json::from_str(json).map_err(|error| Wrong::at("", format!("no JSON: {error}")))?;
    check(kind, &value)
}

/// Checks an object: shape, rules, and no field that the kind does not have.
pub fn check(kind: ObjectKind, value: &Value) -> Result<Value, Wrong> {
    match kind {
        ObjectKind::Customer => typed::<Customer>(value),
        ObjectKind::Quote => typed::<Quote>(value),
        ObjectKind::Contract => typed::<Contract>(value),
        ObjectKind::Project => typed::<Project>(value),
        ObjectKind::Task => typed::<Task>(value),
        ObjectKind::Milestone => typed::<Milestone>(value),
        ObjectKind::Assignment => typed::<Assignment>(value),
        ObjectKind::TimeEntry => typed::<TimeEntry>(value),
        ObjectKind::BillingSetup => typed::<BillingSetup>(value),
        ObjectKind::Invoice => typed::<Invoice>(value),
        ObjectKind::Payment => typed::<Payment>(value),
        ObjectKind::ProjectFinancials => typed::<ProjectFinancials>(value),
        ObjectKind::DealStatus => typed::<DealStatus>(value),
    }
}

fn typed<T: Canonical>(value: &Value) -> Result<Value, Wrong> {
    let object: T = serde_path_to_error::deserialize(value)
        .map_err(|error| Wrong::at(pointer(error.path()), format!("no {}: {}", T::KIND, error.inner())))?;
    if let Err(problems) = object.validate() {
        let message = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let path = problems.first().map(|problem| problem.path.clone()).unwrap_or_default();
        return Err(Wrong::at(path, format!("no valid {}: {message}", T::KIND)));
    }
    let normal = serde_json::to_value(&object).map_err(|error| Wrong::at("", error.to_string()))?;
    match stranger(value, &normal, "") {
        Some(path) => {
            Err(Wrong::at(path, format!("a {} has no such field; custom fields go into header.ext", T::KIND)))
        }
        None => Ok(normal),
    }
}

/// The first field of `given` that the type did not take. Empty values are no loss: the normal form
/// leaves them out.
fn stranger(given: &Value, normal: &Value, path: &str) -> Option<String> {
    match (given, normal) {
        (Value::Object(given), Value::Object(normal)) => given.iter().find_map(|(name, value)| {
            let here = format!("{path}/{}", escape(name));
            match normal.get(name) {
                Some(taken) => stranger(value, taken, &here),
                None => (!is_empty(value)).then_some(here),
            }
        }),
        (Value::Array(given), Value::Array(normal)) => {
            given.iter().zip(normal).enumerate().find_map(|(at, (g, n))| stranger(g, n, &format!("{path}/{at}")))
        }
        _ => None,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", escape(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_the_path_to_it() {
        let kind = ObjectKind::Task;
        let good = json!({"code": "1.1", "name": "Build", "contract_line": "10", "billing_type": "chargeable"});
        assert!(check(kind, &good).is_ok());
        let cases: [(&str, Value, &str); 6] = [
            ("/billing_type", json!("free"), "/billing_type"),
            ("/code", json!(""), "/code"),
            ("/code", json!(7), "/code"),
            ("/colour", json!("red"), "/colour"),
            ("/header", json!({"external": "1", "etag": "2"}), "/header/etag"),
            ("/planned_hours", json!("many"), "/planned_hours"),
        ];
        for (field, value, path) in cases {
            let mut object = good.clone();
            object[field.trim_start_matches('/')] = value.clone();
            assert_eq!(check(kind, &object).unwrap_err().path, path, "{field} = {value}");
        }
    }

    #[test]
    fn the_normal_form_leaves_out_what_is_empty() {
        let given = json!({"header": {"external": "9", "ext": {}}, "code": "1", "name": "", "contract_line": "",
            "billing_type": "chargeable", "planned_hours": null});
        let normal = check(ObjectKind::Task, &given).unwrap();
        assert_eq!(normal["header"], json!({"external": "9"}));
        assert!(normal.get("planned_hours").is_none());
    }

    #[test]
    fn every_kind_is_checked() {
        for kind in ObjectKind::ALL {
            assert!(check_text(kind, "{").unwrap_err().message.starts_with("no JSON"));
            assert!(check(kind, &json!(7)).unwrap_err().message.contains(kind.as_str()));
        }
    }
}
