//! Projects: a workspace, a story per task, a milestone story per milestone. Each carries its
//! canonical id as external reference, so that a write that stopped in the middle goes on where it
//! stopped and creates nothing twice.

use std::collections::BTreeMap;

use quoin_sdk::{Fault, FaultKind, Id, Item, ObjectKind, Outcome, Project, ProjectStatus};
use serde_json::{Map, Value, json};

use crate::api::{Api, number};
use crate::map::{self, Fields, ProjectTargets};
use crate::wire::{ExternalReference, Story, Workspace};

const MODEL: &str = "project";

/// Stories created in one request. Kantata takes 300; fewer keep each request short of the three
/// minutes after which Kantata gives up.
const BULK_STORIES: usize = 100;

/// References written: what kind, which of ours, its vendor id.
type Written = Vec<(ObjectKind, Id, String)>;
/// Stories by the canonical id in their reference.
type Stories = BTreeMap<String, Story>;

/// Brings workspace and stories of one project to what the item says.
pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    let project: Project = item.object()?;
    let found = find(api, item)?;
    if item.delete {
        return close(api, item, found.map(|(workspace, _)| workspace));
    }
    let Some(group) = item.external_of(ObjectKind::Customer, &project.customer) else {
        return Ok(Outcome::rejected(item, Fault::missing_reference("/customer", ObjectKind::Customer)));
    };
    let template = match &found {
        Some(_) => None, // a template is applied once, at creation
        None => template(api, &project)?,
    };
    let targets = ProjectTargets {
        group,
        status_key: api.config.status_keys.get(status_word(project.status)).map(String::as_str),
        template: template.as_deref(),
    };
    let fields = map::project(&project, &targets, found.as_ref().map(|(workspace, _)| workspace))?;
    let created = found.is_none();
    let (workspace, marked) = match found {
        Some(found) => found,
        None => create(api, item, &project, fields.clone())?,
    };
    let mut changed = created;
    if !created && !fields.is_empty() {
        api.put("workspaces", &workspace.id, "workspace", fields)?;
        changed = true;
    }
    if marked.external_status.as_deref() != Some(status_word(project.status)) {
        mark(api, item, &project, &workspace.id)?;
        changed = true;
    }
    let (stories, more_changed) = write_stories(api, &project, &workspace)?;
    let outcome = match (created, changed || more_changed) {
        (true, _) => Outcome::created(item, &workspace.id),
        (false, true) => Outcome::updated(item, &workspace.id),
        (false, false) => Outcome::unchanged(item, &workspace.id),
    };
    Ok(stories.into_iter().fold(outcome, |outcome, (kind, id, story)| outcome.reference(kind, id, story)))
}

/// The workspace by its known id or by our reference, with that reference.
fn find(api: &Api<'_>, item: &Item) -> Result<Option<(Workspace, ExternalReference)>, Fault> {
    let mark = api.marked_once("Workspace", MODEL, &item.id)?;
    let known = item.external.as_deref();
    if let (Some(mark), Some(known)) = (&mark, known)
        && mark.subject_id != known
    {
        let message =
            format!("the project is known as workspace {known}, but {} carries its reference", mark.subject_id);
        return Err(Fault::new(FaultKind::Conflict, "TWO_WORKSPACES", message));
    }
    let Some(id) = mark.as_ref().map(|mark| mark.subject_id.as_str()).or(known) else { return Ok(None) };
    let query = [("only", id), ("include", "primary_workspace_group"), ("archived", "include")];
    let envelope = api.get("workspaces", &query)?;
    let workspace = envelope.ordered("workspaces", &envelope.workspaces).into_iter().next().cloned();
    Ok(workspace.map(|workspace| (workspace, mark.unwrap_or_default())))
}

fn create(
    api: &Api<'_>,
    item: &Item,
    project: &Project,
    mut fields: Fields,
) -> Result<(Workspace, ExternalReference), Fault> {
    let status = status_word(project.status);
    let mut reference = api.reference(MODEL, &item.id, &project.code);
    reference["external_status"] = status.into();
    fields.insert("external_reference".into(), reference);
    let answer = api.post("workspaces", &json!({ "workspace": fields }))?;
    let workspace = answer.ordered("workspaces", &answer.workspaces).into_iter().next().cloned();
    let workspace = workspace
        .ok_or_else(|| Fault::unknown_outcome("Kantata answered the creation of a workspace without the workspace"))?;
    Ok((workspace, ExternalReference { external_status: Some(status.into()), ..ExternalReference::default() }))
}

/// The reference shows the project's status in Kantata, whatever status keys are configured.
fn mark(api: &Api<'_>, item: &Item, project: &Project, workspace: &str) -> Result<(), Fault> {
    let extra = [("external_status", status_word(project.status)), ("external_message", project.code.as_str())];
    api.mark(("Workspace", workspace), &api.config.service_name, (MODEL, &item.id), &extra)
}

/// Archives: Kantata has no way back from a deletion, and time may have been booked.
fn close(api: &Api<'_>, item: &Item, found: Option<Workspace>) -> Result<Outcome, Fault> {
    let Some(workspace) = found else { return Ok(Outcome::deleted(item)) };
    if !workspace.archived || workspace.time_trackable != Some(false) {
        let fields = Map::from_iter([
            ("archived".to_owned(), Value::from(true)),
            ("time_trackable".to_owned(), Value::from(false)),
        ]);
        api.put("workspaces", &workspace.id, "workspace", fields)?;
    }
    Ok(Outcome::deleted(item))
}

fn template(api: &Api<'_>, project: &Project) -> Result<Option<String>, Fault> {
    let Some(template) = &project.template else { return Ok(None) };
    let title = format!("{} v{}", template.id, template.version);
    if let Some(id) = api.config.templates.get(&title) {
        return Ok(Some(id.clone()));
    }
    let mut ids = Vec::new();
    api.each_page("project_templates", &[], |page| {
        ids.extend(page.project_templates.into_values().filter(|row| row.title.trim() == title).map(|row| row.id));
    })?;
    match ids.as_slice() {
        [id] => Ok(Some(id.clone())),
        [] => {
            let message = format!("Kantata has no project template '{title}'; create it, or map it under 'templates'");
            Err(Fault::new(FaultKind::NotFound, "TEMPLATE", message).at("/template"))
        }
        several => {
            let message = format!("several project templates are called '{title}': {}", several.join(", "));
            Err(Fault::new(FaultKind::Conflict, "TEMPLATE", message).at("/template"))
        }
    }
}

/// A story that the project wants.
struct Wanted<'a> {
    kind: ObjectKind,
    id: &'a Id,
    /// Where it stands in the project, for faults.
    at: String,
    /// `L2/M1`.
    message: String,
}

fn wanted<'a>(kind: ObjectKind, at: String, id: Option<&'a Id>, line: &str, code: &str) -> Result<Wanted<'a>, Fault> {
    let id = id.ok_or_else(|| {
        Fault::invalid(format!("{at}/header/id"), format!("{kind} '{code}' has no canonical id to be found by"))
    })?;
    Ok(Wanted { kind, id, message: map::line_and_code(line, code), at })
}

/// Fields of each wanted story, given the one that is there.
type WantedStories<'a> = Vec<(Wanted<'a>, Fields)>;

fn plan<'a>(project: &'a Project, base: i64, found: &Stories) -> Result<WantedStories<'a>, Fault> {
    let mut all = Vec::with_capacity(project.tasks.len() + project.milestones.len());
    for (index, task) in project.tasks.iter().enumerate() {
        let wanted = wanted(
            ObjectKind::Task,
            format!("/tasks/{index}"),
            task.header.id.as_ref(),
            &task.contract_line,
            &task.code,
        )?;
        let fields = map::task(task, &wanted.at, found.get(wanted.id.as_str()))?;
        all.push((wanted, fields));
    }
    for (index, milestone) in project.milestones.iter().enumerate() {
        let id = milestone.header.id.as_ref();
        let wanted = wanted(
            ObjectKind::Milestone,
            format!("/milestones/{index}"),
            id,
            &milestone.contract_line,
            &milestone.code,
        )?;
        let fields = map::milestone_story(milestone, &wanted.at, base, found.get(wanted.id.as_str()))?;
        all.push((wanted, fields));
    }
    Ok(all)
}

/// Creates the stories that are missing, changes those that differ; says which story stands for
/// which task or milestone, and whether anything was written.
fn write_stories(api: &Api<'_>, project: &Project, workspace: &Workspace) -> Result<(Written, bool), Fault> {
    if project.tasks.is_empty() && project.milestones.is_empty() {
        return Ok((Vec::new(), false));
    }
    let base = match project.milestones.iter().any(|milestone| milestone.amount.is_some()) {
        true => map::base_unit(workspace)?,
        false => 1, // no amount to convert
    };
    let mut found = stories(api, &workspace.id)?;
    let plan = plan(project, base, &found)?;
    let mut changed = false;
    for (wanted, fields) in plan.iter().filter(|(_, fields)| !fields.is_empty()) {
        if let Some(story) = found.get(wanted.id.as_str()) {
            api.put("stories", &story.id, "story", fields.clone())?;
            changed = true;
        }
    }
    let missing: Vec<Value> = plan
        .iter()
        .filter(|(wanted, _)| !found.contains_key(wanted.id.as_str()))
        .map(|(wanted, fields)| new_story(api, workspace, wanted, fields))
        .collect();
    for chunk in missing.chunks(BULK_STORIES) {
        api.post("stories", &json!({ "stories": chunk }))?;
        changed = true;
    }
    if !missing.is_empty() {
        // Which story stands for what is read back, not guessed from the order of the answer.
        found = stories(api, &workspace.id)?;
    }
    let mut references = Vec::with_capacity(plan.len());
    for (wanted, _) in &plan {
        let story = found.get(wanted.id.as_str()).ok_or_else(|| {
            Fault::unknown_outcome(format!("{} '{}' was created but is not listed yet", wanted.kind, wanted.message))
        })?;
        references.push((wanted.kind, wanted.id.clone(), story.id.clone()));
    }
    Ok((references, changed))
}

fn new_story(api: &Api<'_>, workspace: &Workspace, wanted: &Wanted<'_>, fields: &Fields) -> Value {
    let mut story = fields.clone();
    story.insert("workspace_id".into(), number(&workspace.id));
    let reference = api.reference(wanted.kind.as_str(), wanted.id.as_str(), &wanted.message);
    story.insert("external_reference".into(), reference);
    Value::Object(story)
}

/// The workspace's stories that carry our reference.
fn stories(api: &Api<'_>, workspace: &str) -> Result<Stories, Fault> {
    let service = api.config.service_name.as_str();
    let query = [
        ("workspace_id", workspace),
        ("external_reference_service_name", service),
        ("include", "external_references"),
        ("show_archived", "true"),
        ("order", "created_at:asc"),
    ];
    let mut found = Stories::new();
    let mut twice = None;
    api.each_page("stories", &query, |page| {
        for mark in page
            .external_references
            .values()
            .filter(|mark| mark.service_name == service && mark.subject_type == "Story")
        {
            let Some(story) = page.stories.get(&mark.subject_id) else { continue };
            let before = found.insert(mark.service_model_ref.clone(), story.clone());
            if let Some(before) = before.filter(|before| before.id != story.id) {
                twice = Some((before.id, story.id.clone()));
            }
        }
    })?;
    match twice {
        Some((one, other)) => Err(Fault::new(
            FaultKind::Conflict,
            "AMBIGUOUS",
            format!("stories {one} and {other} carry the same reference; remove it from the copy"),
        )),
        None => Ok(found),
    }
}

fn status_word(status: ProjectStatus) -> &'static str {
    match status {
        ProjectStatus::Requested => "requested",
        ProjectStatus::ShellCreated => "shell_created",
        ProjectStatus::BillingProvisioned => "billing_provisioned",
        ProjectStatus::Active => "active",
        ProjectStatus::OnHold => "on_hold",
        ProjectStatus::Completed => "completed",
        ProjectStatus::Closed => "closed",
        ProjectStatus::Cancelled => "cancelled",
    }
}
