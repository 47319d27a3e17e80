//! Rules for customers, projects and billing schedules.

use rust_decimal::Decimal;
use serde_json::json;

use crate::account::{Account, Record};
use crate::doc::{self, Doc};
use crate::refusal::Refusal;

/// Two records of a kind may not carry the same id text.
fn unique_entity_id(account: &Account, name: &str, old: Option<&Record>, fields: &Doc) -> Result<(), Refusal> {
    let Some(entity_id) = doc::text(fields, "entityId") else { return Ok(()) };
    let taken = account.records_of(name).any(|record| {
        doc::text(&record.fields, "entityId") == Some(entity_id) && old.is_none_or(|old| old.id != record.id)
    });
    if taken {
        let detail = format!(
            "A {name} record with this ID already exists. You must enter a unique {name} ID for each record you create."
        );
        return Err(Refusal::user_error(detail).at_path("entityId"));
    }
    Ok(())
}

pub(super) fn customer(account: &Account, old: Option<&Record>, fields: &mut Doc) -> Result<(), Refusal> {
    unique_entity_id(account, "customer", old, fields)?;
    if let Some(old) = old
        && doc::reference(&old.fields, "subsidiary") != doc::reference(fields, "subsidiary")
        && account.records_of("invoice").any(|invoice| doc::reference(&invoice.fields, "entity") == Some(old.id))
    {
        let detail = "You cannot change the primary subsidiary of a customer with transactions.";
        return Err(Refusal::user_error(detail).at_path("subsidiary"));
    }
    fields.entry("creditHoldOverride").or_insert_with(|| json!({"id": "AUTO", "refName": "Auto"}));
    default_currency(account, fields);
    Ok(())
}

/// Without a currency the company's own applies.
pub(super) fn default_currency(account: &Account, fields: &mut Doc) {
    if fields.contains_key("currency") {
        return;
    }
    let company = doc::reference(fields, "subsidiary");
    let currency = account.lists.subsidiaries.iter().find(|s| Some(s.id) == company).map(|s| s.currency);
    if let Some(currency) = currency
        && let Some(symbol) = account.lists.find("currency", currency)
    {
        fields.insert("currency".into(), doc::refer(currency, &symbol));
    }
}

pub(super) fn job(account: &Account, old: Option<&Record>, fields: &mut Doc) -> Result<(), Refusal> {
    unique_entity_id(account, "job", old, fields)?;
    let parent = doc::reference(fields, "parent").and_then(|id| account.record("customer", id));
    let company = parent.and_then(|parent| parent.fields.get("subsidiary").cloned());
    match (company, fields.get("subsidiary")) {
        (Some(company), None) => {
            fields.insert("subsidiary".into(), company);
        }
        (Some(company), Some(own)) if company.get("id") != own.get("id") => {
            let detail = "The subsidiary of the project must be a subsidiary of its customer.";
            return Err(Refusal::user_error(detail).at_path("subsidiary"));
        }
        _ => {}
    }
    fields.entry("entityStatus").or_insert_with(|| json!({"id": "2", "refName": "In Progress"}));
    default_currency(account, fields);
    Ok(())
}

pub(super) fn schedule(fields: &mut Doc) -> Result<(), Refusal> {
    let kind = fields.get("scheduleType").and_then(|choice| choice.get("id")).and_then(|id| id.as_str());
    if kind != Some("FBM") {
        return Ok(());
    }
    if doc::reference(fields, "project").is_none() {
        return Err(Refusal::user_error("Please enter value(s) for: Project").at_path("project"));
    }
    let whole: Decimal = doc::lines(fields, "milestone").map(|line| doc::amount(line, "milestoneAmount")).sum();
    if whole != Decimal::ONE_HUNDRED {
        let detail = format!("Milestone percentages must total 100%. They total {whole}%.");
        return Err(Refusal::user_error(detail).at_path("milestone"));
    }
    Ok(())
}
