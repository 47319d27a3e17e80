//! Jira's shapes, spelled as Jira spells them (platform REST API, version 3). Only what the connector
//! reads.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// An issue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Issue {
    pub id: String,
    pub key: String,
    pub fields: IssueFields,
}

/// Fields of an issue; only those asked for are there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IssueFields {
    pub summary: String,
    pub labels: Vec<String>,
}

/// Answer of `search/jql`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Issues {
    pub issues: Vec<Issue>,
}

/// Answer of a creation.
#[derive(Debug, Clone, Deserialize)]
pub struct Created {
    pub id: String,
}

/// Answer of `issue/bulk`, also when it is a 400 because every element was refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Bulk {
    pub issues: Vec<Created>,
    pub errors: Vec<BulkError>,
}

/// A refused element.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkError {
    #[serde(default)]
    pub status: u16,
    #[serde(default)]
    pub element_errors: ErrorCollection,
    /// Its place in the request, from 0.
    pub failed_element_number: usize,
}

/// Answer of `worklog/updated` and `worklog/deleted`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedWorklogs {
    pub values: Vec<ChangedWorklog>,
    pub last_page: bool,
}

/// One change; `updatedTime` in milliseconds since 1970.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedWorklog {
    pub worklog_id: u64,
    pub updated_time: i64,
}

/// A worklog. What Jira always sends has no default: its absence is a fault, not an entry without it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(Default))]
#[serde(rename_all = "camelCase")]
pub struct Worklog {
    pub id: String,
    pub issue_id: String,
    pub author: Author,
    /// `2026-03-12T09:00:00.000+0100`: the offset has no colon, and is the reader's.
    pub started: String,
    pub updated: String,
    pub time_spent_seconds: i64,
    /// Atlassian Document Format.
    #[serde(default)]
    pub comment: Option<Value>,
    /// Present when `expand=properties` was asked for.
    pub properties: Vec<Property>,
}

/// Who worked. The address is missing when the person hides it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Author {
    pub account_id: String,
    pub email_address: Option<String>,
}

/// An entity property.
#[derive(Debug, Clone, Deserialize)]
pub struct Property {
    pub key: String,
    pub value: Value,
}

/// What an approval app keeps in the worklog property.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Approval {
    pub status: String,
    pub approved_by: Option<String>,
    pub approved_at: Option<String>,
    pub billing_type: Option<String>,
}

/// A refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ErrorCollection {
    pub error_messages: Vec<String>,
    pub errors: BTreeMap<String, Value>,
}

/// Who we are.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Myself {
    pub display_name: String,
    pub email_address: Option<String>,
    pub time_zone: Option<String>,
}

/// `GET mypermissions`: what was asked for, by key.
#[derive(Debug, Deserialize)]
pub struct MyPermissions {
    pub permissions: BTreeMap<String, MyPermission>,
}

/// Whether we have one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MyPermission {
    pub have_permission: bool,
}

/// Body of a webhook: the record itself is read again, so only its identity matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Event {
    pub webhook_event: String,
    pub worklog: Option<EventWorklog>,
}

/// The worklog of an event; its id comes as text or as a number.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EventWorklog {
    pub id: Value,
}
