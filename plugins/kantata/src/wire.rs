//! Kantata's shapes, spelled as Kantata spells them (the published Swagger of the OX API, version
//! 1.0.0). Only what the connector reads; ids are text that holds a number.

use std::collections::BTreeMap;

use quoin_sdk::{Date, Decimal, Timestamp};
use serde::{Deserialize, Deserializer};

/// Objects by id.
pub type ById<T> = BTreeMap<String, T>;

/// Every answer: `results` gives the order, the maps hold the objects, side-loaded ones included.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Envelope {
    pub results: Vec<Entry>,
    pub meta: Meta,
    pub workspaces: ById<Workspace>,
    pub workspace_groups: ById<WorkspaceGroup>,
    pub stories: ById<Story>,
    pub users: ById<User>,
    pub roles: ById<Role>,
    pub project_templates: ById<ProjectTemplate>,
    pub workspace_resources: ById<WorkspaceResource>,
    pub workspace_allocations: ById<WorkspaceAllocation>,
    pub assignments: ById<Assignment>,
    pub participations: ById<Participation>,
    pub external_references: ById<ExternalReference>,
    pub custom_fields: ById<CustomField>,
    pub custom_field_values: ById<CustomFieldValue>,
    /// Kantata's clock when it answered (the `Date` header).
    #[serde(skip)]
    pub answered_at: Option<Timestamp>,
}

impl Envelope {
    /// The objects that the query matched, in the vendor's order. Side-loaded ones of the same kind
    /// are left out, and a row that the vendor lists twice counts once.
    pub fn ordered<'a, T>(&self, key: &str, map: &'a ById<T>) -> Vec<&'a T> {
        let mut seen = std::collections::BTreeSet::new();
        let wanted = self.results.iter().filter(|entry| entry.key == key && seen.insert(&entry.id));
        wanted.filter_map(|entry| map.get(&entry.id)).collect()
    }
}

/// One row of `results`.
#[derive(Debug, Deserialize)]
pub struct Entry {
    pub key: String,
    #[serde(deserialize_with = "text")]
    pub id: String,
}

/// Paging facts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Meta {
    pub page_count: u32,
    pub page_number: u32,
}

/// A project.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Workspace {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub title: String,
    pub currency: Option<String>,
    /// Minor units in one unit of the currency.
    pub currency_base_unit: Option<i64>,
    pub price_in_cents: Option<i64>,
    pub budgeted: Option<bool>,
    pub start_date: Option<Date>,
    pub due_date: Option<Date>,
    #[serde(with = "quoin_sdk::exact")]
    pub target_margin: Option<Decimal>,
    pub time_trackable: Option<bool>,
    pub archived: bool,
    pub status: Option<WorkspaceStatus>,
    #[serde(deserialize_with = "maybe_text")]
    pub primary_workspace_group_id: Option<String>,
}

/// A project's status.
#[derive(Debug, Clone, Deserialize)]
pub struct WorkspaceStatus {
    #[serde(deserialize_with = "text")]
    pub key: String,
}

/// A group; a company group is a client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WorkspaceGroup {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub name: String,
    pub company: bool,
    pub address: Option<String>,
}

/// A task, milestone, deliverable or issue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Story {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub title: String,
    pub story_type: String,
    pub state: String,
    pub due_date: Option<Date>,
    pub billable: Option<bool>,
    pub time_estimate_in_minutes: Option<i64>,
    pub budget_estimate_in_cents: Option<i64>,
    pub archived: bool,
    pub deleted_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// Present when `include=workspace` was asked for.
    #[serde(deserialize_with = "maybe_text")]
    pub workspace_id: Option<String>,
}

/// A person.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub full_name: String,
    pub email_address: Option<String>,
}

/// A role of the account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Role {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub name: String,
}

/// A project template.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ProjectTemplate {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub title: String,
}

/// A seat on a project: a person in a role.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WorkspaceResource {
    #[serde(deserialize_with = "text")]
    pub id: String,
    /// Present when `include=user` was asked for.
    #[serde(deserialize_with = "maybe_text")]
    pub user_id: Option<String>,
    /// Present when `include=participation` was asked for.
    #[serde(deserialize_with = "maybe_text")]
    pub participation_id: Option<String>,
}

/// Time set aside for a seat; hard or soft.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WorkspaceAllocation {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub hard: bool,
    pub minutes: i64,
    pub notes: Option<String>,
    #[serde(deserialize_with = "maybe_text")]
    pub workspace_resource_id: Option<String>,
}

/// A seat on a story.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Assignment {
    #[serde(deserialize_with = "text")]
    pub id: String,
}

/// A person's membership in a project, with the rate billed for them there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Participation {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub rate_in_cents: Option<i64>,
}

/// Another system's name for a record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ExternalReference {
    pub subject_type: String,
    #[serde(deserialize_with = "text")]
    pub subject_id: String,
    pub service_name: String,
    pub service_model: String,
    #[serde(deserialize_with = "text")]
    pub service_model_ref: String,
    pub external_status: Option<String>,
    pub external_message: Option<String>,
}

/// A custom field of the account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CustomField {
    pub name: String,
    pub subject_type: String,
}

/// A value of a custom field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CustomFieldValue {
    pub custom_field_name: String,
    #[serde(deserialize_with = "text")]
    pub subject_id: String,
    /// Text and dates; other kinds are not read.
    #[serde(deserialize_with = "maybe_text")]
    pub value: Option<String>,
    pub updated_at: Option<Timestamp>,
}

/// A refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Errors {
    pub errors: Vec<ErrorEntry>,
}

/// One reason of a refusal. `type` is `oauth`, `system` or `validation`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ErrorEntry {
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
    pub field: Option<String>,
}

/// Kantata writes ids as text in objects and as numbers in some places.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    maybe_text(deserializer).map(Option::unwrap_or_default)
}

fn maybe_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde_json::Value;
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::String(text)) => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    })
}
