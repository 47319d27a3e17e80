//! Seats, allocations, task assignments, memberships, time.

use serde_json::{Value, json};

use super::{must_be, set_id};
use crate::account::{At as _, Record, State, id_of, text_of};
use crate::refusal::{Answer, Refused};
use crate::schema::collection;

pub fn new_seat(state: &State, mut fields: Record) -> Answer<Record> {
    let workspace = must_be(state, &fields, "workspace_id", "workspaces", "Workspace does not exist")?;
    fields.insert("workspace_id".into(), workspace.map_or(Value::Null, Value::from));
    let user = must_be(state, &fields, "user_id", "users", "User does not exist")?;
    let role = must_be(state, &fields, "role_id", "roles", "Role does not exist")?;
    if user.is_none() && role.is_none() {
        return Err(Refused::validation("role_id", "Role can't be blank for an unnamed resource"));
    }
    let own_role = user.and_then(|id| state.record("users", id)).and_then(|user| id_of(user.at("_default_role_id")));
    let role = role.or(own_role);
    set_id(&mut fields, "user_id", user);
    set_id(&mut fields, "role_id", role);
    let name = |plural: &str, id: Option<u64>, field: &str| {
        id.and_then(|id| state.record(plural, id)).map_or(Value::Null, |record| record.at(field).clone())
    };
    fields.insert("full_name".into(), name("users", user, "full_name"));
    fields.insert("role_name".into(), name("roles", role, "name"));
    fields.insert("label".into(), name("roles", role, "name"));
    Ok(fields)
}

/// A named seat makes its person a member of the project, at the role's rate.
pub fn join_project(state: &mut State, seat: u64) {
    let Some(record) = state.record("workspace_resources", seat).cloned() else { return };
    let (Some(workspace), Some(user)) = (id_of(record.at("workspace_id")), id_of(record.at("user_id"))) else { return };
    let member = state
        .table("participations")
        .find(|(_, row)| id_of(row.at("workspace_id")) == Some(workspace) && id_of(row.at("user_id")) == Some(user));
    let member = member.map(|(id, _)| id);
    let Some(table) = collection("participations") else { return };
    let member = member.unwrap_or_else(|| {
        let rate = state
            .linked("roles", &record, "role_id")
            .map_or(Value::Null, |role| role.at("_default_rate_in_cents").clone());
        let fields = json!({
            "workspace_id": workspace.to_string(), "user_id": user.to_string(), "role": "maven",
            "default_rate_in_cents": rate, "rate_in_cents": rate, "is_team_lead": false,
        });
        state.plant(table, seat + 1, fields.as_object().cloned().unwrap_or_default())
    });
    state.patch("workspace_resources", seat, json!({"participation_id": member.to_string()}));
}

pub fn new_allocation(state: &State, mut fields: Record) -> Answer<Record> {
    if let Some(seat) = fields.remove("resource_id") {
        fields.entry("workspace_resource_id").or_insert(seat);
    }
    let words = "Workspace resource does not exist";
    let seat = must_be(state, &fields, "workspace_resource_id", "workspace_resources", words)?;
    let Some(seat) = seat else { return Err(Refused::validation("workspace_resource_id", words)) };
    set_id(&mut fields, "workspace_resource_id", Some(seat));
    let workspace = state.record("workspace_resources", seat).and_then(|seat| id_of(seat.at("workspace_id")));
    set_id(&mut fields, "workspace_id", workspace);
    fields.entry("hard").or_insert(json!(false));
    fields.entry("notes").or_insert(Value::Null);
    let named = state.record("workspace_resources", seat).is_some_and(|seat| !seat.at("user_id").is_null());
    if fields.at("hard") == true && !named {
        return Err(Refused::validation("hard", "An unnamed resource can only be soft allocated"));
    }
    in_order(fields.at("start_date"), fields.at("end_date"))?;
    Ok(fields)
}

pub fn change_allocation(state: &State, id: u64, fields: Record) -> Answer<Record> {
    let empty = Record::new();
    let now = state.record("workspace_allocations", id).unwrap_or(&empty);
    let field = |name: &str| fields.get(name).or_else(|| now.get(name)).cloned().unwrap_or(Value::Null);
    in_order(&field("start_date"), &field("end_date"))?;
    Ok(fields)
}

fn in_order(start: &Value, end: &Value) -> Answer<()> {
    if text_of(end) < text_of(start) {
        return Err(Refused::validation("end_date", "End date must not be before the start date"));
    }
    Ok(())
}

pub fn new_assignment(state: &State, mut fields: Record) -> Answer<Record> {
    let story = must_be(state, &fields, "story_id", "stories", "Story does not exist")?;
    let seat = must_be(state, &fields, "resource_id", "workspace_resources", "Resource does not exist")?;
    let workspace_of = |plural: &str, id: Option<u64>| {
        id.and_then(|id| state.record(plural, id)).and_then(|r| id_of(r.at("workspace_id")))
    };
    if workspace_of("stories", story) != workspace_of("workspace_resources", seat) {
        return Err(Refused::validation("resource_id", "Resource is not in the project of the story"));
    }
    set_id(&mut fields, "story_id", story);
    set_id(&mut fields, "resource_id", seat);
    let assignee = seat
        .and_then(|id| state.record("workspace_resources", id))
        .map_or(Value::Null, |seat| seat.at("user_id").clone());
    fields.insert("assignee_id".into(), assignee);
    fields.insert("current".into(), true.into());
    Ok(fields)
}

pub fn new_time_entry(state: &State, mut fields: Record) -> Answer<Record> {
    let id = must_be(state, &fields, "workspace_id", "workspaces", "Workspace does not exist")?;
    let workspace = id.and_then(|id| state.record("workspaces", id)).cloned().unwrap_or_default();
    if workspace.at("time_trackable") != true || workspace.at("archived") == true {
        return Err(Refused::validation("workspace_id", "Time cannot be tracked against this project"));
    }
    let story = must_be(state, &fields, "story_id", "stories", "Story does not exist")?;
    let user = must_be(state, &fields, "user_id", "users", "User does not exist")?.or(Some(1));
    set_id(&mut fields, "workspace_id", id);
    set_id(&mut fields, "story_id", story);
    set_id(&mut fields, "user_id", user);
    let member = state
        .table("participations")
        .find(|(_, row)| id_of(row.at("workspace_id")) == id && id_of(row.at("user_id")) == user);
    let rate = member.map_or(Value::Null, |(_, row)| row.at("rate_in_cents").clone());
    fields.entry("rate_in_cents").or_insert(rate);
    fields.entry("billable").or_insert(json!(true));
    fields.insert("currency".into(), workspace.at("currency").clone());
    fields.insert("currency_base_unit".into(), workspace.at("currency_base_unit").clone());
    fields.insert("approved".into(), false.into());
    fields.insert("is_invoiced".into(), false.into());
    Ok(fields)
}

pub fn change_time_entry(state: &State, id: u64, fields: Record) -> Answer<Record> {
    match state.record("time_entries", id) {
        Some(entry) if entry.at("is_invoiced") == true => {
            Err(Refused::validation("base", "An invoiced time entry cannot be changed"))
        }
        _ => Ok(fields),
    }
}
