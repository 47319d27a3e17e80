//! Invoices, prepayment invoices and credit memos. A posted document is never changed: a repeat
//! finds it by its external id and answers with what NetSuite holds.

use std::collections::{BTreeMap, BTreeSet};

use quoin_sdk::{Fault, FaultKind, Invoice, InvoiceLine, InvoiceType, Item, ObjectKind, Outcome, exact};
use serde::Deserialize;

use super::after_write;
use crate::api::{Api, Found, MAX_ROWS, Replace, quoted};
use crate::config::Custom;
use crate::fault::About;
use crate::map::invoice as map;
use crate::wire::{Document, Ref};

pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    if item.delete {
        let message = "a posted document is not deleted; write a credit note that refers to it";
        return Ok(Outcome::rejected(item, Fault::new(FaultKind::Unsupported, "NO_DELETE", message)));
    }
    let invoice: Invoice = item.object()?;
    let record = map::record(invoice.kind);
    if let Some(found) = existing(api, item, record)? {
        return Ok(answer(item, &invoice, &found, Outcome::unchanged(item, &found.identity.id)));
    }
    let body = body(api, item, &invoice)?;
    let replace: Replace = if invoice.kind == InvoiceType::CreditNote { &["item", "apply"] } else { &["item"] };
    let id = api.upsert(record, &item.id, &body, replace, About::Invoice)?;
    let Some(found) = api.find::<Document>(record, &id).map_err(after_write)? else {
        return Err(Fault::unknown_outcome(format!("{record} {id} was accepted but cannot be read yet")));
    };
    Ok(answer(item, &invoice, &found, Outcome::created(item, &id)))
}

/// The document, if an earlier attempt posted it.
fn existing(api: &Api<'_>, item: &Item, record: &str) -> Result<Option<Found<Document>>, Fault> {
    match (api.by_external(record, &item.id)?, &item.external) {
        (None, Some(id)) => api.find(record, id),
        (found, _) => Ok(found),
    }
}

/// The outcome, with NetSuite's number; rejected with both figures when the totals differ.
fn answer(item: &Item, invoice: &Invoice, found: &Found<Document>, done: Outcome) -> Outcome {
    let id = &found.identity.id;
    let outcome = match map::posted(invoice, id, &found.fields).and_then(|posted| done.data(&posted)) {
        Ok(outcome) => outcome,
        Err(fault) => {
            let mut refused = Outcome::rejected(item, fault);
            refused.external = Some(id.clone());
            refused
        }
    };
    match &found.identity.last_modified_date {
        Some(version) => outcome.version(version),
        None => outcome,
    }
}

fn body(api: &Api<'_>, item: &Item, invoice: &Invoice) -> Result<Document, Fault> {
    let customer = item
        .external_of(ObjectKind::Customer, &invoice.customer)
        .ok_or_else(|| Fault::missing_reference("/customer", ObjectKind::Customer))?;
    let job = match &invoice.project {
        None => None,
        Some(project) => Some(
            item.external_of(ObjectKind::Project, project)
                .ok_or_else(|| Fault::missing_reference("/project", ObjectKind::Project))?,
        ),
    };
    let original = if invoice.kind == InvoiceType::CreditNote { Some(original(api, invoice)?) } else { None };
    let targets = map::Targets { customer, job, items: items(api, invoice)?, original: original.as_ref() };
    map::document(invoice, &api.config, targets)
}

/// A sold line. Query columns, all text.
#[derive(Debug, Deserialize)]
struct SoldLine {
    contract: String,
    line: String,
    item: String,
}

/// The contract that a line bills: the document's, unless it bills several.
fn contract_of<'a>(invoice: &'a Invoice, line: &'a InvoiceLine) -> &'a str {
    line.contract_number.as_deref().unwrap_or(&invoice.contract_number)
}

/// The item of each line: what the contract's sales order sells on it. A contract without an order
/// of this connection takes the item that the configuration maps to the line's unit.
fn items(api: &Api<'_>, invoice: &Invoice) -> Result<Vec<Ref>, Fault> {
    let column = api.field(Custom::ContractLine);
    let contract = api.field(Custom::Contract);
    let contracts: BTreeSet<&str> = invoice.lines.iter().map(|line| contract_of(invoice, line)).collect();
    let contracts: Vec<String> = contracts.into_iter().map(quoted).collect();
    let query = format!(
        "SELECT t.{contract} AS contract, l.{column} AS line, l.item AS item FROM transaction t \
         JOIN transactionline l ON l.transaction = t.id \
         WHERE t.type = 'SalesOrd' AND t.{contract} IN ({}) AND l.{column} IS NOT NULL AND l.item IS NOT NULL \
         ORDER BY t.id, l.id",
        contracts.join(", "),
    );
    let rows = api.ask::<SoldLine>(&query, MAX_ROWS)?.items.into_iter();
    let sold: BTreeMap<(String, String), String> = rows.map(|row| ((row.contract, row.line), row.item)).collect();
    let mut items = Vec::with_capacity(invoice.lines.len());
    for (at, line) in invoice.lines.iter().enumerate() {
        let contract = contract_of(invoice, line);
        let by_order = sold.get(&(contract.to_owned(), line.contract_line.clone())).map(Ref::to);
        let item = by_order.or_else(|| api.config.item_of_unit(line.quantity.unit)).ok_or_else(|| {
            let message = format!(
                "no sales order of contract {contract} sells line {}; write the billing set-up first",
                line.contract_line
            );
            Fault::new(FaultKind::NotFound, "CONTRACT_LINE_UNKNOWN", message).at(format!("/lines/{at}/contract_line"))
        })?;
        items.push(item);
    }
    Ok(items)
}

/// An invoice found by number. Query columns, all text.
#[derive(Debug, Deserialize)]
struct OpenInvoice {
    id: String,
    #[serde(default)]
    open: Option<String>,
}

/// The invoice that a credit note corrects, by its number.
fn original(api: &Api<'_>, invoice: &Invoice) -> Result<map::Original, Fault> {
    let missing =
        |message: String| Fault::new(FaultKind::NotFound, "ORIGINAL_UNKNOWN", message).at("/preceding_invoice");
    let Some(number) = &invoice.preceding_invoice else {
        return Err(missing("a credit note names the invoice it corrects (BT-25)".into()));
    };
    let query = format!(
        "SELECT id, foreignamountunpaid AS open FROM transaction WHERE type = 'CustInvc' AND tranid = {}",
        quoted(number)
    );
    let page = api.ask::<OpenInvoice>(&query, 2)?;
    let [found] = page.items.as_slice() else {
        return Err(missing(format!("NetSuite has {} invoices with number {number}", page.items.len())));
    };
    let open = found.open.as_deref().and_then(exact::parse).unwrap_or_default();
    Ok(map::Original { id: found.id.clone(), open })
}
