//! External references and custom field values: both belong to a subject.

use serde_json::{Value, json};

use super::set_id;
use crate::account::{At as _, Record, State, id_of, stamp, text_of};
use crate::refusal::{Answer, Refused};

pub fn new_reference(state: &State, mut fields: Record) -> Answer<Record> {
    subject(state, &mut fields)?;
    for field in ["service_name", "service_model", "service_model_ref"] {
        let text = text_of(fields.at(field));
        fields.insert(field.into(), text.into());
    }
    for field in ["external_message", "external_status", "external_link"] {
        fields.entry(field).or_insert(Value::Null);
    }
    fields.entry("status").or_insert(json!("successful"));
    Ok(synced(state, fields))
}

/// Every write of a reference is a sync.
pub fn synced(state: &State, mut fields: Record) -> Record {
    fields.insert("last_synced_at".into(), stamp(state.now()).into());
    fields
}

pub fn new_value(state: &State, mut fields: Record) -> Answer<Record> {
    let (kind, _) = subject(state, &mut fields)?;
    let field = id_of(fields.at("custom_field_id")).and_then(|id| Some((id, state.record("custom_fields", id)?)));
    let Some((id, field)) = field.filter(|(_, field)| field.at("subject_type") == kind.as_str()) else {
        return Err(Refused::validation("custom_field_id", format!("There is no such custom field for {kind}")));
    };
    let value = fields.get("value").cloned().unwrap_or(Value::Null);
    if field.at("value_type") == "date" && text_of(&value).parse::<jiff::civil::Date>().is_err() {
        return Err(Refused::validation("value", "Value is not a valid date"));
    }
    fields.insert("custom_field_name".into(), field.at("name").clone());
    fields.insert("type".into(), field.at("value_type").clone());
    fields.insert("display_value".into(), text_of(&value).into());
    fields.insert("value".into(), value);
    set_id(&mut fields, "custom_field_id", Some(id));
    Ok(fields)
}

/// The subject must be there; its id is stored as text.
fn subject(state: &State, fields: &mut Record) -> Answer<(String, u64)> {
    let Some((collection, id)) = state.subject(fields) else {
        return Err(Refused::validation("subject_id", "Subject does not exist"));
    };
    set_id(fields, "subject_id", Some(id));
    Ok((collection.subject.to_owned(), id))
}
