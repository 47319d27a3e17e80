//! What Kantata checks and derives, per collection.

mod project;
mod reference;
mod staffing;

use serde_json::Value;

use crate::account::{At as _, Record, State, id_of, text_of};
use crate::refusal::{Answer, Refused};
use crate::schema::Collection;

/// A creation's fields, checked and completed.
pub fn prepare(state: &State, collection: &Collection, mut fields: Record) -> Answer<Record> {
    normalise(&mut fields)?;
    match collection.plural {
        "workspaces" => project::new_workspace(state, fields),
        "workspace_groups" => project::group(state, None, fields),
        "stories" => project::new_story(state, fields),
        "workspace_resources" => staffing::new_seat(state, fields),
        "workspace_allocations" => staffing::new_allocation(state, fields),
        "assignments" => staffing::new_assignment(state, fields),
        "time_entries" => staffing::new_time_entry(state, fields),
        "external_references" => reference::new_reference(state, fields),
        "custom_field_values" => reference::new_value(state, fields),
        _ => Err(Refused::not_found()),
    }
}

/// A change's fields, checked and completed.
pub fn prepare_change(state: &State, collection: &Collection, id: u64, mut fields: Record) -> Answer<Record> {
    normalise(&mut fields)?;
    match collection.plural {
        "workspaces" => project::change_workspace(state, id, fields),
        "workspace_groups" => project::group(state, Some(id), fields),
        "stories" => project::change_story(state, id, fields),
        "workspace_allocations" => staffing::change_allocation(state, id, fields),
        "time_entries" => staffing::change_time_entry(state, id, fields),
        "external_references" => Ok(reference::synced(state, fields)),
        _ => Ok(fields),
    }
}

/// What a creation brings about beside the record itself.
pub fn created(state: &mut State, collection: &'static Collection, id: u64) -> Answer<()> {
    match collection.plural {
        "workspaces" => project::apply_template(state, id),
        "workspace_resources" => {
            staffing::join_project(state, id);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The record that a creation would only change: a second value of the same field, a second
/// reference under the same service name.
pub fn overrides(state: &State, collection: &Collection, record: &Record) -> Option<u64> {
    let same = match collection.plural {
        "external_references" => "service_name",
        "custom_field_values" => "custom_field_id",
        _ => return None,
    };
    let (subject, id) = state.subject(record)?;
    let found = state.about(collection.plural, subject.subject, id).find(|(_, row)| row.at(same) == record.at(same));
    found.map(|(id, _)| id)
}

/// The part of such a creation that changes the record.
pub fn overriding(record: Record) -> Record {
    let kept = ["value", "status", "external_link", "external_message", "external_status", "locked"];
    record.into_iter().filter(|(name, _)| kept.contains(&name.as_str())).collect()
}

/// The canonical word for a record, for the ledger.
pub fn ledger_kind(state: &State, collection: &Collection, id: u64) -> String {
    let word = match collection.plural {
        "workspaces" => "project",
        "workspace_groups" => "customer",
        "stories" => {
            return state.record("stories", id).map_or_else(String::new, |story| text_of(story.at("story_type")));
        }
        "workspace_allocations" => "assignment",
        "workspace_resources" => "seat",
        "participations" => "rate",
        "assignments" => "task_assignment",
        "external_references" => "reference",
        other => other.trim_end_matches('s'),
    };
    word.to_owned()
}

/// Dates must be dates, counts must be whole numbers: Kantata takes numbers in text as well.
fn normalise(fields: &mut Record) -> Answer<()> {
    for (name, value) in fields.iter_mut() {
        let is_date = name.ends_with("_date") || name == "date_performed";
        if is_date && !value.is_null() && value.as_str().is_none_or(|text| text.parse::<jiff::civil::Date>().is_err()) {
            return Err(Refused::validation(name, format!("{name} is not a valid date")));
        }
        let is_count = name.ends_with("_in_cents") || name.ends_with("_in_minutes") || name == "minutes";
        if is_count && !value.is_null() {
            let whole = value.as_i64().or_else(|| value.as_str()?.parse().ok());
            *value = whole.ok_or_else(|| Refused::validation(name, format!("{name} must be an integer")))?.into();
        }
    }
    Ok(())
}

/// The id in a field, as a record that is there.
fn must_be(state: &State, fields: &Record, field: &str, plural: &str, words: &str) -> Answer<Option<u64>> {
    let Some(value) = fields.get(field).filter(|value| !value.is_null()) else { return Ok(None) };
    let id = id_of(value).filter(|id| state.record(plural, *id).is_some());
    id.map(Some).ok_or_else(|| Refused::validation(field, words))
}

/// Writes an id as Kantata stores it: text.
fn set_id(fields: &mut Record, field: &str, id: Option<u64>) {
    fields.insert(field.into(), id.map_or(Value::Null, |id| id.to_string().into()));
}
