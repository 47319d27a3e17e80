//! The evidence pack of a document: everything a dispute needs, in one archive, with a digest of
//! each file. Reads only.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use billing::event::Source;
use process::Event;
use quoin_canonical::{Id, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{conservation, explanation, export, group, invoices};
use crate::archive::Archive;
use crate::{ApiState, Problem};

/// Events read at once.
const PAGE: usize = 500;

/// Events of one deal in a pack at most: far above what a deal of years collects.
const EVENTS_MAX: usize = 200_000;

/// A pack, ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Name for a file.
    pub file: String,
    /// The archive.
    pub bytes: Vec<u8>,
}

/// One file of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Listed {
    name: String,
    what: &'static str,
    bytes: usize,
    sha256: String,
}

/// The files of a pack, collected.
#[derive(Default)]
struct Files(Vec<(String, &'static str, Vec<u8>)>);

impl Files {
    fn json(&mut self, name: &str, what: &'static str, value: &impl Serialize) {
        let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
        text.push(b'\n');
        self.0.push((name.to_owned(), what, text));
    }
}

/// Makes the pack of an invoice or credit note.
///
/// # Errors
/// 404 when there is no such document; 500 when what is stored cannot be read.
pub async fn pack(state: &ApiState, number: &str) -> Result<Pack, Problem> {
    let ledger = state.ledger.as_ref();
    let detail = invoices::one(ledger, number).await?;
    // A document that bills several contracts is told by its group's events and by theirs.
    let contracts = if detail.contracts.is_empty() { vec![detail.key.clone()] } else { detail.contracts.clone() };
    let mut events = if detail.contracts.is_empty() { Vec::new() } else { events_of(state, &detail.key).await };
    for contract in &contracts {
        events.extend(events_of(state, contract).await);
    }
    events.sort_by_key(|event| event.seq);
    let accounts = group::accounts(ledger, &contracts).await;
    let sources = accounts.values().flat_map(|account| sources(account, &detail.invoice)).collect();
    let mut files = Files::default();
    files.json("invoice.json", "the canonical document, as it was posted", &detail.invoice);
    let standing = json!({"number": detail.number, "open": detail.open, "status": detail.status});
    files.json("standing.json", "what is open on it now", &standing);
    files.json(
        "explain.json",
        "each amount down to entries, approvals, rates, rules and rounding steps",
        &explanation::of(ledger, number, None).await?.explanation,
    );
    let proofs: Vec<&Event> = events.iter().filter(|event| proves(event, &sources)).collect();
    files.json("sources.json", "the approved time, expenses and acceptances it bills, as they came in", &proofs);
    let mut lines = Vec::new();
    for event in &events {
        lines.extend(serde_json::to_vec(event).unwrap_or_default());
        lines.push(b'\n');
    }
    files.0.push(("events.ndjson".to_owned(), "every event of the deal, in order", lines));
    files.json("vendor-calls.json", "every call to a connected system, by command", &vendor_calls(&events));
    let mut recounts = Vec::new();
    for contract in &contracts {
        recounts.extend(conservation::recount(ledger, contract).await.ok());
    }
    match recounts.as_slice() {
        [one] => files.json("conservation.json", "the contract's ledger, counted again from the log", one),
        all => files.json("conservation.json", "each contract's ledger, counted again from the log", &all),
    }
    for format in export::formats(state) {
        match export::export(state, number, &format).await {
            Ok(export) => files.0.push((
                format!("document/{}", export.file),
                "the document in another form",
                export.text.into_bytes(),
            )),
            Err(problem) => files.json(&format!("document/{format}.problem.json"), "why it has no such form", &problem),
        }
    }
    Ok(archived(number, &detail.key, state.clock.now(), files))
}

fn archived(number: &str, key: &str, now: Timestamp, files: Files) -> Pack {
    let safe: String = number.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let listed: Vec<Listed> = files
        .0
        .iter()
        .map(|(name, what, bytes)| Listed {
            name: name.clone(),
            what,
            bytes: bytes.len(),
            sha256: hex::encode(digest(&SHA256, bytes)),
        })
        .collect();
    let manifest = json!({"document": number, "contract": key, "made_at": now, "files": listed});
    let mtime = u64::try_from(now.as_second()).unwrap_or(0);
    let mut archive = Archive::default();
    let mut text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
    text.push(b'\n');
    archive.add(&format!("evidence-{safe}/manifest.json"), mtime, &text);
    for (name, _, bytes) in &files.0 {
        archive.add(&format!("evidence-{safe}/{name}"), mtime, bytes);
    }
    Pack { file: format!("evidence-{safe}.tar"), bytes: archive.finish() }
}

async fn events_of(state: &ApiState, key: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.seq);
        let page = state.ledger.events_of_key(key, after, PAGE).await;
        if page.is_empty() || events.len() >= EVENTS_MAX {
            return events;
        }
        events.extend(page);
    }
}

/// Ids of the entries, expenses and milestones that a document bills or takes back.
fn sources(account: &billing::Account, invoice: &quoin_canonical::Invoice) -> BTreeSet<String> {
    let ids = invoice.lines.iter().flat_map(|line| &line.billing_events).filter_map(|id| Id::parse(id));
    let events = ids.filter_map(|id| account.billing_events.get(&id));
    events
        .filter_map(|event| match &event.source {
            Source::Time { entry, .. } => Some(entry.to_string()),
            Source::Milestone { milestone, .. } => Some(milestone.to_string()),
            Source::Expense { expense, .. } => Some(expense.to_string()),
            Source::Retainer { .. } | Source::Progress { .. } | Source::Advance { .. } => None,
        })
        .collect()
}

/// Whether an event shows a source as its system reported it, or how it was valued.
fn proves(event: &Event, sources: &BTreeSet<String>) -> bool {
    let id =
        ["/entry/header/id", "/milestone/header/id", "/expense/header/id", "/terms/entry", "/expense/id", "/milestone"]
            .iter()
            .find_map(|pointer| event.body.pointer(pointer)?.as_str());
    id.is_some_and(|id| sources.contains(id))
}

/// The traces of all commands: who was called, when, with what status.
fn vendor_calls(events: &[Event]) -> Vec<Value> {
    let of = |event: &Event| {
        let trace = event.body.get("trace")?;
        Some(json!({
            "seq": event.seq, "at": event.at, "kind": event.kind, "command": event.body.get("command"),
            "object": event.body.get("object"), "connection": event.body.get("connection"), "trace": trace,
        }))
    };
    events.iter().filter_map(of).collect()
}
