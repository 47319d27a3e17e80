//! Canonical objects to Jira's fields and back: pure.

use quoin_sdk::jiff::fmt::strtime;
use quoin_sdk::{BillingType, Date, Fault, Header, Link, Task, TimeEntry, TimeStatus, Timestamp};
use serde_json::{Map, Value, json};

use crate::api::Config;
use crate::wire::{Approval, IssueFields, Worklog};

/// Longest summary Jira takes, in characters.
const SUMMARY_CHARS: usize = 255;

/// Most minutes one entry can hold (canonical rule OVER_A_DAY).
const DAY_MINUTES: i64 = 24 * 60;

/// The label by which an issue is found again: labels are searchable with an API token, entity
/// properties only when an app has registered them for the index.
pub fn label(canonical_id: &str) -> String {
    format!("quoin-{canonical_id}")
}

/// `P-2026-0042 1.1 Discovery`, at most as long as Jira takes, in one line.
fn summary(task: &Task) -> String {
    let parts = [task.project_code.as_deref().unwrap_or_default(), &task.code, &task.name];
    let words: Vec<&str> = parts.iter().flat_map(|part| part.split_whitespace()).collect();
    words.join(" ").chars().take(SUMMARY_CHARS).collect()
}

/// A new issue. Its property says which task it is, to people's scripts and to the time app.
pub fn new_issue(config: &Config, canonical_id: &str, task: &Task) -> Value {
    json!({
        "fields": {
            "project": {"key": config.project_key},
            "issuetype": {"name": config.issue_type},
            "summary": summary(task),
            "labels": [label(canonical_id)],
        },
        "properties": [{"key": config.id_property, "value": {
            "id": canonical_id,
            "line": task.contract_line,
            "project_code": task.project_code,
            "code": task.code,
        }}],
    })
}

/// The fields in which an issue differs; `None` when it does not. Labels that people added stay.
pub fn changed_issue(canonical_id: &str, task: &Task, found: &IssueFields) -> Option<Value> {
    let mut fields = Map::new();
    let (summary, label) = (summary(task), label(canonical_id));
    if found.summary != summary {
        fields.insert("summary".into(), summary.into());
    }
    if !found.labels.contains(&label) {
        let all: Vec<&String> = found.labels.iter().chain([&label]).collect();
        fields.insert("labels".into(), json!(all));
    }
    (!fields.is_empty()).then(|| json!({ "fields": fields }))
}

/// A worklog as a time entry, and what a person should mend.
pub struct Translated {
    pub entry: TimeEntry,
    /// Jira's `updated`, in milliseconds since 1970.
    pub version: Option<String>,
    pub remarks: Vec<String>,
    /// The author hides the address and is not in the configuration.
    pub without_address: bool,
}

/// Translates a worklog. What cannot be read with certainty is held as submitted, whatever its
/// approval says: it is seen, it is not billed, and it takes back an approval given before.
///
/// # Errors
/// When the day of work cannot be read: without it the entry is nothing.
pub fn time_entry(config: &Config, worklog: &Worklog) -> Result<Translated, Fault> {
    let mut remarks = Vec::new();
    let mut header = Header::default();
    let address = address(config, worklog);
    let approval = approval(config, worklog, &mut remarks);
    let (mut status, billing_type) = standing(approval.as_ref(), &mut remarks);
    let seconds = worklog.time_spent_seconds;
    let minutes = seconds.div_euclid(60).clamp(0, DAY_MINUTES);
    if minutes * 60 != seconds {
        // Rule RD2 wants whole minutes, and rounding would be a decision about money.
        remarks.push(format!("{seconds} seconds are no whole minutes of one day; correct the worklog in Jira"));
        header.ext.insert("timeSpentSeconds".into(), seconds.to_string());
    }
    if address.is_none() {
        remarks.push(format!("account {} hides its address; add it to 'emails'", worklog.author.account_id));
    }
    if !remarks.is_empty() && status == TimeStatus::Approved {
        status = TimeStatus::Submitted;
    }
    let approval = approval.filter(|_| status == TimeStatus::Approved).unwrap_or_default();
    let entry = TimeEntry {
        details: None,
        header,
        task: Link::External(worklog.issue_id.clone()),
        resource: address.clone().unwrap_or_else(|| format!("account:{}", worklog.author.account_id)),
        date: day(&worklog.started)?,
        minutes: u32::try_from(minutes).unwrap_or_default(),
        billing_type,
        status,
        approved_by: approval.approved_by,
        approved_at: approval.approved_at.as_deref().and_then(moment),
        note: worklog.comment.as_ref().map(plain_text).filter(|note| !note.is_empty()),
    };
    let version = moment(&worklog.updated).map(|updated| updated.as_millisecond().to_string());
    Ok(Translated { entry, version, remarks, without_address: address.is_none() })
}

/// The local date of the start of work, in the offset given with it.
fn day(started: &str) -> Result<Date, Fault> {
    let date = moment(started).and_then(|_| started.get(..10)?.parse().ok());
    date.ok_or_else(|| Fault::invalid("/date", format!("'{started:.40}' is no start of work")))
}

/// A stamp: ISO 8601 with `Z`, `+01:00` or, as Jira writes it, `+0100`.
fn moment(text: &str) -> Option<Timestamp> {
    let jiras = || strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok();
    text.parse().ok().or_else(jiras)
}

fn address(config: &Config, worklog: &Worklog) -> Option<String> {
    let mapped = config.emails.get(&worklog.author.account_id).map(String::as_str);
    mapped.or(worklog.author.email_address.as_deref()).filter(|email| !email.is_empty()).map(str::to_owned)
}

fn approval(config: &Config, worklog: &Worklog, remarks: &mut Vec<String>) -> Option<Approval> {
    let property = worklog.properties.iter().find(|property| property.key == config.approval_property)?;
    serde_json::from_value(property.value.clone())
        .map_err(|error| remarks.push(format!("property {} cannot be read: {error}", config.approval_property)))
        .ok()
}

/// Status and billing type. Booked time without a property waits for its approval.
fn standing(approval: Option<&Approval>, remarks: &mut Vec<String>) -> (TimeStatus, BillingType) {
    let Some(approval) = approval else { return (TimeStatus::Submitted, BillingType::Chargeable) };
    let status = match approval.status.as_str() {
        "approved" => TimeStatus::Approved,
        "rejected" => TimeStatus::Rejected,
        "submitted" => TimeStatus::Submitted,
        other => {
            remarks.push(format!("approval status '{other}' is not known; use approved, submitted or rejected"));
            TimeStatus::Submitted
        }
    };
    let billing_type = match approval.billing_type.as_deref() {
        Some("chargeable") => BillingType::Chargeable,
        Some("non_chargeable") => BillingType::NonChargeable,
        Some("complimentary") => BillingType::Complimentary,
        None if status != TimeStatus::Approved => BillingType::Chargeable,
        other => {
            let said = other.unwrap_or("nothing");
            remarks.push(format!("the billing type says '{said}'; use chargeable, non_chargeable or complimentary"));
            BillingType::Chargeable
        }
    };
    (status, billing_type)
}

/// Atlassian Document Format as plain text; blocks become lines.
fn plain_text(node: &Value) -> String {
    let mut text = String::new();
    write_plain(node, &mut text);
    text.trim().to_owned()
}

fn write_plain(node: &Value, out: &mut String) {
    let attribute = |name: &str| node["attrs"][name].as_str();
    match node["type"].as_str().unwrap_or_default() {
        "text" => out.push_str(node["text"].as_str().unwrap_or_default()),
        "hardBreak" => out.push('\n'),
        "mention" | "emoji" | "status" => {
            out.push_str(attribute("text").or_else(|| attribute("shortName")).unwrap_or_default())
        }
        "inlineCard" | "blockCard" => out.push_str(attribute("url").unwrap_or_default()),
        kind => {
            for child in node["content"].as_array().into_iter().flatten() {
                write_plain(child, out);
            }
            let is_block = ["paragraph", "heading", "codeBlock", "listItem", "tableRow"].contains(&kind);
            if is_block && !out.ends_with('\n') {
                out.push('\n');
            }
        }
    }
}
