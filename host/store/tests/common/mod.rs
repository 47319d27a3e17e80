//! Rows for the tests of this room.
#![allow(dead_code)]

use std::borrow::Borrow;
use std::sync::Arc;

use ports::{Commit, Expect, Op, Sighting, XrefRow};
use process::wheel::TimerEvent;
use process::{
    Cause, Command, Event, EventDraft, Exception, ExceptionStatus, Fault, FaultKind, Operation, Retry, TimerRow,
};
use quoin_canonical::{Id, Timestamp};
use serde_json::json;

pub fn id(name: &str) -> Id {
    Id::derived(&[name])
}

/// Seconds after the tests' beginning of time.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_446_500 + second).unwrap()
}

pub fn draft(name: &str, key: &str) -> EventDraft {
    EventDraft {
        id: id(name),
        kind: "quote.accepted".into(),
        key: key.into(),
        at: at(0),
        cause: Cause { by: Some("poll".into()), ..Cause::default() },
        body: json!({ "name": name, "amount": { "value": "195.00", "currency": "EUR" } }),
    }
}

pub fn command(name: &str, key: &str, priority: u8) -> Command {
    Command {
        id: id(name),
        key: key.into(),
        instance: id("instance"),
        step: "quote-to-project@1/setup/psa_project".into(),
        role: "psa".into(),
        connection: "psa-main".into(),
        operation: Operation::Apply { object: "project".into(), objects: vec![json!({ "name": name })] },
        retry: Retry::default(),
        priority,
        decided_at: at(0),
        attempts: 0,
        unknown: false,
    }
}

pub fn put_command(name: &str, key: &str, priority: u8, due: i64) -> Op {
    Op::PutCommand { command: command(name, key, priority), not_before: at(due) }
}

pub fn timer(name: &str, due: i64) -> TimerRow {
    let event = TimerEvent { kind: "step.late".into(), key: "K-1".into(), body: json!({ "step": name }) };
    TimerRow { id: id(name), due: at(due), event }
}

pub fn xref(connection: &str, external: &str, canonical: &str) -> XrefRow {
    XrefRow {
        connection: connection.into(),
        object: "project".into(),
        external: external.into(),
        id: id(canonical),
        key: Some("K-1".into()),
    }
}

pub fn sighting(external: &str, version: u32) -> Sighting {
    let row = json!({
        "connection": "crm-main", "object": "quote", "external": external, "version": version.to_string(),
        "fingerprint": format!("{version:064x}"), "data": { "version": version },
    });
    serde_json::from_value(row).unwrap()
}

pub fn exception(name: &str, opened: i64, resolved: Option<i64>) -> Exception {
    Exception {
        id: id(name),
        key: "K-1".into(),
        customer: "Helix GmbH".into(),
        instance: id("instance"),
        step: "setup".into(),
        fault: Fault::new(FaultKind::InvalidData, "tax-code", "tax code missing"),
        amount: Some("120000.00 EUR".into()),
        owner: "finance-ops".into(),
        due: at(opened + 3600),
        suggestion: "add the tax code".into(),
        opened_at: at(opened),
        status: resolved
            .map_or(ExceptionStatus::Open, |second| ExceptionStatus::Resolved { at: at(second), by: "ana".into() }),
    }
}

pub fn document(key: &str, value: u64) -> Op {
    Op::PutDocument { collection: "account".into(), key: key.into(), value: json!({ "value": value }).into() }
}

pub fn ops(ops: Vec<Op>) -> Commit {
    Commit { expect: Vec::new(), ops }
}

pub fn guarded(expect: Expect, ops: Vec<Op>) -> Commit {
    Commit { expect: vec![expect], ops }
}

pub fn seqs(events: &[impl Borrow<Event>]) -> Vec<u64> {
    events.iter().map(|event| event.borrow().seq).collect()
}

pub fn names(commands: &[Command]) -> Vec<String> {
    let name = |command: &Command| match &command.operation {
        Operation::Apply { objects, .. } => objects[0]["name"].as_str().unwrap().to_string(),
    };
    commands.iter().map(name).collect()
}

/// Everything that the tests ever write, as one text: two ledgers with the same text hold the same.
pub async fn dump(store: &dyn ports::Ledger) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let mut line = |name: &str, value: serde_json::Value| writeln!(text, "{name}: {value}").unwrap();
    let end = at(1_000_000_000);
    let log = store.log(0, usize::MAX).await;
    line("log", json!(log.iter().map(Arc::as_ref).collect::<Vec<_>>()));
    for partition in 0..ports::PARTITIONS {
        line("partition", json!(seqs(&store.events(partition, 0, usize::MAX).await)));
        line("position", json!(store.position("conductor", partition).await));
    }
    for key in ["K-0", "K-1", "K-2"] {
        line("events of key", json!(seqs(&store.events_of_key(key, 0, usize::MAX).await)));
        line("commands of key", json!(store.commands_of_key(key).await));
    }
    for (key, value) in store.documents("account", "", "", usize::MAX).await {
        let version = store.document("account", &key).await.unwrap().1;
        line("document", json!([key, value, version]));
    }
    line("timers", json!(store.due_timers(end, usize::MAX).await));
    line("open commands", json!(store.open_commands().await));
    line("next due", json!(store.next_due().await));
    for n in 0..4 {
        let name = n.to_string();
        line("xref", json!(store.xref("crm", "project", &name).await));
        line("xrefs", json!(store.xrefs_of(&id(&name)).await));
        line("sighting", json!(store.sighting("crm-main", "quote", &name).await));
        line("cursor", json!(store.cursor(&name).await));
        line("event", json!(store.event(&id(&format!("e{name}"))).await));
    }
    line("exceptions", json!(store.exceptions(true, usize::MAX).await));
    line("open exceptions", json!(store.exceptions(false, usize::MAX).await));
    line("head", json!(*store.head().borrow()));
    text
}
