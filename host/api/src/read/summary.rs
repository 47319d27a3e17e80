//! An event in one line, in words a person in finance or delivery would use. A kind that is not known
//! here is told by its own name: no event is ever hidden.

use process::Event;
use serde_json::Value;

use super::account::in_words;
use super::entry::{Fact, Tone};
use super::pick::{decimal, money, text, words};
use crate::format;

/// What happened, and how to look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// One line.
    pub text: String,
    /// How to look at it.
    pub tone: Tone,
}

fn line(tone: Tone, text: impl Into<String>) -> Line {
    Line { text: text.into(), tone }
}

/// The line of an event.
pub fn of(event: &Event) -> Line {
    let body = &event.body;
    match event.kind.as_str() {
        "record.sighted" => sighted(event),
        "quote.accepted" => accepted(body),
        "gates.checked" => gates(body),
        "project.shell_created" => line(Tone::Good, format!("Project shell created{}", project(body))),
        "project.billing_provisioned" => line(Tone::Good, "Billing structure confirmed"),
        "project.held" => line(Tone::Warn, format!("Project on hold until finance can bill it{}", project(body))),
        "project.activated" => line(Tone::Good, format!("Project active{}", project(body))),
        "project.staffed" => line(Tone::Good, "The team is committed"),
        "webhook.received" => line(Tone::Plain, format!("Webhook received{}", from(event))),
        "time.recorded" => line(Tone::Plain, time_told(body)),
        "milestone.accepted" => {
            line(Tone::Good, format!("Milestone {} accepted by the customer", some(body, "/milestone/code")))
        }
        "milestone.withdrawn" => {
            line(Tone::Warn, format!("Acceptance of milestone {} withdrawn", some(body, "/milestone/code")))
        }
        "financials.reported" => line(
            Tone::Plain,
            format!("Cost and revenue of line {} reported{}", some(body, "/financials/contract_line"), from(event)),
        ),
        "retainer.due" => line(
            Tone::Plain,
            format!("Retainer on line {} due for the period from {}", some(body, "/line"), some(body, "/period_start")),
        ),
        "invoice.checked" => line(Tone::Good, "The document keeps every rule of EN 16931"),
        "timer.fired" => {
            line(Tone::Plain, format!("Timer fired{}", colon(text(body, &["/name", "/timer", "/event/kind"]))))
        }
        "process.completed" => line(Tone::Good, format!("Process finished{}", colon(process(event)))),
        "plugin.loaded" => line(Tone::Plain, format!("Plugin {} {} loaded", some(body, "/id"), some(body, "/version"))),
        "deal.paid" => line(Tone::Good, "Everything billed is paid"),
        "deal.cancelled" => line(Tone::Warn, "Deal cancelled"),
        kind => match kind.split_once('.') {
            Some(("command", _)) => command(event),
            Some(("exception", what)) => exception(event, what),
            Some(("billing", what)) => super::billing_words::of(what, body),
            Some(("invoice" | "payment" | "credit", _)) => document(event),
            Some(("assignment", what)) => assignment(what, body),
            Some(("group" | "part", _)) => grouped(event),
            _ => unknown(event),
        },
    }
}

fn sighted(event: &Event) -> Line {
    let body = &event.body;
    let object = text(body, &["/object"]).unwrap_or_else(|| "record".into());
    let by = text(body, &["/by", "/via", "/source"]).or_else(|| event.cause.by.clone());
    let connection = text(body, &["/connection"]).or_else(|| event.cause.connection.clone());
    let known = if body.get("changed") == Some(&Value::Bool(false)) { "; nothing new" } else { "" };
    let place = connection.map_or(String::new(), |connection| format!(" in {connection}"));
    let name = text(body, &["/record/name"]).map_or(String::new(), |name| format!(" \u{201c}{name}\u{201d}"));
    let by = by.map_or(String::new(), |by| format!(" by {by}"));
    line(Tone::Plain, format!("{}{name} seen{place}{by}{known}", words(&object)))
}

fn from(event: &Event) -> String {
    event.cause.connection.as_deref().map_or(String::new(), |connection| format!(" from {connection}"))
}

fn time_told(body: &Value) -> String {
    let who = text(body, &["/entry/resource"]).unwrap_or_else(|| "Somebody".into());
    let hours = decimal(body, &["/entry/minutes"]).map_or(String::new(), |minutes| format!(": {}", in_words(minutes)));
    let date = text(body, &["/entry/date"]).map_or(String::new(), |date| format!(" on {date}"));
    let status = text(body, &["/entry/status"]).map_or(String::new(), |status| format!(", {status}"));
    format!("Time of {who}{hours}{date}{status}")
}

fn accepted(body: &Value) -> Line {
    let number = text(body, &["/quote/number", "/number"]);
    let version = text(body, &["/quote/version", "/version"]).map_or(String::new(), |version| format!(" v{version}"));
    let customer = text(body, &["/quote/customer/name", "/customer/name", "/customer"]);
    let customer = customer.map_or(String::new(), |name| format!(" by {name}"));
    line(Tone::Good, format!("Quote {}{version} accepted{customer}", number.unwrap_or_default()))
}

fn gates(body: &Value) -> Line {
    let gates = body.get("gates").and_then(Value::as_array).cloned().unwrap_or_default();
    let failed: Vec<&Value> = gates.iter().filter(|gate| gate["passed"] != Value::Bool(true)).collect();
    match failed.first() {
        None => line(Tone::Good, format!("{} of {} gates passed", gates.len(), gates.len())),
        Some(first) => {
            let name = first["name"].as_str().unwrap_or("?");
            let why = colon(text(first, &["/message"]));
            let more = if failed.len() > 1 { format!(" (and {} more)", failed.len() - 1) } else { String::new() };
            line(Tone::Bad, format!("Gate '{name}' says no{why}{more}"))
        }
    }
}

fn project(body: &Value) -> String {
    let code = text(body, &["/project/code", "/code", "/project_code"]);
    code.map_or(String::new(), |code| format!(": {code}"))
}

/// The process a step belongs to: `quote-to-project@1/setup/psa` is of `quote-to-project`.
fn process(event: &Event) -> Option<String> {
    text(&event.body, &["/flow", "/process"]).or_else(|| event.cause.step.clone())
}

fn command(event: &Event) -> Line {
    let body = &event.body;
    let object = counted(body, &text(body, &["/object"]).map_or("record".into(), |object| object.replace('_', " ")));
    let system = text(body, &["/connection", "/role"]).unwrap_or_else(|| "a connected system".into());
    let attempts = body.get("attempts").and_then(Value::as_u64).unwrap_or(1);
    let attempt = if attempts > 1 { format!(" at attempt {attempts}") } else { String::new() };
    let why = fault(body);
    match event.kind.as_str() {
        "command.decided" => line(Tone::Plain, format!("Decided to write {object} to {system}")),
        "command.done" => line(Tone::Plain, format!("{} in {system}{attempt}", written(body, &object))),
        "command.refused" => line(Tone::Bad, format!("{system} refused {object}{why}")),
        "command.failed" => line(Tone::Bad, format!("Writing {object} to {system} was given up{attempt}{why}")),
        "command.retried" => {
            line(Tone::Warn, format!("Writing {object} to {system} will be tried again{attempt}{why}"))
        }
        "command.unknown" => {
            line(Tone::Warn, format!("What became of {object} in {system} is unknown: looking it up{why}"))
        }
        kind => line(Tone::Plain, format!("{}: {object}, {system}", words(kind))),
    }
}

/// `7 tasks`, or `project` for a single one.
fn counted(body: &Value, object: &str) -> String {
    let count = ["objects", "ids"].iter().find_map(|field| Some(body.get(field)?.as_array()?.len())).unwrap_or(1);
    if count == 1 { object.to_owned() } else { format!("{count} {object}s") }
}

/// `Project created`, with the vendor's id for a single one.
fn written(body: &Value, object: &str) -> String {
    let status = text(body, &["/objects/0/status"]).unwrap_or_else(|| "written".into());
    let external = text(body, &["/objects/0/external"]).filter(|_| body.pointer("/objects/1").is_none());
    let external = external.map_or(String::new(), |external| format!(" as {external}"));
    format!("{} {status}{external}", words(object))
}

fn fault(body: &Value) -> String {
    colon(text(body, &["/fault/message", "/outcome/fault/message", "/error"]))
}

fn exception(event: &Event, what: &str) -> Line {
    let body = &event.body;
    match what {
        "opened" => {
            let message = text(body, &["/exception/fault/message", "/fault/message"]);
            let owner =
                text(body, &["/exception/owner", "/owner"]).map_or(String::new(), |owner| format!(" (owner: {owner})"));
            line(Tone::Bad, format!("Needs attention{}{owner}", colon(message)))
        }
        "resolved" => {
            let by = text(body, &["/by"]).map_or(String::new(), |by| format!(" by {by}"));
            line(Tone::Good, format!("Exception resolved{by}"))
        }
        "withdrawn" => line(Tone::Warn, format!("Nobody mended it in time: taken back{}", fault(body))),
        "overdue" => line(Tone::Warn, "The time to mend it is over"),
        "retry_requested" => {
            let by = event.cause.by.as_deref().map_or(String::new(), |by| format!(" by {by}"));
            line(Tone::Plain, format!("Retry asked for{by}"))
        }
        _ => unknown(event),
    }
}

fn document(event: &Event) -> Line {
    let body = &event.body;
    let number = text(body, &["/invoice/number", "/number", "/invoice_number", "/data/number"]);
    let named = number.map_or(String::new(), |number| format!(" {number}"));
    let credit = text(body, &["/invoice/kind", "/kind"]).as_deref() == Some("381");
    let what = if credit { "Credit note" } else { "Invoice" };
    match event.kind.as_str() {
        "invoice.posted" => {
            let gross = money(body, &["/invoice/totals/gross", "/totals/gross", "/gross"]);
            let gross = gross.map_or(String::new(), |gross| format!(": {}", format::money(&gross)));
            line(Tone::Money, format!("{what}{named} posted{gross}"))
        }
        "payment.received" => {
            let amount = money(body, &["/payment/amount", "/amount"]);
            let amount = amount.map_or(String::new(), |amount| format!(" of {}", format::money(&amount)));
            let on = if named.is_empty() { String::new() } else { format!(" on invoice{named}") };
            line(Tone::Money, format!("Payment{amount} received{on}"))
        }
        kind => line(Tone::Money, format!("{}{named}", words(kind))),
    }
}

/// Contracts that are billed together.
fn grouped(event: &Event) -> Line {
    let body = &event.body;
    let contract = || some(body, "/contract");
    let parts = || body.get("parts").and_then(Value::as_array).map_or(0, Vec::len);
    let amount =
        |pointer: &str| money(body, &[pointer]).map_or(String::new(), |amount| format!(": {}", format::money(&amount)));
    match event.kind.as_str() {
        "group.join_requested" => line(Tone::Plain, "To be billed together with the customer's other contracts"),
        "group.member_joined" => line(Tone::Plain, format!("{} is billed with this group from now on", contract())),
        "group.part_reported" => line(Tone::Plain, "Reported to the group what it bills"),
        "group.part_collected" if parts() == 0 => line(Tone::Plain, format!("{} has nothing to bill", contract())),
        "group.part_collected" => line(Tone::Plain, format!("{} brought its part", contract())),
        "group.close_requested" if some(body, "/why") == "late" => {
            line(Tone::Warn, "Not every contract has reported: billing those that have")
        }
        "group.close_requested" => line(Tone::Plain, "Every contract has reported"),
        "group.invoice_drafted" => {
            line(Tone::Money, format!("One invoice for {} parts drafted{}", parts(), amount("/invoice/totals/gross")))
        }
        "group.invoice_released" => line(Tone::Good, "The invoice may go out"),
        "group.invoice_discarded" => {
            line(Tone::Warn, format!("The invoice was sent back{}", colon(text(body, &["/reason"]))))
        }
        "group.invoice_posted" => line(Tone::Money, format!("Invoice {} booked", some(body, "/number"))),
        "group.payment_applied" => {
            line(Tone::Money, format!("Payment spread over {} parts{}", parts(), amount("/amount")))
        }
        "group.part_credited" => line(Tone::Money, format!("Less is open by a credit note{}", amount("/gross"))),
        "part.posted" => line(Tone::Money, format!("Its part of invoice {} is posted", some(body, "/number"))),
        "part.returned" => line(Tone::Warn, format!("Its part was sent back{}", colon(text(body, &["/reason"])))),
        _ => unknown(event),
    }
}

fn assignment(what: &str, body: &Value) -> Line {
    let who = text(body, &["/assignment/resource_name", "/assignment/resource", "/resource_name", "/resource"]);
    let role = text(body, &["/assignment/role", "/role"]).map_or(String::new(), |role| format!(" as {role}"));
    line(Tone::Plain, format!("{} {}{role}", who.unwrap_or_else(|| "Somebody".into()), what.replace('_', " ")))
}

fn unknown(event: &Event) -> Line {
    line(Tone::Plain, words(&event.kind))
}

fn some(body: &Value, pointer: &str) -> String {
    text(body, &[pointer]).unwrap_or_default()
}

fn colon(text: Option<String>) -> String {
    text.map_or(String::new(), |text| format!(": {text}"))
}

/// What else of an event is worth reading at a glance, in this order where it is there.
pub fn facts(event: &Event) -> Vec<Fact> {
    const FACTS: [(&str, &[&str]); 12] = [
        ("Step", &["/step"]),
        ("Role", &["/role"]),
        ("Object", &["/object"]),
        ("Vendor id", &["/external", "/objects/0/external", "/outcome/objects/0/external"]),
        ("Attempts", &["/attempts"]),
        ("Fault", &["/fault/code", "/outcome/fault/code", "/exception/fault/code"]),
        ("Field", &["/fault/field", "/outcome/fault/field", "/exception/fault/field"]),
        ("Suggested", &["/exception/suggestion", "/suggestion"]),
        ("Due", &["/exception/due", "/invoice/due_on"]),
        ("Person", &["/entry/resource", "/entry/resource_name"]),
        ("Work date", &["/entry/work_date", "/work_date", "/date"]),
        ("Rate", &["/rate", "/hourly_rate"]),
    ];
    let mut facts: Vec<Fact> = FACTS
        .iter()
        .filter_map(|(label, pointers)| Some(Fact { label: (*label).into(), value: text(&event.body, pointers)? }))
        .collect();
    if let Some(hours) = decimal(&event.body, &["/hours", "/billed_hours"]) {
        facts.push(Fact { label: "Hours".into(), value: format::number(hours) });
    }
    facts
}
