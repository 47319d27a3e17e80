//! The wheel of stages: how far a deal is, told by its own events.

use quoin_canonical::{Decimal, InvoiceType, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entry::{Entry, Tone};
use super::invoices::InvoiceRow;
use crate::format;

/// One stage of a deal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// Stable name.
    #[schema(examples("billing_set_up"))]
    pub code: String,
    /// What it is called.
    pub label: String,
    /// Where it stands.
    pub state: StageState,
    /// When it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How long after the stage before it, in a few characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<String>,
}

/// Where a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// Reached.
    Done,
    /// What the deal is waiting for.
    Current,
    /// What the deal is waiting for, and a person must act first.
    Blocked,
    /// Not yet.
    Ahead,
}

impl StageState {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            StageState::Done => "done",
            StageState::Current => "current",
            StageState::Blocked => "blocked",
            StageState::Ahead => "ahead",
        }
    }

    /// In words, for people who cannot see the colour.
    pub fn words(self) -> &'static str {
        match self {
            StageState::Done => "done",
            StageState::Current => "next",
            StageState::Blocked => "blocked",
            StageState::Ahead => "to come",
        }
    }
}

/// The stages in order: code, label, and the event kinds of which the first one reaches the stage.
const STAGES: [(&str, &str, &[&str]); 8] = [
    ("sold", "Sold", &["quote.accepted"]),
    ("checked", "Checked", &["gates.checked"]),
    ("shell", "Project shell", &["project.shell_created"]),
    ("billing_set_up", "Billing set up", &["project.billing_provisioned"]),
    ("active", "Active", &["project.activated"]),
    ("delivering", "Delivering", &["billing.time_recorded", "billing.milestone_ready"]),
    ("invoiced", "Invoiced", &["invoice.posted"]),
    ("paid", "Paid", &[]),
];

/// How far the deal of these events and invoices is.
pub fn of(entries: &[Entry], invoices: &[InvoiceRow]) -> Vec<Stage> {
    let reached = |(code, _, kinds): &(&str, &str, &[&str])| match *code {
        "paid" => paid(entries, invoices),
        _ => first(entries, kinds),
    };
    let reached: Vec<Option<Timestamp>> = STAGES.iter().map(reached).collect();
    let next = reached.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let next_state = if blocked(entries) { StageState::Blocked } else { StageState::Current };
    let mut before = None;
    let stage = |(index, (code, label, _)): (usize, &(&str, &str, &[&str]))| {
        let at = reached[index];
        let took = at.zip(before).map(|(at, before)| format::span_short(before, at));
        before = at.or(before);
        let state = match at {
            Some(_) => StageState::Done,
            None if index == next => next_state,
            None => StageState::Ahead,
        };
        Stage { code: (*code).into(), label: (*label).into(), state, at, took }
    };
    STAGES.iter().enumerate().map(stage).collect()
}

fn first(entries: &[Entry], kinds: &[&str]) -> Option<Timestamp> {
    entries
        .iter()
        .find(|entry| {
            kinds.contains(&entry.kind.as_str()) && !(entry.kind == "gates.checked" && entry.tone == Tone::Bad)
        })
        .map(|entry| entry.at)
}

/// When the last payment came, once nothing is open on any document.
fn paid(entries: &[Entry], invoices: &[InvoiceRow]) -> Option<Timestamp> {
    let settled = |row: &InvoiceRow| row.kind == InvoiceType::CreditNote || row.open.amount <= Decimal::ZERO;
    if invoices.is_empty() || !invoices.iter().all(settled) {
        return None;
    }
    entries.iter().rfind(|entry| entry.kind == "billing.payment_applied").map(|entry| entry.at)
}

/// More exceptions were opened than resolved.
fn blocked(entries: &[Entry]) -> bool {
    let count = |kind: &str| entries.iter().filter(|entry| entry.kind == kind).count();
    count("exception.opened") > count("exception.resolved")
}
