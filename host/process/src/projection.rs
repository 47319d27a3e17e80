//! The deal in one line, folded from its events: what lists show.

use billing::{Account, Group};
use quoin_canonical::{Id, Link, Money, Quote, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::wheel::{Event, EventDraft};

/// A deal's summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deal {
    /// Business key: the quote number.
    pub key: String,
    /// Title.
    pub name: String,
    /// Customer.
    pub customer: String,
    /// The opportunity it closes, in the CRM's own terms.
    pub opportunity: Link,
    /// Net value of the fixed and capped parts.
    pub value: Money,
    /// How far it is.
    pub stage: String,
    /// Since when.
    pub stage_since: Timestamp,
    /// Project code, once there is one.
    pub project_code: Option<String>,
    /// When the quote was accepted here.
    pub opened_at: Timestamp,
    /// The last event.
    pub last_event_at: Timestamp,
    /// Exceptions that are open.
    pub open_exceptions: u32,
}

/// Which event moves a deal to which stage.
const STAGES: [(&str, &str); 9] = [
    ("gates.checked", "approved"),
    ("project.shell_created", "shell_created"),
    ("project.held", "on_hold"),
    ("project.billing_provisioned", "billing_provisioned"),
    ("project.activated", "active"),
    ("invoice.posted", "invoiced"),
    ("billing.payment_applied", "paying"),
    ("deal.paid", "paid"),
    ("deal.cancelled", "cancelled"),
];

/// The summary after an event; `None` while there is no deal.
pub fn deal(before: Option<Deal>, event: &Event) -> Option<Deal> {
    let Some(mut deal) = before else { return opened(event) };
    deal.last_event_at = event.at;
    match event.kind.as_str() {
        "exception.opened" => deal.open_exceptions += 1,
        "exception.resolved" => deal.open_exceptions = deal.open_exceptions.saturating_sub(1),
        "project.activated" => deal.project_code = text(&event.body, "/project/code"),
        _ => {}
    }
    let stage = STAGES.iter().find(|(kind, _)| *kind == event.kind).map(|(_, stage)| *stage);
    let failed_gate = event.kind == "gates.checked" && event.body.get("passed") == Some(&Value::Bool(false));
    if let Some(stage) = stage.filter(|_| !failed_gate)
        && deal.stage != stage
    {
        deal.stage = stage.to_owned();
        deal.stage_since = event.at;
    }
    Some(deal)
}

fn text(body: &Value, pointer: &str) -> Option<String> {
    body.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn opened(event: &Event) -> Option<Deal> {
    if event.kind != "quote.accepted" {
        return None;
    }
    let quote: Quote = serde_json::from_value(event.body.get("quote")?.clone()).ok()?;
    Some(Deal {
        key: event.key.clone(),
        name: quote.name.clone(),
        customer: quote.customer.name.clone(),
        opportunity: quote.opportunity.clone(),
        value: Money::new(value_of(&quote), quote.currency),
        stage: "accepted".to_owned(),
        stage_since: event.at,
        project_code: None,
        opened_at: event.at,
        last_event_at: event.at,
        open_exceptions: 0,
    })
}

/// Fixed prices and caps, plus one month of each retainer: what is known to be worth at least.
fn value_of(quote: &Quote) -> Decimal {
    use quoin_canonical::BillingMethod::{FixedFee, Retainer, TimeAndMaterials};
    let worth = |line: &quoin_canonical::QuoteLine| match &line.billing {
        TimeAndMaterials { cap, .. } => cap.as_ref().map_or(Decimal::ZERO, |cap| cap.limit.amount),
        FixedFee { price, .. } => price.amount,
        Retainer(term) => term.hours_per_month * term.hourly_rate,
    };
    quote.lines.iter().map(worth).sum()
}

/// Documents to look up by number after a turn: each posted invoice with what is credited and still open.
/// Nothing when the turn moved no money.
pub fn documents(key: &str, account: Option<&Account>, recorded: &[EventDraft]) -> Vec<(String, Value)> {
    let moves_money = recorded.iter().any(|event| MONEY_MOVES.contains(&event.kind.as_str()));
    let Some(account) = account.filter(|_| moves_money) else { return Vec::new() };
    let document = |state: &billing::account::InvoiceState| {
        if state.whole.is_some() {
            return None; // its number is its group's document's
        }
        let number = state.invoice.number.clone()?;
        let value = json!({
            "key": key, "invoice": state.invoice, "credited": state.credited, "open": state.open().amount,
            "status": state.status(),
        });
        Some((number, value))
    };
    account.invoices.values().filter_map(document).collect()
}

/// The same of a group's documents.
pub fn group_documents(key: &str, group: Option<&Group>, recorded: &[EventDraft]) -> Vec<(String, Value)> {
    let moves_money = recorded.iter().any(|event| GROUP_MONEY_MOVES.contains(&event.kind.as_str()));
    let Some(group) = group.filter(|_| moves_money) else { return Vec::new() };
    let document = |(id, whole): (&Id, &billing::group::Whole)| {
        let number = whole.invoice.number.clone()?;
        let (open, status) = (group.open(id)?.amount, group.status(id)?);
        let value = json!({
            "key": key, "invoice": whole.invoice, "credited": whole.credited(), "open": open, "status": status,
        });
        Some((number, value))
    };
    group.documents.iter().filter_map(document).collect()
}

/// Events after which an invoice reads differently.
const MONEY_MOVES: [&str; 2] = ["billing.invoice_posted", "billing.payment_applied"];

/// Events after which a group's invoice reads differently.
const GROUP_MONEY_MOVES: [&str; 3] = ["group.invoice_posted", "group.part_credited", "group.payment_applied"];
