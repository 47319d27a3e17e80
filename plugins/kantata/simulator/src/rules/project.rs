//! Workspaces, groups, stories, templates.

use serde_json::{Value, json};

use super::{must_be, set_id};
use crate::account::{At as _, Record, State, id_of, text_of};
use crate::refusal::{Answer, Refused};
use crate::schema::collection;
use crate::seed::STATUSES;

/// Story states for tasks, deliverables and milestones.
const STATES: [&str; 4] = ["not started", "started", "needs info", "completed"];

const STORY_TYPES: [&str; 4] = ["task", "deliverable", "milestone", "issue"];

pub fn new_workspace(state: &State, mut fields: Record) -> Answer<Record> {
    if !["maven", "buyer"].contains(&text_of(fields.at("creator_role")).as_str()) {
        return Err(Refused::validation("creator_role", "Please select a role for this project"));
    }
    fields.remove("creator_role");
    let currency = fields.get("currency").map_or_else(|| "USD".to_owned(), text_of);
    let Some(base) = base_unit(&currency) else {
        return Err(Refused::validation("currency", format!("{currency} is not a supported currency")));
    };
    fields.insert("currency".into(), currency.into());
    fields.insert("currency_base_unit".into(), base.into());
    for (field, default) in [("budgeted", json!(false)), ("time_trackable", json!(true)), ("archived", json!(false))] {
        fields.entry(field).or_insert(default);
    }
    fields.entry("status_key").or_insert(json!(STATUSES[0].0));
    fields.entry("price").or_insert(Value::Null);
    must_be(state, &fields, "project_tracker_template_id", "project_templates", "Project template does not exist")?;
    let fields = workspace(state, fields, base)?;
    Ok(fields)
}

pub fn change_workspace(state: &State, id: u64, fields: Record) -> Answer<Record> {
    let base = state.record("workspaces", id).and_then(|w| w.at("currency_base_unit").as_i64()).unwrap_or(100);
    workspace(state, fields, base)
}

/// What creation and change have in common.
fn workspace(state: &State, mut fields: Record, base: i64) -> Answer<Record> {
    if let Some(key) = fields.remove("status_key") {
        let wanted = id_of(&key);
        let status = STATUSES.iter().find(|(key, _, _)| Some(*key) == wanted);
        let (key, message, color) =
            status.ok_or_else(|| Refused::validation("status_key", "Status key is not a status of this account"))?;
        fields.insert("status".into(), json!({"key": key.to_string(), "message": message, "color": color}));
    }
    if let Some(price) = fields.remove("price") {
        let cents = match &price {
            Value::Null => Value::Null,
            price => minor_units(&text_of(price), base)
                .ok_or_else(|| Refused::validation("price", "Price is not a number"))?
                .into(),
        };
        fields.insert("price_in_cents".into(), cents);
    }
    if let Some(margin) = fields.get_mut("target_margin") {
        let number: Option<serde_json::Number> = serde_json::from_str(&text_of(margin)).ok();
        *margin = number
            .map(Value::Number)
            .ok_or_else(|| Refused::validation("target_margin", "Target margin is not a number"))?;
    }
    if fields.contains_key("primary_workspace_group_id") {
        let group = must_be(state, &fields, "primary_workspace_group_id", "workspace_groups", "Group does not exist")?;
        set_id(&mut fields, "primary_workspace_group_id", group);
    }
    if let Some(Value::Array(groups)) = fields.get_mut("workspace_group_ids") {
        for group in groups.iter_mut() {
            let id = id_of(group).filter(|id| state.record("workspace_groups", *id).is_some());
            *group = id
                .ok_or_else(|| Refused::validation("workspace_group_ids", "Group does not exist"))?
                .to_string()
                .into();
        }
    }
    Ok(fields)
}

/// Minor units in one unit, for the currencies this simulator knows.
fn base_unit(currency: &str) -> Option<i64> {
    match currency {
        "JPY" | "KRW" => Some(1),
        "KWD" | "BHD" | "TND" => Some(1_000),
        "EUR" | "USD" | "GBP" | "CHF" | "SEK" | "PLN" => Some(100),
        _ => None,
    }
}

/// A decimal number in minor units, digit by digit.
fn minor_units(text: &str, base: i64) -> Option<i64> {
    let places = match base {
        1 => 0,
        1_000 => 3,
        _ => 2,
    };
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let (kept, rest) = fraction.split_at_checked(places).unwrap_or((fraction, ""));
    if rest.chars().any(|digit| digit != '0') {
        return None;
    }
    let padded = format!("{whole}{kept:0<places$}");
    padded.parse().ok()
}

/// Group names are unique, whatever their case.
pub fn group(state: &State, own: Option<u64>, mut fields: Record) -> Answer<Record> {
    if let Some(name) = fields.get("name").map(text_of) {
        let taken = state
            .table("workspace_groups")
            .any(|(id, row)| Some(id) != own && text_of(row.at("name")).trim().eq_ignore_ascii_case(name.trim()));
        if taken {
            return Err(Refused::validation("name", "Name has already been taken"));
        }
    }
    if own.is_none() {
        fields.entry("company").or_insert(json!(false));
    }
    Ok(fields)
}

pub fn new_story(state: &State, mut fields: Record) -> Answer<Record> {
    let workspace = must_be(state, &fields, "workspace_id", "workspaces", "Workspace does not exist")?;
    set_id(&mut fields, "workspace_id", workspace);
    let kind = fields.get("story_type").map_or_else(|| "task".to_owned(), text_of);
    if !STORY_TYPES.contains(&kind.as_str()) {
        return Err(Refused::validation("story_type", "Story type is not included in the list"));
    }
    fields.insert("story_type".into(), kind.into());
    fields.entry("state").or_insert(json!("not started"));
    for (field, default) in [("billable", true), ("fixed_fee", false), ("archived", false), ("time_trackable", true)] {
        fields.entry(field).or_insert(default.into());
    }
    let mut fields = story(state, workspace, fields)?;
    // A story shows these always, empty or not.
    for field in ["due_date", "budget_estimate_in_cents", "deleted_at"] {
        fields.entry(field).or_insert(Value::Null);
    }
    Ok(fields)
}

pub fn change_story(state: &State, id: u64, fields: Record) -> Answer<Record> {
    let workspace = state.record("stories", id).and_then(|story| id_of(story.at("workspace_id")));
    story(state, workspace, fields)
}

/// What creation and change have in common.
fn story(state: &State, workspace: Option<u64>, mut fields: Record) -> Answer<Record> {
    if let Some(word) = fields.get("state").map(text_of) {
        if !STATES.contains(&word.as_str()) {
            return Err(Refused::validation("state", "State is not included in the list"));
        }
        if word == "completed" {
            fields.insert("_completed_before".into(), true.into());
        }
    }
    let budgeted = workspace.and_then(|id| state.record("workspaces", id)).is_some_and(|w| w.at("budgeted") == true);
    let guarded = ["budget_estimate_in_cents", "time_estimate_in_minutes", "fixed_fee"];
    if let Some(field) =
        guarded.into_iter().find(|field| !budgeted && fields.get(*field).is_some_and(|v| !v.is_null() && *v != false))
    {
        return Err(Refused::validation(field, format!("{field} can only be set in a budgeted project")));
    }
    Ok(fields)
}

/// A template's stories come with the workspace.
pub fn apply_template(state: &mut State, id: u64) -> Answer<()> {
    let workspace = state.record("workspaces", id).cloned().unwrap_or_default();
    let stories = state
        .linked("project_templates", &workspace, "project_tracker_template_id")
        .and_then(|template| serde_json::from_str::<Vec<Value>>(template.at("raw_json").as_str()?).ok())
        .unwrap_or_default();
    let Some(table) = collection("stories") else { return Ok(()) };
    for story in stories {
        let fields = json!({
            "workspace_id": id,
            "title": story.at("title"),
            "story_type": story.at("story_type"),
            "description": story.at("description"),
        });
        state.create(table, fields.as_object().cloned().unwrap_or_default())?;
    }
    Ok(())
}
