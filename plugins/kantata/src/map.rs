//! Canonical objects to Kantata's fields and back: pure, and the heart of the connector.
//!
//! Towards Kantata each function gives only the fields that differ from what is there, so that "what
//! has to be written" and "is it all there already" are one question.

use quoin_sdk::{
    Acceptance, BillingType, Currency, Customer, Date, Decimal, Fault, FaultKind, Link, Milestone, MilestoneStatus,
    Money, Project, Task,
};
use serde_json::{Map, Value};

use crate::api::number;
use crate::wire::{ExternalReference, Story, Workspace, WorkspaceGroup};

/// Fields of a request.
pub type Fields = Map<String, Value>;

/// `field: wanted`, unless that is what is there.
fn set<T: PartialEq + Into<Value>>(fields: &mut Fields, name: &str, wanted: T, found: Option<T>) {
    if found.as_ref() != Some(&wanted) {
        fields.insert(name.into(), wanted.into());
    }
}

/// A customer as a company group. `said_name` is the name that we gave or knew last: a group that
/// people named otherwise keeps their name until ours changes, and their address is only completed.
pub fn customer(customer: &Customer, found: Option<(&WorkspaceGroup, Option<&str>)>) -> Fields {
    let mut fields = Fields::new();
    let group = found.map(|(group, _)| group);
    let renamed = match found {
        None => true,
        Some((group, Some(said))) => said != customer.name.trim() && !same_name(&group.name, &customer.name),
        Some((_, None)) => false,
    };
    if renamed {
        fields.insert("name".into(), customer.name.trim().into());
    }
    set(&mut fields, "company", true, group.map(|group| group.company));
    let billing = customer.addresses.iter().find(|address| address.purpose == "billing");
    let blank = group.and_then(|group| group.address.as_deref()).is_none_or(|address| address.trim().is_empty());
    if let Some(address) = billing.or_else(|| customer.addresses.first()).filter(|_| blank) {
        let city = format!("{} {}", address.postal_code, address.city);
        let mut lines = address.lines.clone();
        lines.extend([city.trim().to_owned(), address.country.clone()].into_iter().filter(|line| !line.is_empty()));
        fields.insert("address".into(), lines.join("\n").into());
    }
    fields
}

/// A VAT id as registers print it: without blanks, dots and hyphens, in capitals.
pub fn plain_vat_id(vat_id: &str) -> String {
    vat_id.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_uppercase()
}

/// Whether two company names are the same to Kantata.
pub fn same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// What a project needs to know from the connection.
pub struct ProjectTargets<'a> {
    /// Kantata's id of the customer's group.
    pub group: &'a str,
    /// Kantata's key for the project's status, where one is configured.
    pub status_key: Option<&'a str>,
    /// Kantata's id of the template, where the project names one.
    pub template: Option<&'a str>,
}

/// A project as a workspace.
///
/// # Errors
/// When the budget is in another currency or finer than its minor unit, or the workspace has
/// another currency.
pub fn project(project: &Project, targets: &ProjectTargets<'_>, found: Option<&Workspace>) -> Result<Fields, Fault> {
    let mut fields = Fields::new();
    set(&mut fields, "title", project_title(project), found.map(|w| w.title.clone()));
    set(&mut fields, "time_trackable", project.time_entry_allowed, found.and_then(|w| w.time_trackable));
    set(&mut fields, "budgeted", true, found.and_then(|w| w.budgeted));
    if let Some(starts_on) = project.starts_on
        && found.is_none_or(|w| w.start_date != Some(starts_on))
    {
        fields.insert("start_date".into(), starts_on.to_string().into());
    }
    if let Some(margin) = project.target_margin_percent
        && found.and_then(|w| w.target_margin) != Some(margin)
    {
        fields.insert("target_margin".into(), margin.normalize().to_string().into());
    }
    if let Some(key) = targets.status_key
        && found.and_then(|w| w.status.as_ref()).is_none_or(|status| status.key != key)
    {
        fields.insert("status_key".into(), number(key));
    }
    if found.is_none_or(|w| w.primary_workspace_group_id.as_deref() != Some(targets.group)) {
        fields.insert("primary_workspace_group_id".into(), number(targets.group));
        fields.insert("workspace_group_ids".into(), Value::Array(vec![number(targets.group)]));
    }
    price(project, found, &mut fields)?;
    match found {
        Some(workspace) => {
            if workspace.archived {
                fields.insert("archived".into(), false.into());
            }
            refuse_other_currency(project, workspace)?;
        }
        None => {
            fields.insert("creator_role".into(), "maven".into());
            fields.insert("currency".into(), project.currency.code().into());
            if let Some(template) = targets.template {
                fields.insert("project_tracker_template_id".into(), number(template));
            }
        }
    }
    Ok(fields)
}

/// `P-0042 ERP roll-out`: the code first, because people search by it.
fn project_title(project: &Project) -> String {
    format!("{} {}", project.code, project.name)
}

fn price(project: &Project, found: Option<&Workspace>, fields: &mut Fields) -> Result<(), Fault> {
    let Some(budget) = project.budget else { return Ok(()) };
    if budget.currency != project.currency {
        let message = format!("the budget is in {}, the project in {}", budget.currency, project.currency);
        return Err(Fault::invalid("/budget/currency", message));
    }
    if let Some(workspace) = found
        && workspace.price_in_cents == Some(subunits(budget.amount, base_unit(workspace)?, "/budget")?)
    {
        return Ok(());
    }
    fields.insert("price".into(), budget.amount.to_string().into());
    Ok(())
}

fn refuse_other_currency(project: &Project, workspace: &Workspace) -> Result<(), Fault> {
    match workspace.currency.as_deref() {
        Some(currency) if currency != project.currency.code() => Err(Fault::new(
            FaultKind::Conflict,
            "CURRENCY",
            format!("workspace {} is in {currency}, the contract in {}", workspace.id, project.currency),
        )
        .at("/currency")),
        _ => Ok(()),
    }
}

/// A task as a story of type `task`.
///
/// # Errors
/// When the planned hours are no whole minutes.
pub fn task(task: &Task, at: &str, found: Option<&Story>) -> Result<Fields, Fault> {
    let mut fields = Fields::new();
    set(&mut fields, "title", format!("{} {}", task.code, task.name), found.map(|s| s.title.clone()));
    set(&mut fields, "billable", task.billing_type == BillingType::Chargeable, found.and_then(|s| s.billable));
    if let Some(hours) = task.planned_hours {
        let minutes = minutes(hours, &format!("{at}/planned_hours"))?;
        set(&mut fields, "time_estimate_in_minutes", minutes, found.and_then(|s| s.time_estimate_in_minutes));
    }
    if found.is_none() {
        fields.insert("story_type".into(), "task".into());
    }
    Ok(fields)
}

/// A milestone as a story of type `milestone`.
///
/// # Errors
/// When the amount is finer than its currency's minor unit.
pub fn milestone_story(milestone: &Milestone, at: &str, base: i64, found: Option<&Story>) -> Result<Fields, Fault> {
    let mut fields = Fields::new();
    set(&mut fields, "title", format!("{} {}", milestone.code, milestone.name), found.map(|s| s.title.clone()));
    if let Some(due_on) = milestone.due_on
        && found.is_none_or(|s| s.due_date != Some(due_on))
    {
        fields.insert("due_date".into(), due_on.to_string().into());
    }
    if let Some(amount) = milestone.amount {
        let cents = subunits(amount.amount, base, &format!("{at}/amount"))?;
        set(&mut fields, "budget_estimate_in_cents", cents, found.and_then(|s| s.budget_estimate_in_cents));
    }
    if found.is_none() {
        fields.insert("story_type".into(), "milestone".into());
        fields.insert("fixed_fee".into(), true.into());
    }
    Ok(fields)
}

/// What the external reference of a task or milestone says: `L2/M1`, contract line and code.
pub fn line_and_code(contract_line: &str, code: &str) -> String {
    format!("{contract_line}/{code}")
}

/// The acceptance as three custom fields hold it; any of them may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Who accepted.
    pub by: Option<String>,
    /// The day, ISO 8601.
    pub on: Option<String>,
    /// SHA-256 in hex.
    pub sha256: Option<String>,
}

impl Evidence {
    /// The acceptance, once all three say something usable.
    pub fn acceptance(&self) -> Option<Acceptance> {
        let by = self.by.as_deref().map(str::trim).filter(|by| !by.is_empty())?;
        let on: Date = self.on.as_deref()?.get(..10)?.parse().ok()?;
        let sha256 = self.sha256.as_deref()?.trim().to_ascii_lowercase();
        let is_hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then(|| Acceptance { by: by.into(), on, evidence_sha256: sha256 })
    }
}

/// Where a milestone story stands. A completed story is only delivered; accepted needs the evidence
/// as well (rule FM2). Evidence on a story that was completed and is open again is an acceptance
/// that was taken back; on one that never was, somebody is still typing.
pub fn milestone_status(story: &Story, accepted: bool, completed_before: bool) -> MilestoneStatus {
    match (story.state.as_str(), accepted) {
        _ if story.archived => MilestoneStatus::Withdrawn,
        ("completed", true) => MilestoneStatus::Accepted,
        ("completed", false) => MilestoneStatus::Delivered,
        (_, true) if completed_before => MilestoneStatus::Withdrawn,
        _ => MilestoneStatus::Planned,
    }
}

/// A milestone story with our reference as a canonical milestone; `None` when the reference does not
/// say which milestone of which contract line it is.
///
/// # Errors
/// When the workspace's currency cannot be used.
pub fn milestone(
    story: &Story,
    reference: &ExternalReference,
    workspace: Option<&Workspace>,
    evidence: &Evidence,
    completed_before: bool,
) -> Result<Option<Milestone>, Fault> {
    let Some((line, code)) = reference.external_message.as_deref().and_then(|text| text.split_once('/')) else {
        return Ok(None);
    };
    let acceptance = evidence.acceptance();
    let status = milestone_status(story, acceptance.is_some(), completed_before);
    let name = story.title.strip_prefix(code).unwrap_or(&story.title).trim();
    Ok(Some(Milestone {
        details: None,
        header: quoin_sdk::Header::default(),
        project: story.workspace_id.clone().map(Link::External),
        code: code.into(),
        name: name.into(),
        contract_line: line.into(),
        amount: amount(story, workspace)?,
        due_on: story.due_date,
        status,
        acceptance: acceptance.filter(|_| status == MilestoneStatus::Accepted),
    }))
}

fn amount(story: &Story, workspace: Option<&Workspace>) -> Result<Option<Money>, Fault> {
    let (Some(cents), Some(workspace)) = (story.budget_estimate_in_cents, workspace) else { return Ok(None) };
    let Some(currency) = workspace.currency.as_deref().and_then(Currency::from_code) else { return Ok(None) };
    let major = Decimal::from(cents) / Decimal::from(base_unit(workspace)?);
    Ok(Some(Money::new(major, currency)))
}

/// Minor units in one unit of the workspace's currency: as Kantata says, never assumed.
///
/// # Errors
/// When Kantata does not say.
pub fn base_unit(workspace: &Workspace) -> Result<i64, Fault> {
    workspace.currency_base_unit.filter(|base| *base > 0).ok_or_else(|| {
        let message =
            format!("workspace {} has no currency_base_unit; the token's user may not see financials", workspace.id);
        Fault::new(FaultKind::Permission, "NO_CURRENCY_BASE_UNIT", message)
    })
}

/// An amount in minor units.
///
/// # Errors
/// When it is finer than they are, or too large.
pub fn subunits(amount: Decimal, base: i64, field: &str) -> Result<i64, Fault> {
    let scaled = amount.checked_mul(Decimal::from(base)).filter(Decimal::is_integer);
    scaled
        .and_then(|scaled| i64::try_from(scaled).ok())
        .ok_or_else(|| Fault::invalid(field, format!("{amount} is no whole number of minor units ({base} to one)")))
}

/// Hours in minutes.
///
/// # Errors
/// When they are no whole minutes, or too many.
pub fn minutes(hours: Decimal, field: &str) -> Result<i64, Fault> {
    let scaled = hours.checked_mul(Decimal::from(60)).filter(Decimal::is_integer);
    scaled
        .and_then(|scaled| i64::try_from(scaled).ok())
        .ok_or_else(|| Fault::invalid(field, format!("{hours} h is no whole number of minutes")))
}
