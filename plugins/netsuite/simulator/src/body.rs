//! From a request's body to a record's fields: names checked, references resolved, values typed.

use serde_json::{Value, json};

use crate::account::Account;
use crate::doc::{Doc, decimal, number, refer};
use crate::refusal::{Place, Refusal};
use crate::schema::{Field, Kind, RecordType};

/// What happens to a property that the record type does not have
/// (header `X-NetSuite-PropertyNameValidation`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Strictness {
    /// The request is refused.
    #[default]
    Error,
    /// It is passed over, and named in a header of the answer.
    Warning,
    /// It is passed over.
    Ignore,
}

impl Strictness {
    /// The header's value.
    ///
    /// # Errors
    /// When it is none of the three.
    pub fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let Some(text) = text else { return Ok(Strictness::Error) };
        match text.to_ascii_lowercase().as_str() {
            "error" => Ok(Strictness::Error),
            "warning" => Ok(Strictness::Warning),
            "ignore" => Ok(Strictness::Ignore),
            _ => Err(Refusal::content(format!("Invalid value '{text}' of the header. Use Error, Warning or Ignore."))
                .at(Place::Header("X-NetSuite-PropertyNameValidation"))),
        }
    }
}

/// What a body became.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Fields, with references as `{"id", "refName"}`; null where a field is to be emptied.
    pub fields: Doc,
    /// The external id in the body.
    pub external_id: Option<String>,
    /// Properties passed over.
    pub warnings: Vec<String>,
}

/// Properties that every record may carry and that no client sets this way.
const PASSED_OVER: [&str; 5] = ["id", "links", "refName", "createdDate", "lastModifiedDate"];

/// Reads a body.
///
/// # Errors
/// The vendor's refusal, with the path of the field.
pub fn parse(
    account: &Account,
    record_type: &RecordType,
    body: &Value,
    strictness: Strictness,
) -> Result<Parsed, Refusal> {
    let Some(body) = body.as_object() else {
        return Err(Refusal::content("Invalid content in the request body. A JSON object is expected."));
    };
    let mut reader = Reader { account, strictness, warnings: Vec::new() };
    let mut body = body.clone();
    let external_id = match body.shift_remove("externalId") {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        None | Some(Value::Null) => None,
        Some(_) => return Err(Refusal::content("Invalid value for property externalId.").at_path("externalId")),
    };
    let fields = reader.object(record_type.fields, &body, "")?;
    Ok(Parsed { fields, external_id, warnings: reader.warnings })
}

struct Reader<'a> {
    account: &'a Account,
    strictness: Strictness,
    warnings: Vec<String>,
}

impl Reader<'_> {
    fn object(&mut self, fields: &[Field], body: &Doc, above: &str) -> Result<Doc, Refusal> {
        let mut read = Doc::new();
        for (name, value) in body {
            if PASSED_OVER.contains(&name.as_str()) {
                continue;
            }
            let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
            match fields.iter().find(|field| field.name == name) {
                Some(field) if field.computed => {}
                Some(field) => {
                    read.insert(name.clone(), self.value(field, value, &path)?);
                }
                None if name == "line" => {
                    read.insert(name.clone(), value.clone());
                }
                None => self.unknown(name, path)?,
            }
        }
        Ok(read)
    }

    fn unknown(&mut self, name: &str, path: String) -> Result<(), Refusal> {
        match self.strictness {
            Strictness::Error => {
                let detail =
                    format!("Error while accessing a resource. Unknown property name '{name}' in the request body.");
                Err(Refusal::content(detail).at_path(path))
            }
            Strictness::Warning => {
                self.warnings.push(path);
                Ok(())
            }
            Strictness::Ignore => Ok(()),
        }
    }

    fn value(&mut self, field: &Field, value: &Value, path: &str) -> Result<Value, Refusal> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        let wrong = || Refusal::content(format!("Invalid value for property {}.", field.name)).at_path(path);
        match field.kind {
            Kind::Text(limit) => {
                let text = value.as_str().ok_or_else(wrong)?;
                if text.chars().count() > limit {
                    let detail = format!(
                        "The field {} contained more than the maximum number ( {limit} ) of characters allowed.",
                        field.name
                    );
                    return Err(Refusal::user_error(detail).at_path(path));
                }
                Ok(text.into())
            }
            Kind::Number => decimal(value).map(number).ok_or_else(wrong),
            Kind::Boolean => value.as_bool().map(Value::Bool).ok_or_else(wrong),
            Kind::Date => {
                let date = value.as_str().and_then(|text| text.parse::<jiff::civil::Date>().ok()).ok_or_else(wrong)?;
                Ok(date.to_string().into())
            }
            Kind::Choice(choices) => choice(field.name, choices, value).ok_or_else(wrong),
            Kind::Reference(list) => self.reference(field.name, list, value, path),
            Kind::Subrecord(fields) => {
                let body = value.as_object().ok_or_else(wrong)?;
                Ok(Value::Object(self.object(fields, body, path)?))
            }
            Kind::Sublist(fields) => {
                let items = value.get("items").and_then(Value::as_array).ok_or_else(wrong)?;
                let mut lines = Vec::with_capacity(items.len());
                for (number, item) in items.iter().enumerate() {
                    let place = format!("{path}.items[{number}]");
                    let body = item.as_object().ok_or_else(|| wrong().at_path(&place))?;
                    lines.push(Value::Object(self.object(fields, body, &place)?));
                }
                Ok(json!({"items": lines}))
            }
        }
    }

    fn reference(&self, name: &str, list: &str, value: &Value, path: &str) -> Result<Value, Refusal> {
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Some(external) = value.get("externalId").and_then(Value::as_str) {
            let record = self.account.by_external(list, external);
            return record.map(|record| refer(record.id, &record.name())).ok_or_else(|| {
                Refusal::content(format!("Invalid reference eid:{external} for the field {name}.")).at_path(path)
            });
        }
        let Some(given) = value.get("id").map(&shown) else {
            return Err(Refusal::content(format!("Invalid reference for the field {name}. Give an id or externalId."))
                .at_path(path));
        };
        let id: u64 = given.parse().map_err(|_| Refusal::value(&given, name).at_path(path))?;
        let found = self.account.lists.find(list, id).or_else(|| self.account.record(list, id).map(|r| r.name()));
        found.map(|shown| refer(id, &shown)).ok_or_else(|| Refusal::value(&given, name).at_path(path))
    }
}

/// `{"id": "FBM"}` or the bare id; a list without entries takes any id (countries).
fn choice(name: &str, choices: &[(&str, &str)], value: &Value) -> Option<Value> {
    let id = value.get("id").unwrap_or(value).as_str()?;
    if choices.is_empty() {
        let fits = name != "country" || (id.len() == 2 && id.chars().all(|c| c.is_ascii_uppercase()));
        return fits.then(|| json!({"id": id, "refName": id}));
    }
    let (id, shown) = choices.iter().find(|(known, _)| *known == id)?;
    Some(json!({"id": id, "refName": shown}))
}

/// Lays the new fields over the old. Lines of a sublist that is not named in `replace` are added,
/// except those that carry the number of an existing line: those change it.
pub fn merge(old: &Doc, new: Doc, replace: &[String]) -> Doc {
    let mut merged = old.clone();
    for (name, value) in new {
        if value.is_null() {
            merged.shift_remove(&name);
        } else if value.get("items").is_some_and(Value::is_array) {
            let kept = if replace.contains(&name) { None } else { merged.shift_remove(&name) };
            merged.insert(name, numbered(kept, value));
        } else {
            merged.insert(name, value);
        }
    }
    merged
}

fn numbered(kept: Option<Value>, added: Value) -> Value {
    let take = |list: Option<Value>| match list.and_then(|mut list| list.get_mut("items").map(Value::take)) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let mut lines = take(kept);
    for line in take(Some(added)) {
        let same = |old: &Value| line.get("line").is_some_and(|number| old.get("line") == Some(number));
        match (lines.iter().position(same), line) {
            (Some(at), Value::Object(changes)) => {
                if let Some(Value::Object(old)) = lines.get_mut(at) {
                    old.extend(changes);
                }
            }
            (_, line) => lines.push(line),
        }
    }
    for (number, line) in lines.iter_mut().enumerate() {
        if let Some(line) = line.as_object_mut() {
            line.insert("line".to_owned(), (number + 1).into());
        }
    }
    json!({"items": lines})
}
