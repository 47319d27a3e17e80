//! Rules for sales orders, invoices, credit memos and payments.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::account::{Account, Record};
use crate::doc::{self, Doc, number};
use crate::refusal::Refusal;

use super::entities::default_currency;
use super::lines::total;

/// Fields of a posted document that may still change: they touch no ledger.
const FREE_TEXT: [&str; 2] = ["memo", "otherRefNum"];

pub(super) fn sales_order(account: &Account, fields: &mut Doc, now: Timestamp) -> Result<(), Refusal> {
    party(account, fields, "entity")?;
    dated(fields, now)?;
    total(account, fields)?;
    let closed = doc::lines(fields, "item").all(|line| doc::flag(line, "isClosed"));
    let (id, shown) = if closed { ("H", "Closed") } else { ("F", "Pending Billing") };
    fields.insert("status".into(), json!({"id": id, "refName": shown}));
    Ok(())
}

pub(super) fn invoice(
    account: &Account,
    old: Option<&Record>,
    fields: &mut Doc,
    now: Timestamp,
) -> Result<(), Refusal> {
    party(account, fields, "entity")?;
    let day = dated(fields, now)?;
    due(account, fields, day)?;
    total(account, fields)?;
    fields.entry("status").or_insert_with(|| json!({"id": "Open", "refName": "Open"}));
    posting(account, old, fields, day)
}

pub(super) fn credit_memo(
    account: &Account,
    old: Option<&Record>,
    fields: &mut Doc,
    now: Timestamp,
) -> Result<(), Refusal> {
    party(account, fields, "entity")?;
    let day = dated(fields, now)?;
    total(account, fields)?;
    if old.is_none() {
        let whole = doc::amount(fields, "total");
        credit_fits_original(account, fields, whole)?;
        applications(account, fields, "entity", whole)?;
    }
    posting(account, old, fields, day)
}

pub(super) fn payment(
    account: &Account,
    old: Option<&Record>,
    fields: &mut Doc,
    now: Timestamp,
) -> Result<(), Refusal> {
    party(account, fields, "customer")?;
    let day = dated(fields, now)?;
    if old.is_none() {
        applications(account, fields, "customer", doc::amount(fields, "payment"))?;
    }
    fields.entry("status").or_insert_with(|| json!({"id": "C", "refName": "Deposited"}));
    posting(account, old, fields, day)
}

/// Company and currency follow the customer; a project must be the customer's own.
fn party(account: &Account, fields: &mut Doc, field: &str) -> Result<(), Refusal> {
    let customer = doc::reference(fields, field).and_then(|id| account.record("customer", id));
    let Some(customer) = customer else { return Ok(()) };
    if doc::flag(&customer.fields, "isInactive") {
        return Err(Refusal::user_error("The customer is inactive.").at_path(field));
    }
    let company = customer.fields.get("subsidiary").cloned();
    match (company, fields.get("subsidiary")) {
        (Some(company), None) => {
            fields.insert("subsidiary".into(), company);
        }
        (Some(company), Some(own)) if company.get("id") != own.get("id") => {
            let detail = "The subsidiary of the transaction must be a subsidiary of the customer.";
            return Err(Refusal::user_error(detail).at_path("subsidiary"));
        }
        _ => {}
    }
    let job = doc::reference(fields, "job").and_then(|id| account.record("job", id));
    if job.is_some_and(|job| doc::reference(&job.fields, "parent") != Some(customer.id)) {
        return Err(Refusal::user_error("The project belongs to another customer.").at_path("job"));
    }
    default_currency(account, fields);
    Ok(())
}

fn dated(fields: &mut Doc, now: Timestamp) -> Result<Date, Refusal> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let day = doc::date(fields, "tranDate").unwrap_or(today);
    fields.insert("tranDate".into(), day.to_string().into());
    Ok(day)
}

/// Without a due date the terms decide: the document's, else the customer's, else due at once.
fn due(account: &Account, fields: &mut Doc, day: Date) -> Result<(), Refusal> {
    if let Some(due) = doc::date(fields, "dueDate") {
        if due < day {
            return Err(Refusal::user_error("The due date is before the date of the transaction.").at_path("dueDate"));
        }
        return Ok(());
    }
    let customer = doc::reference(fields, "entity").and_then(|id| account.record("customer", id));
    let terms = doc::reference(fields, "terms")
        .or_else(|| customer.and_then(|customer| doc::reference(&customer.fields, "terms")));
    let days = account.lists.terms.iter().find(|term| Some(term.id) == terms).map_or(0, |term| term.days);
    let due = day.checked_add(days.days()).map_err(|_| Refusal::user_error("Invalid due date.").at_path("dueDate"))?;
    fields.insert("dueDate".into(), due.to_string().into());
    Ok(())
}

/// A new document needs an open period; a posted one stays as it is.
fn posting(account: &Account, old: Option<&Record>, fields: &Doc, day: Date) -> Result<(), Refusal> {
    if let Some(old) = old {
        let changed = |(name, value): (&String, &Value)| {
            !FREE_TEXT.contains(&name.as_str()) && old.fields.get(name) != Some(value)
        };
        let removed = |name: &&String| !FREE_TEXT.contains(&name.as_str()) && !fields.contains_key(*name);
        if let Some(name) =
            fields.iter().find(|entry| changed(*entry)).map(|(name, _)| name).or(old.fields.keys().find(removed))
        {
            let detail = "This transaction is posted and cannot be changed. Create a credit memo instead.";
            return Err(Refusal::user_error(detail).at_path(name.as_str()));
        }
        return Ok(());
    }
    if account.closed_through.is_some_and(|through| day <= through) {
        let detail = "The transaction date you specified is not within the date range of your accounting period: the period is closed.";
        return Err(Refusal::user_error(detail).at_path("tranDate"));
    }
    Ok(())
}

/// Credits on an invoice never exceed it.
fn credit_fits_original(account: &Account, fields: &Doc, whole: Decimal) -> Result<(), Refusal> {
    let Some(original) = doc::reference(fields, "createdFrom") else { return Ok(()) };
    let Some(invoice) = account.record("invoice", original) else { return Ok(()) };
    let credited: Decimal = account
        .records_of("creditMemo")
        .filter(|memo| doc::reference(&memo.fields, "createdFrom") == Some(original))
        .map(|memo| doc::amount(&memo.fields, "total"))
        .sum();
    let limit = doc::amount(&invoice.fields, "total") - credited;
    if whole > limit {
        let detail = format!("The credit of {whole} is more than the {limit} left to credit on {}.", invoice.name());
        return Err(Refusal::user_error(detail).at_path("createdFrom"));
    }
    Ok(())
}

/// What is applied must be open on an invoice of the same customer, and there must be enough of it.
fn applications(account: &Account, fields: &mut Doc, party: &str, whole: Decimal) -> Result<(), Refusal> {
    let customer = doc::reference(fields, party);
    let mut left = whole;
    for (at, line) in doc::lines_mut(fields, "apply").enumerate() {
        let path = |name: &str| format!("apply.items[{at}].{name}");
        let invoice = doc::reference(line, "doc").and_then(|id| account.record("invoice", id));
        let Some(invoice) = invoice else {
            return Err(Refusal::user_error("Please enter value(s) for: Apply to").at_path(path("doc")));
        };
        if doc::reference(&invoice.fields, "entity") != customer {
            return Err(Refusal::user_error("The invoice belongs to another customer.").at_path(path("doc")));
        }
        let open = account.open_amount(invoice);
        let amount = line.get("amount").and_then(doc::decimal).unwrap_or_else(|| open.min(left));
        if amount > open || amount <= Decimal::ZERO {
            let detail = format!("The amount {amount} cannot be applied: {open} is open on {}.", invoice.name());
            return Err(Refusal::user_error(detail).at_path(path("amount")));
        }
        if amount > left {
            let detail = format!("The amount {amount} is more than the {left} left to apply.");
            return Err(Refusal::user_error(detail).at_path(path("amount")));
        }
        left -= amount;
        line.insert("apply".into(), true.into());
        line.insert("amount".into(), number(amount));
    }
    Ok(())
}
