//! The `q` parameter of record lists: conditions on body fields, joined by AND and OR.

use std::cmp::Ordering;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::account::Record;
use crate::doc::{self, Doc};
use crate::refusal::{Place, Refusal};

/// Whether a record fits a filter.
pub struct Filter(Vec<Vec<Condition>>);

struct Condition {
    field: String,
    operator: String,
    values: Vec<String>,
}

/// Operators with the number of values they take (`None`: any number).
const OPERATORS: [(&str, Option<usize>); 16] = [
    ("EMPTY", Some(0)),
    ("EMPTY_NOT", Some(0)),
    ("IS", Some(1)),
    ("IS_NOT", Some(1)),
    ("CONTAIN", Some(1)),
    ("START_WITH", Some(1)),
    ("END_WITH", Some(1)),
    ("EQUAL", Some(1)),
    ("GREATER", Some(1)),
    ("LESS", Some(1)),
    ("ANY_OF", None),
    ("AFTER", Some(1)),
    ("BEFORE", Some(1)),
    ("ON", Some(1)),
    ("ON_OR_AFTER", Some(1)),
    ("ON_OR_BEFORE", Some(1)),
];

fn invalid(detail: impl Into<String>) -> Refusal {
    let detail = format!("Invalid query parameter value. {}", detail.into());
    Refusal::new(axum::http::StatusCode::BAD_REQUEST, "INVALID_PARAMETER", detail).at(Place::Query("q"))
}

impl Filter {
    /// Reads a filter. AND binds before OR; brackets are only taken around the values of ANY_OF.
    ///
    /// # Errors
    /// The vendor's refusal of the parameter.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let words = words(text)?;
        let mut alternatives = Vec::new();
        for alternative in words.split(|word| word == "OR") {
            let conditions = alternative.split(|word| word == "AND").map(condition);
            alternatives.push(conditions.collect::<Result<Vec<_>, _>>()?);
        }
        Ok(Self(alternatives))
    }

    /// Whether the record fits.
    ///
    /// # Errors
    /// When a value does not fit its operator.
    pub fn fits(&self, record: &Record, shown: &Doc) -> Result<bool, Refusal> {
        for alternative in &self.0 {
            let mut all = true;
            for condition in alternative {
                all &= condition.holds(record, shown)?;
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Words and quoted texts; brackets and commas separate.
fn words(text: &str) -> Result<Vec<String>, Refusal> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(|| invalid("A quoted value does not end."))?,
            None => {
                let separator = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '(' | ')');
                rest.split_at(rest.find(separator).unwrap_or(rest.len()))
            }
        };
        words.push(word.to_owned());
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '(' | ')'));
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}

fn condition(words: &[String]) -> Result<Condition, Refusal> {
    let [field, operator, values @ ..] = words else {
        return Err(invalid("Write each condition as field, operator, value."));
    };
    let known = OPERATORS.iter().find(|(name, _)| name == operator);
    let Some((_, count)) = known else { return Err(invalid(format!("Unknown operator '{operator}'."))) };
    if count.is_some_and(|count| count != values.len()) {
        return Err(invalid(format!("Operator {operator} takes another number of values.")));
    }
    Ok(Condition { field: field.clone(), operator: operator.clone(), values: values.to_vec() })
}

impl Condition {
    fn holds(&self, record: &Record, shown: &Doc) -> Result<bool, Refusal> {
        let own = self.own(record, shown)?;
        let first = self.values.first().map(String::as_str).unwrap_or_default();
        let Some(own) = own else { return Ok(self.operator == "EMPTY") };
        let order = || compare(&own, first);
        Ok(match self.operator.as_str() {
            "EMPTY" => false,
            "EMPTY_NOT" => true,
            "IS" => own.eq_ignore_ascii_case(first),
            "IS_NOT" => !own.eq_ignore_ascii_case(first),
            "CONTAIN" => own.to_lowercase().contains(&first.to_lowercase()),
            "START_WITH" => own.to_lowercase().starts_with(&first.to_lowercase()),
            "END_WITH" => own.to_lowercase().ends_with(&first.to_lowercase()),
            "ANY_OF" => self.values.contains(&own),
            "EQUAL" | "ON" => order() == Some(Ordering::Equal),
            "GREATER" | "AFTER" => order() == Some(Ordering::Greater),
            "LESS" | "BEFORE" => order() == Some(Ordering::Less),
            "ON_OR_AFTER" => order().is_some_and(Ordering::is_ge),
            _ => order().is_some_and(Ordering::is_le),
        })
    }

    fn own(&self, record: &Record, shown: &Doc) -> Result<Option<String>, Refusal> {
        match self.field.as_str() {
            "id" => return Ok(Some(record.id.to_string())),
            "externalId" => return Ok(record.external_id.clone()),
            "lastModifiedDate" => return Ok(Some(record.modified.to_string())),
            "createdDate" => return Ok(Some(record.created.to_string())),
            _ => {}
        }
        if !record.record_type.fields.iter().any(|field| field.name == self.field) {
            return Err(invalid(format!("Unknown field '{}'.", self.field)));
        }
        Ok(match shown.get(&self.field) {
            Some(Value::Object(reference)) => doc::text(reference, "id").map(str::to_owned),
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        })
    }
}

/// Numbers as numbers, moments as moments, days as days.
fn compare(own: &str, wanted: &str) -> Option<Ordering> {
    if let (Ok(own), Ok(wanted)) = (own.parse::<Decimal>(), wanted.parse::<Decimal>()) {
        return Some(own.cmp(&wanted));
    }
    if let (Ok(own), Ok(wanted)) = (own.parse::<Timestamp>(), wanted.parse::<Timestamp>()) {
        return Some(own.cmp(&wanted));
    }
    let day = |text: &str| text.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok());
    Some(day(own)?.cmp(&day(wanted)?))
}
