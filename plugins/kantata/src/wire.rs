//! Kantata's shapes, spelled as Kantata spells them (the published Swagger of the OX API, version
//! 1.0.0). Only what the connector reads; ids are text that holds a number.

use std::collections::BTreeMap;

use quoin_sdk::{Date, Decimal, Fault, FaultKind, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Objects by id.
pub type ById<T> = BTreeMap<String, T>;

/// Every answer: `results` gives the order, the maps hold the objects, side-loaded ones included. A map
/// that would be empty may be left out; `results` never is.
#[derive(Debug, Deserialize)]
pub struct Envelope {
    pub results: Vec<Entry>,
    #[serde(default)]
    pub meta: Meta,
    #[serde(default)]
    pub workspaces: ById<Workspace>,
    #[serde(default)]
    pub workspace_groups: ById<WorkspaceGroup>,
    #[serde(default)]
    pub stories: ById<Story>,
    #[serde(default)]
    pub users: ById<User>,
    #[serde(default)]
    pub roles: ById<Role>,
    #[serde(default)]
    pub project_templates: ById<ProjectTemplate>,
    #[serde(default)]
    pub workspace_resources: ById<WorkspaceResource>,
    #[serde(default)]
    pub workspace_allocations: ById<WorkspaceAllocation>,
    #[serde(default)]
    pub participations: ById<Participation>,
    #[serde(default)]
    pub external_references: ById<ExternalReference>,
    #[serde(default)]
    pub custom_fields: ById<CustomField>,
    #[serde(default)]
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

    /// Whether every object that the query matched is in the answer.
    ///
    /// # Errors
    /// Names the first that is not.
    pub fn complete(&self) -> Result<(), Fault> {
        let holds = |entry: &Entry| match entry.key.as_str() {
            "workspaces" => self.workspaces.contains_key(&entry.id),
            "workspace_groups" => self.workspace_groups.contains_key(&entry.id),
            "stories" => self.stories.contains_key(&entry.id),
            "users" => self.users.contains_key(&entry.id),
            "workspace_resources" => self.workspace_resources.contains_key(&entry.id),
            "workspace_allocations" => self.workspace_allocations.contains_key(&entry.id),
            "external_references" => self.external_references.contains_key(&entry.id),
            "custom_fields" => self.custom_fields.contains_key(&entry.id),
            _ => true,
        };
        self.results.iter().find(|entry| !holds(entry)).map_or(Ok(()), |entry| Err(lacks(&entry.key, &entry.id)))
    }

    /// What belongs to a milestone's story, which was asked for with it.
    ///
    /// # Errors
    /// When the answer lists what it does not hold: a milestone without it would read as another one.
    pub fn beside(&self, story: &Story) -> Result<(), Fault> {
        let asked = |ids: &Option<Vec<String>>, what: &str| {
            ids.clone().ok_or_else(|| lacks(&format!("list of {what} in the story"), &story.id))
        };
        for id in asked(&story.external_reference_ids, "external_reference_ids")? {
            self.external_references.get(&id).ok_or_else(|| lacks("external_references", &id))?;
        }
        for id in asked(&story.custom_field_value_ids, "custom_field_value_ids")? {
            self.custom_field_values.get(&id).ok_or_else(|| lacks("custom_field_values", &id))?;
        }
        let workspace = story.workspace_id.as_deref().ok_or_else(|| lacks("workspace_id of story", &story.id))?;
        self.workspaces.get(workspace).map(|_| ()).ok_or_else(|| lacks("workspaces", workspace))
    }
}

/// Kantata listed something and did not send it.
fn lacks(what: &str, id: &str) -> Fault {
    let message =
        format!("Kantata's answer lacks the {what} {id}; its shape has changed, or the access group hides it");
    Fault::new(FaultKind::Other, "INCOMPLETE_ANSWER", message)
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
pub struct Workspace {
    #[serde(deserialize_with = "text")]
    pub id: String,
    #[serde(default)]
    pub title: String,
    #[serde(deserialize_with = "nullable")]
    pub currency: Option<String>,
    /// Minor units in one unit of the currency.
    #[serde(default)]
    pub currency_base_unit: Option<i64>,
    #[serde(default)]
    pub price_in_cents: Option<i64>,
    #[serde(default)]
    pub budgeted: Option<bool>,
    #[serde(default)]
    pub start_date: Option<Date>,
    #[serde(default)]
    pub due_date: Option<Date>,
    #[serde(default, with = "quoin_sdk::exact")]
    pub target_margin: Option<Decimal>,
    #[serde(default)]
    pub time_trackable: Option<bool>,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub status: Option<WorkspaceStatus>,
    #[serde(default, deserialize_with = "maybe_text")]
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
pub struct Story {
    #[serde(deserialize_with = "text")]
    pub id: String,
    pub title: String,
    pub state: String,
    #[serde(deserialize_with = "nullable")]
    pub due_date: Option<Date>,
    #[serde(default)]
    pub billable: Option<bool>,
    #[serde(default)]
    pub time_estimate_in_minutes: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    pub budget_estimate_in_cents: Option<i64>,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
    #[serde(deserialize_with = "nullable")]
    pub updated_at: Option<Timestamp>,
    /// Present when `include=workspace` was asked for.
    #[serde(default, deserialize_with = "maybe_text")]
    pub workspace_id: Option<String>,
    /// Present when `include=external_references` was asked for.
    #[serde(default, deserialize_with = "ids")]
    pub external_reference_ids: Option<Vec<String>>,
    /// Present when `include=custom_field_values` was asked for.
    #[serde(default, deserialize_with = "ids")]
    pub custom_field_value_ids: Option<Vec<String>>,
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
pub struct ExternalReference {
    pub subject_type: String,
    #[serde(deserialize_with = "text")]
    pub subject_id: String,
    pub service_name: String,
    pub service_model: String,
    #[serde(deserialize_with = "text")]
    pub service_model_ref: String,
    #[serde(default)]
    pub external_status: Option<String>,
    #[serde(deserialize_with = "nullable")]
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
pub struct CustomFieldValue {
    pub custom_field_name: String,
    #[serde(deserialize_with = "text")]
    pub subject_id: String,
    /// Of any kind; text and dates are what is read.
    pub value: serde_json::Value,
    #[serde(deserialize_with = "nullable")]
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

/// A member that may be null and is never missing: what Kantata stops sending must be noticed.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Kantata writes ids as text in objects and as numbers in some places.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    maybe_text(deserializer)?.ok_or_else(|| D::Error::custom("null, where Kantata has an id"))
}

fn maybe_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<Id>::deserialize(deserializer).map(|id| id.map(|id| id.0))
}

fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let ids = Option::<Vec<Id>>::deserialize(deserializer)?;
    Ok(ids.map(|ids| ids.into_iter().map(|id| id.0).collect()))
}

/// Text or number.
struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            other => Err(D::Error::custom(format!("{other}, where Kantata has an id"))),
        }
    }
}
