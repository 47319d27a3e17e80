//! Reading and writing the JSON documents that records are.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

/// A JSON object.
pub type Doc = Map<String, Value>;

/// The decimal that a JSON number or text says.
pub fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A decimal as this vendor writes it: a JSON number.
pub fn number(value: Decimal) -> Value {
    let text = value.normalize().to_string();
    serde_json::from_str::<Number>(&text).map_or(Value::String(text), Value::Number)
}

/// A number field; zero when it is empty.
pub fn amount(doc: &Doc, name: &str) -> Decimal {
    doc.get(name).and_then(decimal).unwrap_or_default()
}

/// A text field.
pub fn text<'a>(doc: &'a Doc, name: &str) -> Option<&'a str> {
    doc.get(name).and_then(Value::as_str)
}

/// A date field.
pub fn date(doc: &Doc, name: &str) -> Option<Date> {
    text(doc, name).and_then(|text| text.parse().ok())
}

/// Whether a boolean field is set.
pub fn flag(doc: &Doc, name: &str) -> bool {
    doc.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The internal id in a reference field.
pub fn reference(doc: &Doc, name: &str) -> Option<u64> {
    doc.get(name)?.get("id")?.as_str()?.parse().ok()
}

/// A reference as this vendor writes it.
pub fn refer(id: u64, name: &str) -> Value {
    json!({"id": id.to_string(), "refName": name})
}

/// The lines of a sublist.
pub fn lines<'a>(doc: &'a Doc, name: &str) -> impl Iterator<Item = &'a Doc> + use<'a> {
    let items = doc.get(name).and_then(|list| list.get("items")).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_object)
}

/// The lines of a sublist, to change.
pub fn lines_mut<'a>(doc: &'a mut Doc, name: &str) -> impl Iterator<Item = &'a mut Doc> + use<'a> {
    let items = doc.get_mut(name).and_then(|list| list.get_mut("items")).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}
