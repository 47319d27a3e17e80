//! Canonical objects at the border: nothing crosses, in either direction, that is not exactly one
//! of them. What passes is returned in normal form.

use quoin_canonical::{
    Assignment, BillingSchedule, BillingSetup, Canonical, Charge, Company, Contract, Customer, DealStatus, ExpenseItem,
    Invoice, Milestone, ObjectKind, Payment, Project, ProjectFinancials, ProjectTemplate, Quote, RateCard, Resource,
    RevenueRecognition, Task, TimeEntry, Timesheet,
};
use serde::Deserializer;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::stranger::{pointer_part, stranger};

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

/// What is done with an object once its type is known.
trait Check {
    /// What comes of it.
    type Passed;
    /// Does it.
    fn check<T: Canonical>(self) -> Result<Self::Passed, Wrong>;
}

fn of_kind<C: Check>(kind: ObjectKind, check: C) -> Result<C::Passed, Wrong> {
    match kind {
        ObjectKind::Customer => check.check::<Customer>(),
        ObjectKind::Quote => check.check::<Quote>(),
        ObjectKind::Contract => check.check::<Contract>(),
        ObjectKind::Project => check.check::<Project>(),
        ObjectKind::Task => check.check::<Task>(),
        ObjectKind::Milestone => check.check::<Milestone>(),
        ObjectKind::Assignment => check.check::<Assignment>(),
        ObjectKind::TimeEntry => check.check::<TimeEntry>(),
        ObjectKind::BillingSetup => check.check::<BillingSetup>(),
        ObjectKind::Invoice => check.check::<Invoice>(),
        ObjectKind::Payment => check.check::<Payment>(),
        ObjectKind::ProjectFinancials => check.check::<ProjectFinancials>(),
        ObjectKind::DealStatus => check.check::<DealStatus>(),
        ObjectKind::LegalEntity => check.check::<Company>(),
        ObjectKind::RateCard => check.check::<RateCard>(),
        ObjectKind::BillingSchedule => check.check::<BillingSchedule>(),
        ObjectKind::ProjectTemplate => check.check::<ProjectTemplate>(),
        ObjectKind::Resource => check.check::<Resource>(),
        ObjectKind::Timesheet => check.check::<Timesheet>(),
        ObjectKind::Expense => check.check::<ExpenseItem>(),
        ObjectKind::BillingEvent => check.check::<Charge>(),
        ObjectKind::RevenueRecognition => check.check::<RevenueRecognition>(),
    }
}

/// Checks JSON text from a plugin: shape, rules, and no field that the kind does not have. Gives
/// its normal form.
pub fn lift(kind: ObjectKind, json: &str) -> Result<Value, Wrong> {
    of_kind(kind, Text(json))
}

/// Checks an object for a plugin, in the same way. Gives its normal form as text.
pub fn lower(kind: ObjectKind, value: &Value) -> Result<String, Wrong> {
    of_kind(kind, Tree(value))
}

struct Text<'a>(&'a str);

impl Check for Text<'_> {
    type Passed = Value;

    fn check<T: Canonical>(self) -> Result<Value, Wrong> {
        let object: T = match serde_json::from_str(self.0) {
            Ok(object) => object,
            Err(_) => {
                let json = |error| Wrong::at("", format!("no JSON: {error}"));
                read_with_places(&serde_json::from_str(self.0).map_err(json)?)?
            }
        };
        let normal = written(&object)?;
        let tree = serde_json::to_value(&object).map_err(unwritable)?;
        if normal != self.0 {
            nothing_left::<T>(&mut serde_json::Deserializer::from_str(self.0), &tree)?;
        }
        Ok(tree)
    }
}

struct Tree<'a>(&'a Value);

impl Check for Tree<'_> {
    type Passed = String;

    fn check<T: Canonical>(self) -> Result<String, Wrong> {
        let object = T::deserialize(self.0).or_else(|_| read_with_places::<T>(self.0))?;
        let normal = written(&object)?;
        if normal != serde_json::to_string(self.0).map_err(unwritable)? {
            nothing_left::<T>(self.0, &serde_json::to_value(&object).map_err(unwritable)?)?;
        }
        Ok(normal)
    }
}

/// An object that could not be read, read again with an eye on where: slower, and nearly never needed.
fn read_with_places<T: Canonical>(value: &Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| Wrong::at(pointer(error.path()), format!("no {}: {}", T::KIND, error.inner())))
}

/// The text of a valid object. Nearly always it is what was given, and then nothing of that was left out: an
/// equal text is found faster than a strange field.
fn written<T: Canonical>(object: &T) -> Result<String, Wrong> {
    if let Err(problems) = object.validate() {
        let message = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let path = problems.first().map(|problem| problem.path.clone()).unwrap_or_default();
        return Err(Wrong::at(path, format!("no valid {}: {message}", T::KIND)));
    }
    serde_json::to_string(object).map_err(unwritable)
}

/// Whether the object took all of its source.
fn nothing_left<'de, T: Canonical>(source: impl Deserializer<'de>, normal: &Value) -> Result<(), Wrong> {
    match stranger(source, normal) {
        Some(path) => {
            Err(Wrong::at(path, format!("a {} has no such field; custom fields go into header.ext", T::KIND)))
        }
        None => Ok(()),
    }
}

fn unwritable(error: serde_json::Error) -> Wrong {
    Wrong::at("", error.to_string())
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", pointer_part(key))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_the_path_to_it() {
        let kind = ObjectKind::Task;
        let good = json!({"code": "1.1", "name": "Build", "contract_line": "10", "billing_type": "chargeable"});
        assert!(lower(kind, &good).is_ok());
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
            assert_eq!(lower(kind, &object).unwrap_err().path, path, "{field} = {value}");
        }
    }

    #[test]
    fn the_normal_form_leaves_out_what_is_empty() {
        let given = json!({"header": {"external": "9", "ext": {}}, "code": "1", "name": "", "contract_line": "",
            "billing_type": "chargeable", "planned_hours": null});
        let normal = lift(ObjectKind::Task, &given.to_string()).unwrap();
        assert_eq!(normal["header"], json!({"external": "9"}));
        assert!(normal.get("planned_hours").is_none());
    }

    #[test]
    fn every_kind_is_checked() {
        for kind in ObjectKind::ALL {
            assert!(lift(kind, "{").unwrap_err().message.starts_with("no JSON"));
            assert!(lower(kind, &json!(7)).unwrap_err().message.contains(kind.as_str()));
        }
    }
}
