//! What the account lets pass: mandatory fields, sums, periods, and what it computes itself.

mod documents;
mod entities;
mod lines;

use jiff::Timestamp;
use serde_json::Value;

use crate::account::{Account, Record};
use crate::doc::Doc;
use crate::refusal::Refusal;
use crate::schema::{Field, Kind, RecordType};

/// Checks a record as it would be, and fills in what the account computes.
///
/// # Errors
/// The vendor's refusal.
pub fn check(
    account: &Account,
    record_type: &RecordType,
    old: Option<&Record>,
    fields: &mut Doc,
    now: Timestamp,
) -> Result<(), Refusal> {
    mandatory(record_type.fields, fields, "")?;
    match record_type.name {
        "customer" => entities::customer(account, old, fields),
        "job" => entities::job(account, old, fields),
        "billingSchedule" => entities::schedule(fields),
        "salesOrder" => documents::sales_order(account, fields, now),
        "invoice" => documents::invoice(account, old, fields, now),
        "creditMemo" => documents::credit_memo(account, old, fields, now),
        "customerPayment" => documents::payment(account, old, fields, now),
        _ => Ok(()),
    }
}

fn mandatory(fields: &[Field], doc: &Doc, above: &str) -> Result<(), Refusal> {
    for field in fields {
        let path = format!("{above}{}", field.name);
        let value = doc.get(field.name);
        let empty = match value {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(other) => other.get("items").and_then(Value::as_array).is_some_and(Vec::is_empty),
        };
        if let (Some(label), true) = (field.required, empty) {
            return Err(Refusal::user_error(format!("Please enter value(s) for: {label}")).at_path(path));
        }
        if let (Kind::Sublist(columns), Some(items)) = (field.kind, value.and_then(|list| list.get("items"))) {
            for (number, line) in items.as_array().into_iter().flatten().enumerate() {
                if let Some(line) = line.as_object() {
                    mandatory(columns, line, &format!("{path}.items[{number}]."))?;
                }
            }
        }
    }
    Ok(())
}
