//! Assignments: a seat (person and role on a project), the rate billed for the person there, and an
//! allocation that is soft or hard. The allocation is the assignment's record in Kantata; a later,
//! firmer write changes the same one.

use quoin_sdk::jiff::ToSpan as _;
use quoin_sdk::{Assignment, AssignmentStatus, Date, Fault, FaultKind, Item, ObjectKind, Outcome};
use serde_json::{Map, Value, json};

use crate::api::{Api, number};
use crate::map::{self, Fields};
use crate::wire::{Participation, Workspace, WorkspaceAllocation, WorkspaceResource};

const MODEL: &str = "assignment";
const SEAT_MODEL: &str = "assignment_seat";
const TASK_MODEL: &str = "assignment_task";

/// Brings seat, rate and allocation of one assignment to what the item says.
pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    let assignment: Assignment = item.object()?;
    let allocation = allocation(api, item)?;
    if item.delete || ended(assignment.status) {
        return release(api, item, allocation);
    }
    let Some(workspace) = item.external_of(ObjectKind::Project, &assignment.project) else {
        return Ok(Outcome::rejected(item, Fault::missing_reference("/project", ObjectKind::Project)));
    };
    let story = match &assignment.task {
        Some(task) => match item.external_of(ObjectKind::Task, task) {
            Some(story) => Some(story),
            None => return Ok(Outcome::rejected(item, Fault::missing_reference("/task", ObjectKind::Task))),
        },
        None => None,
    };
    let workspace = fetch_workspace(api, workspace)?;
    let (seat, new_seat) = seat(api, item, &assignment, &workspace)?;
    let mut changed = new_seat;
    changed |= set_rate(api, &assignment, &workspace, &seat)?;
    if let Some(story) = story {
        changed |= put_on_story(api, item, story, &seat.resource)?;
    }
    let fields = fields(&assignment, allocation.as_ref())?;
    match allocation {
        None => {
            let id = create(api, item, &assignment, &workspace, &seat.resource, fields)?;
            Ok(Outcome::created(item, id))
        }
        Some(found) if fields.is_empty() && !changed => Ok(Outcome::unchanged(item, found.id)),
        Some(found) => {
            if !fields.is_empty() {
                api.put("workspace_allocations", &found.id, "workspace_allocation", fields)?;
            }
            Ok(Outcome::updated(item, found.id))
        }
    }
}

fn ended(status: AssignmentStatus) -> bool {
    matches!(status, AssignmentStatus::Released | AssignmentStatus::Declined)
}

/// The allocation with our reference.
fn allocation(api: &Api<'_>, item: &Item) -> Result<Option<WorkspaceAllocation>, Fault> {
    let Some(mark) = api.marked_once("WorkspaceAllocation", MODEL, &item.id)? else { return Ok(None) };
    let envelope = api.get("workspace_allocations", &[("only", &mark.subject_id)])?;
    Ok(envelope.ordered("workspace_allocations", &envelope.workspace_allocations).into_iter().next().cloned())
}

/// Ends the allocation. The seat stays: time booked on it belongs to it.
fn release(api: &Api<'_>, item: &Item, found: Option<WorkspaceAllocation>) -> Result<Outcome, Fault> {
    if let Some(found) = found {
        api.delete("workspace_allocations", &found.id)?;
    }
    Ok(Outcome::deleted(item))
}

fn fetch_workspace(api: &Api<'_>, id: &str) -> Result<Workspace, Fault> {
    let envelope = api.get("workspaces", &[("only", id)])?;
    let workspace = envelope.ordered("workspaces", &envelope.workspaces).into_iter().next().cloned();
    workspace.ok_or_else(|| {
        let message = format!("workspace {id} is not there, or archived, or not visible to the token's user");
        Fault::new(FaultKind::NotFound, "WORKSPACE", message).at("/project")
    })
}

/// A seat and the membership that its rate hangs on.
struct Seat {
    resource: WorkspaceResource,
    participation: Option<Participation>,
}

/// The seat with our reference, made when there is none; and whether it was made.
fn seat(api: &Api<'_>, item: &Item, assignment: &Assignment, workspace: &Workspace) -> Result<(Seat, bool), Fault> {
    let person = person(api, &assignment.resource)?;
    if let Some(mark) = api.marked_once("WorkspaceResource", SEAT_MODEL, &item.id)? {
        let query = [("only", mark.subject_id.as_str()), ("include", "user,participation")];
        let envelope = api.get("workspace_resources", &query)?;
        let seat = envelope.ordered("workspace_resources", &envelope.workspace_resources).into_iter().next().cloned();
        if let Some(resource) = seat {
            if resource.user_id.as_deref() != Some(person.as_str()) {
                let message =
                    format!("seat {} of this assignment is another person's; release it and assign anew", resource.id);
                return Err(Fault::new(FaultKind::Conflict, "OTHER_PERSON", message).at("/resource"));
            }
            let participation = participation(&resource, &envelope.participations);
            return Ok((Seat { resource, participation }, false));
        }
    }
    let mut fields = Fields::new();
    fields.insert("workspace_id".into(), number(&workspace.id));
    fields.insert("user_id".into(), number(&person));
    match role(api, &assignment.role)? {
        Some(role) => {
            fields.insert("role_id".into(), number(&role));
        }
        // Kantata then takes the person's own role; the assignment's notes keep the word.
        None => api.warn("Kantata has no role of this name", &[("role", &assignment.role)]),
    }
    fields.insert("external_reference".into(), api.reference(SEAT_MODEL, &item.id, &assignment.role));
    let body = json!({ "workspace_resource": fields });
    let answer = api.post("workspace_resources?include=participation", &body)?;
    let resource = answer.ordered("workspace_resources", &answer.workspace_resources).into_iter().next().cloned();
    let resource =
        resource.ok_or_else(|| Fault::unknown_outcome("Kantata answered the creation of a seat without the seat"))?;
    let participation = participation(&resource, &answer.participations);
    Ok((Seat { resource, participation }, true))
}

fn participation(seat: &WorkspaceResource, all: &crate::wire::ById<Participation>) -> Option<Participation> {
    all.get(seat.participation_id.as_deref()?).cloned()
}

/// The person's id, by e-mail address.
fn person(api: &Api<'_>, email: &str) -> Result<String, Fault> {
    let envelope = api.get("users", &[("by_email_address", email)])?;
    let people = envelope.ordered("users", &envelope.users);
    let same = |found: &Option<String>| found.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(email));
    people.into_iter().find(|user| same(&user.email_address)).map(|user| user.id.clone()).ok_or_else(|| {
        let message = format!("Kantata has no user with the address {email}; invite them to the account first");
        Fault::new(FaultKind::NotFound, "USER", message).at("/resource")
    })
}

fn role(api: &Api<'_>, name: &str) -> Result<Option<String>, Fault> {
    let mut id = None;
    api.each_page("roles", &[], |page| {
        let found = page.roles.into_values().find(|role| role.name.trim().eq_ignore_ascii_case(name.trim()));
        id = id.take().or(found.map(|role| role.id));
    })?;
    Ok(id)
}

/// Kantata bills a person on a project at the rate of their membership.
fn set_rate(api: &Api<'_>, assignment: &Assignment, workspace: &Workspace, seat: &Seat) -> Result<bool, Fault> {
    let Some(rate) = assignment.bill_rate else { return Ok(false) };
    if workspace.currency.as_deref() != Some(rate.currency.code()) {
        let message = format!(
            "the rate is in {}, workspace {} in {}",
            rate.currency,
            workspace.id,
            workspace.currency.as_deref().unwrap_or("an unknown currency")
        );
        return Err(Fault::invalid("/bill_rate/currency", message));
    }
    let cents = map::subunits(rate.amount, map::base_unit(workspace)?, "/bill_rate")?;
    let Some(participation) = &seat.participation else {
        let message = format!("seat {} has no participation to set the rate on yet", seat.resource.id);
        return Err(Fault::new(FaultKind::Transient, "NO_PARTICIPATION", message));
    };
    if participation.rate_in_cents == Some(cents) {
        return Ok(false);
    }
    let fields = Map::from_iter([("rate_in_cents".to_owned(), Value::from(cents))]);
    api.put("participations", &participation.id, "participation", fields)?;
    Ok(true)
}

/// Puts the seat on the task's story, once.
fn put_on_story(api: &Api<'_>, item: &Item, story: &str, seat: &WorkspaceResource) -> Result<bool, Fault> {
    if api.marked_once("Assignment", TASK_MODEL, &item.id)?.is_some() {
        return Ok(false);
    }
    let reference = api.reference(TASK_MODEL, &item.id, "");
    let fields = json!({
        "story_id": number(story),
        "resource_id": number(&seat.id),
        "external_reference": reference,
    });
    api.post("assignments", &json!({ "assignment": fields }))?;
    Ok(true)
}

/// Fields of the allocation that differ.
fn fields(assignment: &Assignment, found: Option<&WorkspaceAllocation>) -> Result<Fields, Fault> {
    let mut fields = Fields::new();
    let hard = assignment.status == AssignmentStatus::Hard;
    if found.is_none_or(|found| found.hard != hard) {
        fields.insert("hard".into(), hard.into());
    }
    // Without planned hours nobody's time is set aside, but the assignment is there to be seen.
    let minutes = assignment.hours.map_or(Ok(0), |hours| map::minutes(hours, "/hours"))?;
    if found.is_none_or(|found| found.minutes != minutes) {
        fields.insert("minutes".into(), minutes.into());
    }
    let notes = notes(assignment);
    if found.is_none_or(|found| found.notes.as_deref() != Some(notes.as_str())) {
        fields.insert("notes".into(), notes.into());
    }
    Ok(fields)
}

/// `Senior, EUR 195.00 per hour (contract_line:L1:role:Senior)`: where the rate comes from stays visible.
fn notes(assignment: &Assignment) -> String {
    let mut notes = assignment.role.clone();
    if let Some(rate) = &assignment.bill_rate {
        notes.push_str(&format!(", {rate} per hour"));
    }
    if let Some(source) = &assignment.rate_source {
        notes.push_str(&format!(" ({source})"));
    }
    notes
}

fn create(
    api: &Api<'_>,
    item: &Item,
    assignment: &Assignment,
    workspace: &Workspace,
    seat: &WorkspaceResource,
    mut fields: Fields,
) -> Result<String, Fault> {
    let (start, end) = span(api, workspace);
    fields.insert("workspace_resource_id".into(), number(&seat.id));
    fields.insert("start_date".into(), start.to_string().into());
    fields.insert("end_date".into(), end.to_string().into());
    fields.insert("external_reference".into(), api.reference(MODEL, &item.id, &assignment.role));
    let answer = api.post("workspace_allocations", &json!({ "workspace_allocation": fields }))?;
    let rows = answer.ordered("workspace_allocations", &answer.workspace_allocations);
    rows.first()
        .map(|row| row.id.clone())
        .ok_or_else(|| Fault::unknown_outcome("Kantata answered the creation of an allocation without the allocation"))
}

/// An allocation needs dates: the project's, or a configured number of days from its start.
fn span(api: &Api<'_>, workspace: &Workspace) -> (Date, Date) {
    let today = api.host.now().to_zoned(quoin_sdk::jiff::tz::TimeZone::UTC).date();
    let start = workspace.start_date.unwrap_or(today);
    let after = start.saturating_add(api.config.allocation_days.max(1).days());
    (start, workspace.due_date.filter(|due| *due > start).unwrap_or(after))
}
