//! Runs a query over the org's records and builds the answer's rows.

use std::cmp::Ordering;
use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::ApiError;
use crate::org::{Org, Row, long_id, stamp};
use crate::schema::{FieldType, Object};
use crate::soql::{Condition, Literal, Operator, Query};

/// Rows of an answer, complete.
///
/// # Errors
/// `INVALID_TYPE`, `INVALID_FIELD`, in Salesforce's words.
pub fn run(org: &Org, query: &Query, version: &str, with_deleted: bool) -> Result<Vec<Value>, ApiError> {
    let object = org.schema.object(&query.from).ok_or_else(|| {
        ApiError::bad(
            "INVALID_TYPE",
            format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
                query.from
            ),
        )
    })?;
    rows_of(org, object, query, version, with_deleted, None)
}

fn rows_of(
    org: &Org,
    object: &Object,
    query: &Query,
    version: &str,
    with_deleted: bool,
    parent: Option<(&str, &str)>,
) -> Result<Vec<Value>, ApiError> {
    check(org, object, query)?;
    let filter = query.filter.as_ref().map(|filter| compile(org, object, filter)).transpose()?;
    let mut rows: Vec<&Row> = candidates(org, object, query)
        .into_iter()
        .filter(|row| with_deleted || !row.deleted)
        .filter(|row| parent.is_none_or(|(field, id)| row.text(field) == id))
        .filter(|row| filter.as_ref().is_none_or(|filter| filter.holds(org, object, row)))
        .collect();
    for (path, descending, nulls_last) in query.order.iter().rev() {
        rows.sort_by(|a, b| ordered(org, object, path, (a, b), *descending, *nulls_last));
    }
    rows.into_iter()
        .skip(query.offset)
        .take(query.limit.unwrap_or(usize::MAX))
        .map(|row| answer(org, object, row, query, version))
        .collect()
}

/// Records that can match: by id alone where the filter names ids, else all.
fn candidates<'a>(org: &'a Org, object: &Object, query: &Query) -> Vec<&'a Row> {
    let Some(Condition::Compare(path, Operator::In | Operator::Equal, values)) = &query.filter else {
        return org.rows(object.name).collect();
    };
    if !path.eq_ignore_ascii_case("Id") {
        return org.rows(object.name).collect();
    }
    let ids: Vec<&String> =
        values.iter().filter_map(|v| if let Literal::Text(id) = v { Some(id) } else { None }).collect();
    ids.into_iter().filter_map(|id| org.row(object.name, id)).collect()
}

fn check(org: &Org, object: &Object, query: &Query) -> Result<(), ApiError> {
    for path in query.fields.iter().chain(query.order.iter().map(|(path, ..)| path)) {
        resolve(org, object, path)?;
    }
    for child in &query.children {
        child_of(org, object, &child.from)?;
    }
    Ok(())
}

/// The object and field a path ends at.
fn resolve<'a>(org: &'a Org, object: &'a Object, path: &str) -> Result<&'a FieldType, ApiError> {
    let mut at = object;
    let mut pieces = path.split('.').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return at.field(piece).map(|field| &field.kind).ok_or_else(|| no_column(piece, at.name));
        }
        let Some((_, to)) = at.relationship(piece) else {
            return Err(ApiError::bad(
                "INVALID_FIELD",
                format!(
                    "Didn't understand relationship '{piece}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names."
                ),
            ));
        };
        at = org.schema.object(to).ok_or_else(|| no_column(piece, at.name))?;
    }
    Err(no_column(path, object.name))
}

fn no_column(field: &str, object: &str) -> ApiError {
    ApiError::bad(
        "INVALID_FIELD",
        format!(
            "No such column '{field}' on entity '{object}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
        ),
    )
}

fn child_of<'a>(org: &'a Org, object: &Object, name: &str) -> Result<(&'a Object, &'static str), ApiError> {
    object
        .children
        .iter()
        .find(|(relationship, ..)| relationship.eq_ignore_ascii_case(name))
        .and_then(|(_, child, field)| Some((org.schema.object(child)?, *field)))
        .ok_or_else(|| {
            ApiError::bad(
                "INVALID_TYPE",
                format!("Didn't understand relationship '{name}' in FROM part of query call."),
            )
        })
}

/// Follows a path from a row to its value.
fn value<'a>(org: &'a Org, object: &Object, row: &'a Row, path: &str) -> &'a Value {
    let Some((relationship, rest)) = path.split_once('.') else {
        return object.field(path).map_or(&Value::Null, |field| row.get(&field.name));
    };
    let Some((field, to)) = object.relationship(relationship) else { return &Value::Null };
    let (Some(target), Some(object)) = (org.row(to, row.text(&field.name)), org.schema.object(to)) else {
        return &Value::Null;
    };
    value(org, object, target, rest)
}

/// Order by one path; nulls come first unless said otherwise.
fn ordered(org: &Org, object: &Object, path: &str, rows: (&Row, &Row), descending: bool, nulls_last: bool) -> Ordering {
    let (a, b) = (value(org, object, rows.0, path), value(org, object, rows.1, path));
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => {
            if nulls_last {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, true) => {
            if nulls_last {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (false, false) if descending => compare(b, a),
        (false, false) => compare(a, b),
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default())
        }
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (a, b) => a.as_str().unwrap_or_default().cmp(b.as_str().unwrap_or_default()),
    }
}

/// A filter whose literals were checked against the fields' types and made comparable.
enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Compare(String, Operator, Vec<Value>),
    /// Membership in a long list.
    OneOf(String, HashSet<String>),
}

impl Filter {
    fn holds(&self, org: &Org, object: &Object, row: &Row) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.holds(org, object, row)),
            Filter::Any(parts) => parts.iter().any(|part| part.holds(org, object, row)),
            Filter::Not(inner) => !inner.holds(org, object, row),
            Filter::OneOf(path, values) => {
                value(org, object, row, path).as_str().is_some_and(|text| values.contains(&text.to_lowercase()))
            }
            Filter::Compare(path, operator, wanted) => {
                let found = lowered(value(org, object, row, path));
                let equal = |wanted: &Value| {
                    (found.is_null() && wanted.is_null())
                        || (found.is_null() == wanted.is_null() && compare(&found, wanted).is_eq())
                };
                match operator {
                    Operator::Equal | Operator::In => wanted.iter().any(equal),
                    Operator::NotEqual | Operator::NotIn => !wanted.iter().any(equal),
                    _ if found.is_null() => false,
                    Operator::Less => compare(&found, &wanted[0]).is_lt(),
                    Operator::LessOrEqual => compare(&found, &wanted[0]).is_le(),
                    Operator::Greater => compare(&found, &wanted[0]).is_gt(),
                    Operator::GreaterOrEqual => compare(&found, &wanted[0]).is_ge(),
                }
            }
        }
    }
}

/// Text is compared without regard to case.
fn lowered(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.to_lowercase()),
        other => other.clone(),
    }
}

fn compile(org: &Org, object: &Object, condition: &Condition) -> Result<Filter, ApiError> {
    let all = |parts: &[Condition]| parts.iter().map(|part| compile(org, object, part)).collect::<Result<Vec<_>, _>>();
    Ok(match condition {
        Condition::And(parts) => Filter::All(all(parts)?),
        Condition::Or(parts) => Filter::Any(all(parts)?),
        Condition::Not(inner) => Filter::Not(Box::new(compile(org, object, inner)?)),
        Condition::Compare(path, operator, literals) => {
            let kind = resolve(org, object, path)?;
            if matches!(kind, FieldType::LongText(_)) {
                return Err(ApiError::bad(
                    "INVALID_FIELD",
                    format!("field '{path}' can not be filtered in a query call"),
                ));
            }
            let values = literals.iter().map(|l| comparable(path, kind, l)).collect::<Result<Vec<_>, _>>()?;
            if *operator == Operator::In && values.iter().all(Value::is_string) {
                let texts = values.iter().filter_map(|v| v.as_str().map(Into::into)).collect();
                Filter::OneOf(path.clone(), texts)
            } else {
                Filter::Compare(path.clone(), *operator, values)
            }
        }
    })
}

/// A literal as the stored values are, or the refusal of a literal of the wrong type.
fn comparable(path: &str, kind: &FieldType, literal: &Literal) -> Result<Value, ApiError> {
    let wrong = |quoted: &str| {
        ApiError::bad(
            "INVALID_FIELD",
            format!(
                "value of filter criterion for field '{path}' must be of type {} and should {quoted}be enclosed in quotes",
                kind.name()
            ),
        )
    };
    let moment = |text: &str| -> Option<Timestamp> { text.replace("+0000", "Z").parse().ok() };
    match (kind, literal) {
        (_, Literal::Null) => Ok(Value::Null),
        (FieldType::Id | FieldType::Reference { .. }, Literal::Text(id)) => Ok(json!(long_id(id).to_lowercase())),
        (FieldType::Text(_) | FieldType::Picklist(_), Literal::Text(text)) => Ok(json!(text.to_lowercase())),
        (FieldType::DateTime, Literal::Moment(text)) => {
            moment(text).map(|at| json!(stamp(at).to_lowercase())).ok_or_else(|| wrong("not "))
        }
        (FieldType::Date, Literal::Moment(text)) => Ok(json!(text.to_lowercase())),
        (FieldType::Number(_) | FieldType::Currency | FieldType::Percent, Literal::Number(digits)) => {
            digits.parse::<f64>().map(|number| json!(number)).map_err(|_| wrong("not "))
        }
        (FieldType::Boolean, Literal::Boolean(value)) => Ok(json!(value)),
        (FieldType::Id | FieldType::Reference { .. } | FieldType::Text(_) | FieldType::Picklist(_), _) => {
            Err(wrong(""))
        }
        _ => Err(wrong("not ")),
    }
}

/// One row of the answer: attributes, the selected fields, nested parents and children.
fn answer(org: &Org, object: &Object, row: &Row, query: &Query, version: &str) -> Result<Value, ApiError> {
    let mut out = head(object.name, &row.id, version);
    for path in &query.fields {
        place(org, object, row, path, version, &mut out);
    }
    for child in &query.children {
        let (target, field) = child_of(org, object, &child.from)?;
        let rows = rows_of(org, target, child, version, false, Some((field, &row.id)))?;
        let nested =
            if rows.is_empty() { Value::Null } else { json!({"totalSize": rows.len(), "done": true, "records": rows}) };
        out.insert(child.from.clone(), nested);
    }
    Ok(Value::Object(out))
}

fn head(object: &str, id: &str, version: &str) -> Map<String, Value> {
    let mut out = Map::new();
    let url = format!("/services/data/v{version}/sobjects/{object}/{id}");
    out.insert("attributes".into(), json!({"type": object, "url": url}));
    out
}

fn place(org: &Org, object: &Object, row: &Row, path: &str, version: &str, out: &mut Map<String, Value>) {
    let Some((relationship, rest)) = path.split_once('.') else {
        if let Some(field) = object.field(path) {
            out.insert(field.name.clone(), row.get(&field.name).clone());
        }
        return;
    };
    let Some((field, to)) = object.relationship(relationship) else { return };
    let name = relationship.to_owned();
    let (Some(target), Some(parent)) = (org.row(to, row.text(&field.name)), org.schema.object(to)) else {
        out.entry(name).or_insert(Value::Null);
        return;
    };
    let nested = out.entry(name).or_insert_with(|| Value::Object(head(to, &target.id, version)));
    if let Some(nested) = nested.as_object_mut() {
        place(org, parent, target, rest, version, nested);
    }
}
