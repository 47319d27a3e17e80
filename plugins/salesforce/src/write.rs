//! Writing delivery status to opportunities, once per key.
//!
//! The record's own id makes every write an update, and `Quoin_Key__c` names the write that the
//! record holds: a repeat finds its own key there and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use quoin_sdk::{DealStage, DealStatus, Fault, FaultKind, Host, Item, Link, ObjectKind, Outcome, Request, code};

use crate::api;
use crate::config::Config;
use crate::fault;
use crate::wire::{self, Cell, Change, Collection, KEY_FIELD, OPPORTUNITY, Row, SaveResult};

/// Records in one collection update: the vendor's limit.
const RECORDS_PER_CALL: usize = 200;

/// What sales reads for each stage, where the org has no words of its own.
fn label(stage: DealStage) -> (&'static str, &'static str) {
    match stage {
        DealStage::SetUpStarted => ("set_up_started", "Set-up started"),
        DealStage::OnHold => ("on_hold", "On hold"),
        DealStage::ImplementationStarted => ("implementation_started", "Implementation started"),
        DealStage::Invoiced => ("invoiced", "Invoiced"),
        DealStage::PartiallyPaid => ("partially_paid", "Partially paid"),
        DealStage::Paid => ("paid", "Paid"),
        DealStage::Cancelled => ("cancelled", "Cancelled"),
    }
}

/// What an opportunity holds of ours.
struct Held {
    key: Option<String>,
    stamp: Option<String>,
    deleted: bool,
}

/// Writes items; one outcome per item, in order.
///
/// # Errors
/// When nothing at all was done.
pub fn apply(host: &dyn Host, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
    let config = Config::of(host)?;
    let mut outcomes: Vec<Option<Outcome>> = items.iter().map(|_| None).collect();
    let mut changes: Vec<Option<Change>> = Vec::with_capacity(items.len());
    for (item, outcome) in items.iter().zip(&mut outcomes) {
        let change = change_of(&config, item).map_err(|fault| *outcome = Some(Outcome::rejected(item, fault))).ok();
        changes.push(change);
    }
    let held = held(host, &config, changes.iter().flatten().map(|change| change.id.as_str()))?;
    let mut pending: Vec<usize> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(change) = &changes[index] else { continue };
        match before_writing(item, change, held.get(&wire_id(&change.id))) {
            Some(outcome) => outcomes[index] = Some(outcome),
            None => pending.push(index),
        }
    }
    while !pending.is_empty() {
        let (round, later) = next_round(&pending, &changes);
        pending = later;
        let written = write_round(host, &config, items, &changes, &round);
        let done = outcomes.iter().flatten().any(|outcome| outcome.fault.is_none());
        match written {
            // The whole call failed before the vendor did anything: the host decides for all.
            Err(fault) if !done && whole_call(&fault) => return Err(fault),
            Err(fault) => {
                for index in round {
                    outcomes[index] = Some(failed(&items[index], fault.clone()));
                }
            }
            Ok(rows) => {
                for (index, outcome) in rows {
                    outcomes[index] = Some(outcome);
                }
            }
        }
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// What became of these items: found when the opportunity holds the item's key.
///
/// # Errors
/// When the vendor cannot be asked.
pub fn lookup(host: &dyn Host, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
    let config = Config::of(host)?;
    let ids: Vec<Option<String>> = items.iter().map(|item| opportunity_of(item).ok()).collect();
    let held = held(host, &config, ids.iter().flatten().map(String::as_str))?;
    let outcomes = items.iter().zip(&ids).map(|(item, id)| {
        let found = id.as_deref().and_then(|id| Some((id, held.get(&wire_id(id))?)));
        match found {
            Some((id, held)) if held.key.as_deref() == Some(item.key.as_str()) => {
                with_stamp(Outcome::created(item, id), held)
            }
            _ => Outcome::absent(item, "the opportunity does not hold this write"),
        }
    });
    Ok(outcomes.collect())
}

/// The 15 characters that identify a record, whichever form the id has.
fn wire_id(id: &str) -> String {
    id.chars().take(15).collect()
}

fn with_stamp(outcome: Outcome, held: &Held) -> Outcome {
    match &held.stamp {
        Some(stamp) => outcome.version(stamp),
        None => outcome,
    }
}

/// The opportunity an item writes to. Opportunities are not canonical objects: the link carries the
/// vendor's id as it was read, or names the quote that was read from it.
fn opportunity_of(item: &Item) -> Result<String, Fault> {
    let status: DealStatus = item.object()?;
    let id = match &status.opportunity {
        Link::External(id) => Some(id.as_str()),
        link @ Link::Id(_) => item.external_of(ObjectKind::Quote, link).or(item.external.as_deref()),
    };
    match id {
        Some(id) if wire::is_id(id) => Ok(id.to_owned()),
        Some(id) => Err(Fault::invalid("/opportunity", format!("'{id}' is no opportunity id"))),
        None => Err(Fault::missing_reference("/opportunity", ObjectKind::Quote)),
    }
}

fn change_of(config: &Config, item: &Item) -> Result<Change, Fault> {
    if item.delete {
        return Err(Fault::new(FaultKind::Unsupported, "NO_DELETE", "a deal's status is changed, never deleted"));
    }
    let status: DealStatus = item.object()?;
    let mut cells = vec![
        (KEY_FIELD, Cell::Text(item.key.clone())),
        ("Quoin_Stage__c", Cell::Text(stage_label(config, status.stage))),
        ("Quoin_Reason__c", status.reason.clone().map_or(Cell::Null, Cell::Text)),
    ];
    if let Some(code) = status.project_code {
        cells.push(("Quoin_Project_Code__c", Cell::Text(code)));
    }
    if let Some(invoice) = status.invoice {
        let word = serde_json::to_value(invoice.status).ok().and_then(|v| v.as_str().map(Into::into));
        cells.extend([
            ("Quoin_Invoice_Number__c", Cell::Text(invoice.number)),
            ("Quoin_Invoice_Status__c", word.map_or(Cell::Null, Cell::Text)),
            ("Quoin_Invoice_Net__c", Cell::Number(invoice.net.amount)),
            ("Quoin_Invoice_Gross__c", Cell::Number(invoice.gross.amount)),
            ("Quoin_Invoice_Open__c", Cell::Number(invoice.open.amount)),
            ("Quoin_Invoice_Due__c", Cell::Text(invoice.due_on.to_string())),
        ]);
    }
    if !status.revenue.is_empty() {
        let text = serde_json::to_string(&status.revenue)
            .map_err(|error| Fault::new(FaultKind::Internal, "REVENUE_JSON", error.to_string()))?;
        cells.push(("Quoin_Revenue__c", Cell::Text(text)));
    }
    let own = cells.into_iter().filter_map(|(field, cell)| Some((config.field(OPPORTUNITY, field)?.to_owned(), cell)));
    Ok(Change { id: opportunity_of(item)?, cells: own.collect() })
}

fn stage_label(config: &Config, stage: DealStage) -> String {
    let (word, default) = label(stage);
    config.stage_labels.get(word).cloned().unwrap_or_else(|| default.to_owned())
}

/// What these opportunities hold of ours, by the first 15 characters of their ids.
fn held<'a>(
    host: &dyn Host,
    config: &Config,
    ids: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, Held>, Fault> {
    let key_field = config.field(OPPORTUNITY, KEY_FIELD).ok_or_else(|| {
        Fault::new(
            FaultKind::Config,
            "FIELDS",
            format!("'fields' leaves {KEY_FIELD} out; without it a repeat is not recognised"),
        )
    })?;
    let ids: Vec<&str> = ids.collect::<BTreeSet<_>>().into_iter().collect();
    let mut held = BTreeMap::new();
    for chunk in ids.chunks(api::IDS_PER_QUERY) {
        let list = api::id_list(chunk.iter().copied());
        let soql = format!("SELECT Id, IsDeleted, SystemModstamp, {key_field} FROM Opportunity WHERE Id IN ({list})");
        for members in api::query(host, config, &soql, true)? {
            let row = Row::new(OPPORTUNITY, config, &members);
            let id = row.text("Id")?.unwrap_or_default();
            let entry =
                Held { key: row.text(KEY_FIELD)?, stamp: row.text("SystemModstamp")?, deleted: row.flag("IsDeleted")? };
            held.insert(wire_id(&id), entry);
        }
    }
    Ok(held)
}

/// The outcome of an item that needs no write, or must not be written.
fn before_writing(item: &Item, change: &Change, held: Option<&Held>) -> Option<Outcome> {
    let gone = |message: &str| {
        Some(Outcome::rejected(item, Fault::new(FaultKind::NotFound, "ENTITY_IS_DELETED", message).at("/opportunity")))
    };
    match held {
        None => gone("there is no such opportunity, or the integration user may not see it"),
        Some(held) if held.deleted => gone("the opportunity is deleted"),
        Some(held) if held.key.as_deref() == Some(item.key.as_str()) => {
            Some(with_stamp(Outcome::unchanged(item, &change.id), held))
        }
        Some(held) if item.if_version.is_some() && item.if_version != held.stamp => {
            let message =
                format!("the opportunity was changed at {}", held.stamp.as_deref().unwrap_or("an unknown time"));
            Some(Outcome::conflict(item, Fault::new(FaultKind::Conflict, "MODIFIED", message)))
        }
        Some(_) => None,
    }
}

/// As many items as fit into one call, no opportunity twice; and the rest, in order.
fn next_round(pending: &[usize], changes: &[Option<Change>]) -> (Vec<usize>, Vec<usize>) {
    let (mut round, mut later) = (Vec::new(), Vec::new());
    let mut taken = BTreeSet::new();
    for &index in pending {
        let id = changes[index].as_ref().map(|change| wire_id(&change.id));
        if round.len() < RECORDS_PER_CALL && taken.insert(id) { round.push(index) } else { later.push(index) }
    }
    (round, later)
}

fn write_round(
    host: &dyn Host,
    config: &Config,
    items: &[Item],
    changes: &[Option<Change>],
    round: &[usize],
) -> Result<Vec<(usize, Outcome)>, Fault> {
    let records: Vec<&Change> = round.iter().filter_map(|&index| changes[index].as_ref()).collect();
    let cost = u32::try_from(records.len().div_ceil(RECORDS_PER_CALL)).unwrap_or(1);
    let request = Request::patch(api::url(config, "/composite/sobjects"))
        .json(&Collection { all_or_none: false, records: records.clone() })?
        .cost(cost);
    let rows: Vec<SaveResult> = api::send(host, config, request, true)?.json()?;
    if rows.len() != records.len() {
        return Err(Fault::unknown_outcome(format!("{} records were sent, {} answered", records.len(), rows.len())));
    }
    let outcomes = round.iter().zip(rows).zip(records).map(|((&index, row), change)| {
        let item = &items[index];
        let outcome = match row.errors.first() {
            _ if row.success => Outcome::updated(item, &change.id),
            Some(error) => Outcome::after_fault(item, fault::of_error(config, error, None, true)),
            None => Outcome::after_fault(item, Fault::new(FaultKind::Other, "NO_REASON", "refused without a reason")),
        };
        (index, outcome)
    });
    Ok(outcomes.collect())
}

/// Faults of a whole call that leave no doubt that nothing was done, whatever the items.
fn whole_call(fault: &Fault) -> bool {
    let certain = !matches!(fault.code.as_str(), code::UNKNOWN_OUTCOME | code::UNREADABLE_ANSWER);
    let kinds = [
        FaultKind::AuthExpired,
        FaultKind::Permission,
        FaultKind::RateLimited,
        FaultKind::Unavailable,
        FaultKind::Config,
    ];
    certain && kinds.contains(&fault.kind)
}

/// The credential's fault is not the item's: it is tried again once the connection works.
fn failed(item: &Item, fault: Fault) -> Outcome {
    match fault.kind {
        FaultKind::AuthExpired if fault.code != code::UNKNOWN_OUTCOME => Outcome::retry(item, fault),
        _ => Outcome::after_fault(item, fault),
    }
}
