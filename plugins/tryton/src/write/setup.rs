//! Billing set-ups, part by part: project, tasks, sale, and the sale's way from draft to
//! confirmed. A repeat after a crash goes on where the first attempt stopped.

use quoin_sdk::{BillingSetup, Fault, FaultKind, Item, ObjectKind, Outcome};
use serde_json::json;

use super::{DOCUMENT, party_of};
use crate::api::{Api, Context};
use crate::map::setup as map;
use crate::names;
use crate::wire::{Document, Id, NewLine, Work};

const WORK: &str = "project.work";
const SALE: &str = "sale.sale";

/// Tasks read of a project at most: a contract has far fewer lines.
const MAX_TASKS: u32 = 1_000;

pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    let setup: BillingSetup = item.object()?;
    let company = names::company_of(api, &setup.selling_entity)?;
    let context = Context::of(company);
    if item.delete {
        return cancel(api, item, company);
    }
    let party = party_of(item, &setup.customer)?;
    let found = sale(api, item, company)?;
    // What the configuration lacks is found before anything is written.
    let lines = match &found {
        None => Some(lines(api, &setup, company)?),
        Some(sale) => {
            agrees(&setup, sale)?;
            None
        }
    };
    let (project, mut changed) = project(api, &setup, company, party)?;
    changed |= tasks(api, &setup, company, project)?;
    let (sale, created) = match (found, lines) {
        (Some(sale), _) => (sale, false),
        (None, lines) => (create(api, item, &setup, company, party, lines.unwrap_or_default())?, true),
    };
    changed |= confirm(api, &sale, context)?;
    let id = sale.id.to_string();
    let outcome = match (created, changed) {
        (true, _) => Outcome::created(item, id),
        (false, true) => Outcome::updated(item, id),
        (false, false) => Outcome::unchanged(item, id),
    };
    Ok(match setup.project.id() {
        Some(canonical) => outcome.reference(ObjectKind::Project, canonical, project.to_string()),
        None => outcome,
    })
}

/// The sale of this set-up, by our marker in its reference.
fn sale(api: &Api<'_>, item: &Item, company: Id) -> Result<Option<Document>, Fault> {
    let domain = json!([["reference", "=", item.id], ["company", "=", company], ["state", "!=", "cancelled"]]);
    let mut found: Vec<Document> = api.search(SALE, domain, &DOCUMENT, 2, Context::of(company))?;
    if found.len() > 1 {
        let message = format!("Tryton has more than one sale with the reference {}; cancel the copies", item.id);
        return Err(Fault::new(FaultKind::Conflict, "SALE_TWICE", message));
    }
    Ok(found.pop())
}

/// A confirmed sale cannot be changed: other terms than it has are a person's matter.
fn agrees(setup: &BillingSetup, sale: &Document) -> Result<(), Fault> {
    let (ours, theirs) = (map::net(setup), sale.untaxed_amount.value());
    if theirs == Some(ours) {
        return Ok(());
    }
    let message = format!(
        "sale {} in Tryton is worth {} net, the contract {ours}; cancel it there and write the set-up again",
        sale.number.as_deref().unwrap_or("without number"),
        theirs.map_or("nothing".to_owned(), |net| net.to_string()),
    );
    Err(Fault::new(FaultKind::Conflict, "SALE_DIFFERS", message).at("/lines"))
}

fn lines(api: &Api<'_>, setup: &BillingSetup, company: Id) -> Result<Vec<NewLine>, Fault> {
    let mut lines = Vec::with_capacity(setup.lines.len());
    for (at, line) in setup.lines.iter().enumerate() {
        let path = format!("/lines/{at}/billing");
        let product = names::product(api, api.config.product(&line.billing, &path)?, company, &path)?;
        let tax = names::tax(api, &line.tax, company, &format!("/lines/{at}/tax"))?;
        lines.push(map::sale_line(line, at, &product, tax)?);
    }
    Ok(lines)
}

/// The project under its code; whether it had to be made.
fn project(api: &Api<'_>, setup: &BillingSetup, company: Id, party: Id) -> Result<(Id, bool), Fault> {
    let domain = json!([["number", "=", setup.project_code], ["type", "=", "project"]]);
    let found: Vec<Work> = api.search(WORK, domain, &["name", "party"], 1, Context::of(company))?;
    match found.first() {
        None => {
            let id = api.create_one(WORK, &map::project(setup, company, party), Context::of(company))?;
            Ok((id, true))
        }
        Some(work) if work.party == Some(party) => Ok((work.id, false)),
        Some(work) => {
            let message = format!(
                "project {} in Tryton ({}) belongs to another party; give one of the projects another number",
                setup.project_code, work.name
            );
            Err(Fault::new(FaultKind::Conflict, "PROJECT_OF_ANOTHER", message).at("/project_code"))
        }
    }
}

/// A task per contract line; whether any had to be made.
fn tasks(api: &Api<'_>, setup: &BillingSetup, company: Id, project: Id) -> Result<bool, Fault> {
    let domain = json!([["parent", "=", project], ["type", "=", "task"]]);
    let found: Vec<Work> = api.search(WORK, domain, &["name", "party"], MAX_TASKS, Context::of(company))?;
    let missing = setup.lines.iter().filter(|line| !found.iter().any(|task| task.name == map::task_name(line)));
    let new: Vec<_> = missing.map(|line| map::task(line, company, project)).collect();
    if new.is_empty() {
        return Ok(false);
    }
    api.create(WORK, &new, Context::of(company))?;
    Ok(true)
}

fn create(
    api: &Api<'_>,
    item: &Item,
    setup: &BillingSetup,
    company: Id,
    party: Id,
    lines: Vec<NewLine>,
) -> Result<Document, Fault> {
    let term = api.config.payment_term(i64::from(setup.payment_terms_days), "/payment_terms_days")?;
    let targets = map::Targets {
        company,
        party,
        address: names::invoice_address(api, party)?,
        currency: names::currency(api, setup.currency)?,
        payment_term: names::payment_term(api, term, "/payment_terms_days")?,
    };
    let context = Context::of(company);
    let id = api.create_one(SALE, &map::sale(setup, &item.id, targets, lines), context)?;
    let made = api.find(SALE, id, &DOCUMENT, context).map_err(super::after_write)?;
    made.ok_or_else(|| Fault::unknown_outcome(format!("sale {id} was accepted but cannot be read")))
}

/// Quotation, then confirmation; whether anything had to be pressed.
fn confirm(api: &Api<'_>, sale: &Document, context: Context) -> Result<bool, Fault> {
    let buttons: &[&str] = match sale.state.as_str() {
        "draft" => &["quote", "confirm"],
        "quotation" => &["confirm"],
        _ => &[],
    };
    for button in buttons {
        api.press(SALE, button, sale.id, context)?;
    }
    Ok(!buttons.is_empty())
}

/// Ends a set-up: a sale that is not yet in work is cancelled. The project stays, because time may
/// have been booked on it.
fn cancel(api: &Api<'_>, item: &Item, company: Id) -> Result<Outcome, Fault> {
    let Some(sale) = sale(api, item, company)? else { return Ok(Outcome::deleted(item)) };
    if matches!(sale.state.as_str(), "draft" | "quotation") {
        api.press(SALE, "cancel", sale.id, Context::of(company))?;
        return Ok(Outcome::deleted(item));
    }
    let message = format!(
        "sale {} is confirmed, and Tryton does not take that back; end it there by hand",
        sale.number.as_deref().unwrap_or("without number")
    );
    Ok(Outcome::rejected(item, Fault::new(FaultKind::Unsupported, "SALE_CONFIRMED", message)))
}
