//! Reading: filters, order, pages, and the envelope with its side-loaded maps.

use std::collections::BTreeMap;

use quoin_simulator::Timestamp;
use serde_json::{Map, Value, json};

use crate::account::{At as _, Record, State, id_of, text_of};
use crate::refusal::{Answer, Refused};
use crate::schema::{COMMON_FILTERS, Collection, collection};

/// Kantata's largest page.
const MAX_PER_PAGE: u64 = 200;

/// Query parameters.
pub type Query = BTreeMap<String, String>;

/// One list.
pub fn list(state: &State, of: &'static Collection, query: &Query) -> Answer<Value> {
    check_names(of, query)?;
    let required = matches!(of.plural, "external_references" | "custom_field_values");
    if required && !query.contains_key("subject_type") {
        return Err(Refused::bad_request("subject_type is required"));
    }
    let mut ids = Vec::new();
    for id in state.candidates(of, query) {
        let Some(record) = state.record(of.plural, id) else { continue };
        if matches(state, of, id, record, query)? {
            ids.push(id);
        }
    }
    sort(state, of, &mut ids, query.get("order").map_or(of.order, String::as_str))?;
    let total = ids.len() as u64;
    let (skip, take, page) = window(query)?;
    let shown: Vec<u64> = ids
        .into_iter()
        .skip(usize::try_from(skip).unwrap_or(usize::MAX))
        .take(usize::try_from(take).unwrap_or(0))
        .collect();
    let meta =
        json!({"count": total, "page_count": total.div_ceil(take.max(1)), "page_number": page, "page_size": take});
    envelope(state, of, &shown, query, total, meta)
}

/// One record, by path.
pub fn show(state: &State, of: &'static Collection, id: u64, query: &Query) -> Answer<Value> {
    let visible = match state.record(of.plural, id) {
        Some(record) => matches(state, of, id, record, query)?,
        None => false,
    };
    if !visible {
        return Err(Refused::not_found());
    }
    written(state, of, &[id], query)
}

/// Records that were just written, or asked for by path.
pub fn written(state: &State, of: &'static Collection, ids: &[u64], query: &Query) -> Answer<Value> {
    let count = ids.len() as u64;
    let meta = json!({"count": count, "page_count": 1, "page_number": 1, "page_size": count});
    envelope(state, of, ids, query, count, meta)
}

fn check_names(of: &Collection, query: &Query) -> Answer<()> {
    let known = |name: &str| COMMON_FILTERS.contains(&name) || of.filters.contains(&name);
    match query.keys().find(|name| !known(name)) {
        Some(name) => Err(Refused::bad_request(format!("Unknown filter '{name}' for {}", of.plural))),
        None => Ok(()),
    }
}

fn number(query: &Query, name: &str, default: u64) -> Answer<u64> {
    match query.get(name) {
        Some(text) => text.parse().map_err(|_| Refused::bad_request(format!("{name} must be an integer"))),
        None => Ok(default),
    }
}

/// Rows to skip and take, and the page's number. A larger page than 200 is cut to 200 without a word.
fn window(query: &Query) -> Answer<(u64, u64, u64)> {
    if query.contains_key("limit") && query.contains_key("offset") {
        let take = number(query, "limit", 20)?.clamp(1, MAX_PER_PAGE);
        let skip = number(query, "offset", 0)?;
        return Ok((skip, take, skip / take + 1));
    }
    let take = number(query, "per_page", 20)?.clamp(1, MAX_PER_PAGE);
    let page = number(query, "page", 1)?.max(1);
    Ok(((page - 1).saturating_mul(take), take, page))
}

fn sort(state: &State, of: &Collection, ids: &mut [u64], order: &str) -> Answer<()> {
    let (field, direction) = order.split_once(':').unwrap_or((order, "asc"));
    if !["asc", "desc"].contains(&direction.to_ascii_lowercase().as_str()) {
        return Err(Refused::bad_request(format!("'{order}' is not a valid order")));
    }
    let key =
        |id: &u64| state.record(of.plural, *id).and_then(|record| record.get(field)).map(text_of).unwrap_or_default();
    // Records with equal keys come in no order that a client could rely on: highest id first here.
    ids.sort_by(|a, b| key(a).cmp(&key(b)).then(b.cmp(a)));
    if field == "id" {
        ids.sort_unstable();
    }
    if direction.eq_ignore_ascii_case("desc") {
        ids.reverse();
    }
    Ok(())
}

fn matches(state: &State, of: &'static Collection, id: u64, record: &Record, query: &Query) -> Answer<bool> {
    if !hidden_ones_asked_for(state, of, record, query) {
        return Ok(false);
    }
    for (name, wanted) in query {
        if !matches_one(state, of, id, record, name, wanted)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Default filters: archived and deleted records are not listed unless asked for.
fn hidden_ones_asked_for(state: &State, of: &Collection, record: &Record, query: &Query) -> bool {
    let asked = |name: &str| query.get(name).is_some_and(|value| value == "true");
    let archived = record.get("archived") == Some(&Value::Bool(true));
    match of.plural {
        "workspaces" => match query.get("archived").map(String::as_str) {
            Some("include") => true,
            Some("only") => archived,
            _ => !archived,
        },
        "stories" => {
            let deleted = record.get("deleted_at").is_some_and(|at| !at.is_null());
            let project_archived =
                state.linked("workspaces", record, "workspace_id").is_some_and(|w| w.at("archived") == true);
            (!archived || asked("show_archived") || asked("only_archived"))
                && (!deleted || asked("show_deleted") || asked("only_deleted"))
                && (archived || !asked("only_archived"))
                && (deleted || !asked("only_deleted"))
                && !project_archived
        }
        _ => true,
    }
}

fn matches_one(
    state: &State,
    of: &'static Collection,
    id: u64,
    record: &Record,
    name: &str,
    wanted: &str,
) -> Answer<bool> {
    let text = |field: &str| record.get(field).map(text_of).unwrap_or_default();
    let within = |field: &str| wanted.split(',').any(|value| value.trim() == text(field));
    Ok(match name {
        "only" => wanted.split(',').any(|value| value.trim().parse() == Ok(id)),
        "created_after" | "updated_after" | "last_synced_after" => moment(record, name)? > asked_moment(name, wanted)?,
        "created_before" | "updated_before" | "last_synced_before" => {
            moment(record, name)? < asked_moment(name, wanted)?
        }
        "search" | "matching" => {
            let words = ["title", "name", "full_name"].map(text).join(" ").to_lowercase();
            words.contains(&wanted.trim().to_lowercase())
        }
        "story_types" => within("story_type"),
        "with_projects" => within("workspace_id"),
        "with_parent_id" => text("parent_id") == wanted,
        "with_subject_id" => text("subject_id") == wanted,
        "by_email_address" => text("email_address").eq_ignore_ascii_case(wanted),
        "companies_only" => wanted != "true" || record.get("company") == Some(&Value::Bool(true)),
        "uncompleted" => wanted != "true" || text("state") != "completed",
        "without_past_completed" => wanted != "true" || record.get("_completed_before") != Some(&Value::Bool(true)),
        "workspace_groups" | "with_primary_workspace_group" => text("primary_workspace_group_id") == wanted,
        "date_performed_between" => {
            let (from, to) = wanted.split_once(':').ok_or_else(|| Refused::bad_request("give from:to"))?;
            (from..=to).contains(&text("date_performed").as_str())
        }
        "by_custom_text_value" => by_custom_text(state, of, id, wanted)?,
        "has_external_references" => state.references_of(of, id).next().is_some() == (wanted == "true"),
        "without_external_reference_service_name" => {
            !state.references_of(of, id).any(|(_, row)| row.at("service_name") == wanted)
        }
        "workspace_id"
        | "user_id"
        | "story_id"
        | "workspace_resource_id"
        | "subject_type"
        | "subject_id"
        | "service_name"
        | "service_model"
        | "service_model_ref"
        | "status"
        | "external_status"
        | "external_message"
        | "story_type" => text(name) == wanted,
        _ => match name.strip_prefix("external_reference_") {
            Some("service_model_refs") => {
                let refs: Vec<&str> = wanted.split(',').map(str::trim).collect();
                state
                    .references_of(of, id)
                    .any(|(_, row)| refs.contains(&text_of(row.at("service_model_ref")).as_str()))
            }
            Some(field) => {
                state.references_of(of, id).any(|(_, row)| row.get(field).is_some_and(|value| text_of(value) == wanted))
            }
            None => true,
        },
    })
}

fn moment(record: &Record, filter: &str) -> Answer<Timestamp> {
    let field = match filter.split_once('_').map(|(field, _)| field) {
        Some("created") => "created_at",
        Some("updated") => "updated_at",
        _ => "last_synced_at",
    };
    let stamp = record.get(field).and_then(Value::as_str).and_then(|text| text.parse().ok());
    Ok(stamp.unwrap_or(Timestamp::MIN))
}

fn asked_moment(name: &str, text: &str) -> Answer<Timestamp> {
    text.parse().map_err(|_| Refused::bad_request(format!("{name} must be an ISO 8601 datetime")))
}

/// `(id:value):(id:value)` or `id:value`; several values of one field mean any of them.
fn by_custom_text(state: &State, of: &'static Collection, id: u64, wanted: &str) -> Answer<bool> {
    let mut by_field: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for part in wanted.split("):(") {
        let part = part.trim_start_matches('(').trim_end_matches(')');
        let (field, value) = part.split_once(':').unwrap_or((part, ""));
        let field =
            field.trim().parse().map_err(|_| Refused::bad_request("by_custom_text_value needs a custom field id"))?;
        by_field.entry(field).or_default().push(value);
    }
    Ok(by_field.iter().all(|(field, values)| {
        state.values_of(of, id).any(|(_, row)| {
            id_of(row.at("custom_field_id")) == Some(*field)
                && (values == &[""] || values.contains(&text_of(row.at("value")).as_str()))
        })
    }))
}

fn envelope(
    state: &State,
    of: &'static Collection,
    ids: &[u64],
    query: &Query,
    count: u64,
    meta: Value,
) -> Answer<Value> {
    let asked: Vec<&str> =
        query.get("include").map(|names| names.split(',').map(str::trim).collect()).unwrap_or_default();
    if let Some(unknown) = asked.iter().find(|name| !of.includes.iter().any(|include| include.name == **name)) {
        return Err(Refused::bad_request(format!("'{unknown}' is not an association of {}", of.plural)));
    }
    let mut maps: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    maps.entry(of.plural).or_default();
    for id in ids {
        let mut shown = shown(state, of, *id, query);
        for include in of.includes {
            if !asked.contains(&include.name) {
                shown.remove(include.field);
                continue;
            }
            let linked = linked(state, of, *id, &shown, include.name, include.field, include.target);
            if include.field.ends_with("_ids") {
                let ids = linked.iter().map(|(_, id)| Value::from(id.to_string())).collect();
                shown.insert(include.field.into(), Value::Array(ids));
            }
            for (target, id) in linked {
                let side = collection(target).map(|target| plain(state, target, id)).unwrap_or_default();
                maps.entry(target).or_default().insert(id.to_string(), Value::Object(side));
            }
        }
        maps.entry(of.plural).or_default().insert(id.to_string(), Value::Object(shown));
    }
    let results: Vec<Value> = ids.iter().map(|id| json!({"key": of.plural, "id": id.to_string()})).collect();
    let mut answer = json!({"count": count, "results": results, "meta": meta});
    for (plural, map) in maps {
        answer[plural] = Value::Object(map);
    }
    Ok(answer)
}

fn shown(state: &State, of: &Collection, id: u64, query: &Query) -> Record {
    let optional: Vec<&str> = query.get("optional_fields").map(|names| names.split(',').collect()).unwrap_or_default();
    let mut record = state.record(of.plural, id).cloned().unwrap_or_default();
    record.retain(|name, _| {
        !name.starts_with('_') && (!of.optional.contains(&name.as_str()) || optional.contains(&name.as_str()))
    });
    if of.plural == "external_references"
        && let Some((subject, id)) = state.subject(&record)
    {
        record.insert("subject_ref".into(), json!({"key": subject.plural, "id": id.to_string()}));
    }
    record
}

/// A side-loaded record: without its own associations, references and values excepted in that they
/// carry their subject.
fn plain(state: &State, of: &Collection, id: u64) -> Record {
    let mut record = shown(state, of, id, &Query::new());
    for include in of.includes {
        record.remove(include.field);
    }
    record
}

fn linked(
    state: &State,
    of: &'static Collection,
    id: u64,
    record: &Record,
    name: &str,
    field: &str,
    target: &'static str,
) -> Vec<(&'static str, u64)> {
    match name {
        "external_references" => state.references_of(of, id).map(|(id, _)| (target, id)).collect(),
        "custom_field_values" => state.values_of(of, id).map(|(id, _)| (target, id)).collect(),
        "subject" => state.subject(record).map(|(subject, id)| (subject.plural, id)).into_iter().collect(),
        _ => match record.get(field) {
            Some(Value::Array(ids)) => ids.iter().filter_map(id_of).map(|id| (target, id)).collect(),
            Some(value) => id_of(value).map(|id| (target, id)).into_iter().collect(),
            None => Vec::new(),
        },
    }
}
