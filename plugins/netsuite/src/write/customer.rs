//! Customers: found by VAT id, then by our external id, then by name; created only when none of
//! them finds anything, and never when more than one customer could be meant.

use quoin_sdk::{Customer, Fault, FaultKind, Item, Outcome};
use serde::Deserialize;

use super::{after_write, note_terms};
use crate::api::{Api, Found, quoted};
use crate::fault::About;
use crate::map;
use crate::wire;

const RECORD: &str = "customer";

/// Candidates shown in a conflict, at most: a person decides, and ten names are enough to see why.
const MAX_CANDIDATES: u32 = 10;

/// A candidate. Query columns, all text.
#[derive(Debug, Clone, Deserialize)]
struct Candidate {
    id: String,
    #[serde(default)]
    externalid: Option<String>,
    #[serde(default)]
    companyname: Option<String>,
    #[serde(default)]
    vatregnumber: Option<String>,
    #[serde(default)]
    isinactive: Option<String>,
}

impl Candidate {
    fn active(&self) -> bool {
        self.isinactive.as_deref() != Some("T")
    }

    fn shown(&self) -> String {
        let name = self.companyname.as_deref().unwrap_or("without name");
        let vat = self.vatregnumber.as_deref().map(|vat| format!(", VAT {vat}")).unwrap_or_default();
        let state = if self.active() { "" } else { ", inactive" };
        format!("{} ({name}{vat}{state})", self.id)
    }
}

pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    if item.delete {
        let fault =
            Fault::new(FaultKind::Unsupported, "NO_DELETE", "customers are set inactive in NetSuite, not deleted");
        return Ok(Outcome::rejected(item, fault));
    }
    let customer: Customer = item.object()?;
    if let Some(id) = &item.external {
        return match api.find::<wire::Customer>(RECORD, id)? {
            Some(found) => keep_in_step(api, item, &customer, &found),
            None => Ok(Outcome::rejected(item, gone(id))),
        };
    }
    if let Some(id) = recognise(api, item, &customer)? {
        return match api.find::<wire::Customer>(RECORD, &id)? {
            Some(found) => adopt(api, item, &customer, &found),
            None => Ok(Outcome::rejected(item, gone(&id))),
        };
    }
    note_terms(api, customer.payment_terms_days);
    let body = map::customer::new(&customer, &api.config)?;
    let id = api.upsert(RECORD, &item.id, &body, &["addressBook"], About::Customer)?;
    let version = match api.find::<wire::Customer>(RECORD, &id).map_err(after_write)? {
        Some(found) => found.identity.last_modified_date,
        None => None,
    };
    Ok(versioned(Outcome::created(item, id), version))
}

fn versioned(outcome: Outcome, version: Option<String>) -> Outcome {
    match version {
        Some(version) => outcome.version(version),
        None => outcome,
    }
}

/// A customer that this connection wrote or linked before.
fn keep_in_step(
    api: &Api<'_>,
    item: &Item,
    customer: &Customer,
    found: &Found<wire::Customer>,
) -> Result<Outcome, Fault> {
    let id = &found.identity.id;
    let version = found.identity.last_modified_date.clone();
    match map::customer::changes(customer, &api.config, &found.fields) {
        None => Ok(versioned(Outcome::unchanged(item, id), version)),
        Some(patch) => {
            api.patch(RECORD, id, &patch, &[], About::Customer)?;
            Ok(Outcome::updated(item, id))
        }
    }
}

/// A customer that was there: linked, and completed where it is empty.
fn adopt(api: &Api<'_>, item: &Item, customer: &Customer, found: &Found<wire::Customer>) -> Result<Outcome, Fault> {
    let id = &found.identity.id;
    let version = found.identity.last_modified_date.clone();
    match map::customer::additions(customer, &api.config, &item.id, &found.fields) {
        None => Ok(versioned(Outcome::unchanged(item, id), version)),
        Some(patch) => {
            api.patch(RECORD, id, &patch, &[], About::Customer)?;
            Ok(Outcome::updated(item, id))
        }
    }
}

/// The one customer that is meant; `None` when there is none; a conflict when several could be.
fn recognise(api: &Api<'_>, item: &Item, customer: &Customer) -> Result<Option<String>, Fault> {
    let vat = customer.vat_id.as_deref().map(map::customer::plain_vat_id).filter(|vat| !vat.is_empty());
    if let Some(vat) = &vat {
        let plain = "REPLACE(REPLACE(REPLACE(UPPER(vatregnumber), ' ', ''), '.', ''), '-', '')";
        let found = candidates(api, &format!("{plain} = {}", quoted(vat)))?;
        if !found.is_empty() {
            return one_of(item, found, "VAT id", vat).map(Some);
        }
    }
    if let Some(found) = api.by_external::<wire::Customer>(RECORD, &item.id)? {
        return Ok(Some(found.identity.id));
    }
    let name = customer.name.trim();
    let found = candidates(api, &format!("UPPER(TRIM(companyname)) = {}", quoted(&name.to_uppercase())))?;
    if found.is_empty() {
        return Ok(None);
    }
    // The same name under another VAT id is another company, or somebody's mistake: a person decides.
    let other_vat = |candidate: &Candidate| match (&vat, &candidate.vatregnumber) {
        (Some(ours), Some(theirs)) => map::customer::plain_vat_id(theirs) != *ours,
        _ => false,
    };
    if found.iter().any(other_vat) {
        return Err(ambiguous(&found, "name", name));
    }
    one_of(item, found, "name", name).map(Some)
}

/// The only active candidate, or the one that carries our external id.
fn one_of(item: &Item, found: Vec<Candidate>, what: &str, value: &str) -> Result<String, Fault> {
    let own = found.iter().find(|candidate| candidate.externalid.as_deref() == Some(item.id.as_str()));
    let active: Vec<&Candidate> = found.iter().filter(|candidate| candidate.active()).collect();
    match (own, active.as_slice()) {
        (Some(own), _) if own.active() => Ok(own.id.clone()),
        (_, [only]) => Ok(only.id.clone()),
        _ => Err(ambiguous(&found, what, value)),
    }
}

fn ambiguous(found: &[Candidate], what: &str, value: &str) -> Fault {
    let names: Vec<String> = found.iter().map(Candidate::shown).collect();
    let message = format!(
        "the {what} '{value}' does not single out one active customer in NetSuite: {}; merge or correct them, then retry",
        names.join("; ")
    );
    let field = if what == "name" { "/name" } else { "/vat_id" };
    Fault::new(FaultKind::Conflict, "AMBIGUOUS_CUSTOMER", message).at(field)
}

fn gone(id: &str) -> Fault {
    let message = format!("customer {id} is not in NetSuite any more, or the role may not see it; link another one");
    Fault::new(FaultKind::NotFound, "CUSTOMER_GONE", message)
}

fn candidates(api: &Api<'_>, condition: &str) -> Result<Vec<Candidate>, Fault> {
    let query = format!(
        "SELECT id, externalid, companyname, vatregnumber, isinactive FROM customer WHERE {condition} ORDER BY id"
    );
    Ok(api.ask(&query, MAX_CANDIDATES)?.items)
}
