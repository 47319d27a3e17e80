//! Customers: found by VAT id, then by our id in the party's code, then by name; created only when
//! none of them finds anything, and never when more than one party could be meant.

use quoin_sdk::{Customer, Fault, FaultKind, Item, Outcome};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{after_write, number};
use crate::api::{Api, Context};
use crate::map::customer as map;
use crate::names;
use crate::wire::{Id, Party};

const MODEL: &str = "party.party";
const FIELDS: [&str; 8] = [
    "name",
    "code",
    "active",
    "customer_payment_term",
    "account_receivable",
    "identifiers.type",
    "identifiers.code",
    "write_date",
];

/// Candidates shown in a conflict, at most: a person decides, and ten names are enough to see why.
const MAX_CANDIDATES: u32 = 10;

pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    if item.delete {
        let fault = Fault::new(FaultKind::Unsupported, "NO_DELETE", "parties are set inactive in Tryton, not deleted");
        return Ok(Outcome::rejected(item, fault));
    }
    let customer: Customer = item.object()?;
    let context = context(api)?;
    if let Some(known) = &item.external {
        let id = number(known, "/header/external")?;
        return match find(api, id, context)? {
            Some(found) => bring(api, item, &customer, &found, context, true),
            None => Ok(Outcome::rejected(item, gone(id))),
        };
    }
    if let Some(found) = recognise(api, item, &customer, context)? {
        return bring(api, item, &customer, &found, context, false);
    }
    let targets = targets(api, &customer)?;
    let body = map::new(&customer, &item.id, api.config.vat_type(), &targets);
    let id = api.create_one(MODEL, &body, context).map_err(|fault| about(fault, &customer))?;
    let version = find(api, id, context).map_err(after_write)?.and_then(|party| party.write_date);
    Ok(versioned(Outcome::created(item, id.to_string()), version))
}

/// Payment terms and accounts of a party are kept per company. With one company they are set;
/// with several, every sale and invoice brings its own.
fn context(api: &Api<'_>) -> Result<Context, Fault> {
    match api.config.only_company() {
        Some(name) => names::company(api, name).map(Context::of),
        None => Ok(Context::PLAIN),
    }
}

fn targets(api: &Api<'_>, customer: &Customer) -> Result<map::Targets, Fault> {
    let mut countries = Vec::new();
    for (at, address) in map::addresses(customer).iter().enumerate() {
        countries.push(match address.country.as_str() {
            "" => None,
            code => Some(names::country(api, code, &format!("/addresses/{at}/country"))?),
        });
    }
    Ok(map::Targets { countries, payment_term: payment_term(api, customer)? })
}

/// The term for new documents that people write; those of this connection name their own.
fn payment_term(api: &Api<'_>, customer: &Customer) -> Result<Option<Id>, Fault> {
    let (Some(days), Some(_)) = (customer.payment_terms_days, api.config.only_company()) else { return Ok(None) };
    match api.config.payment_term(i64::from(days), "/payment_terms_days") {
        Ok(name) => names::payment_term(api, name, "/payment_terms_days").map(Some),
        Err(fault) => {
            api.warn("payment terms are not mapped and left out", &[("why", &fault.message)]);
            Ok(None)
        }
    }
}

/// Brings a party that is there to what it shall be.
fn bring(
    api: &Api<'_>,
    item: &Item,
    customer: &Customer,
    found: &Party,
    context: Context,
    linked: bool,
) -> Result<Outcome, Fault> {
    let term = payment_term(api, customer)?;
    match map::changes(customer, api.config.vat_type(), term, found, linked) {
        None => Ok(versioned(Outcome::unchanged(item, found.id.to_string()), found.write_date.clone())),
        Some(patch) => {
            api.update(MODEL, found.id, &patch, context).map_err(|fault| about(fault, customer))?;
            Ok(Outcome::updated(item, found.id.to_string()))
        }
    }
}

/// The one party that is meant; `None` when there is none; a conflict when several could be.
fn recognise(api: &Api<'_>, item: &Item, customer: &Customer, context: Context) -> Result<Option<Party>, Fault> {
    let vat = customer.vat_id.as_deref().map(map::plain_vat_id).filter(|vat| !vat.is_empty());
    if let Some(vat) = &vat {
        let ids = holders(api, vat)?;
        if !ids.is_empty() {
            let found = candidates(api, json!(["id", "in", ids]), context)?;
            return one_of(item, found, "VAT id", vat).map(Some);
        }
    }
    if let Some(own) = candidates(api, json!(["code", "=", item.id]), context)?.pop() {
        return Ok(Some(own));
    }
    let name = customer.name.trim();
    // `ilike` without wildcards compares without case; those that the name holds are escaped.
    let pattern = name.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let found = candidates(api, json!(["name", "ilike", pattern]), context)?;
    if found.is_empty() {
        return Ok(None);
    }
    // The same name under another VAT id is another company, or somebody's mistake: a person decides.
    let vat_type = api.config.vat_type();
    let other_vat = |party: &Party| {
        let theirs = party.identifiers.iter().find(|known| known.kind.as_deref() == Some(vat_type));
        theirs.is_some_and(|theirs| vat.as_ref().is_some_and(|ours| map::plain_vat_id(&theirs.code) != *ours))
    };
    if found.iter().any(other_vat) {
        return Err(ambiguous(&found, "name", name));
    }
    one_of(item, found, "name", name).map(Some)
}

#[derive(Deserialize)]
struct Holder {
    party: Option<Id>,
}

/// Parties that hold a VAT id. Tryton compares without marks: it keeps a compact form.
fn holders(api: &Api<'_>, vat: &str) -> Result<Vec<Id>, Fault> {
    let domain = json!([["code_compact", "=", vat]]);
    let found: Vec<Holder> = api.search("party.identifier", domain, &["party"], MAX_CANDIDATES, Context::PLAIN)?;
    Ok(found.into_iter().filter_map(|holder| holder.party).collect())
}

/// Parties, inactive ones too.
fn candidates(api: &Api<'_>, condition: Value, context: Context) -> Result<Vec<Party>, Fault> {
    api.search(MODEL, json!([["active", "in", [true, false]], condition]), &FIELDS, MAX_CANDIDATES, context)
}

fn find(api: &Api<'_>, id: Id, context: Context) -> Result<Option<Party>, Fault> {
    Ok(candidates(api, json!(["id", "=", id]), context)?.pop())
}

/// The only active candidate, or the one whose code is our id.
fn one_of(item: &Item, found: Vec<Party>, what: &str, value: &str) -> Result<Party, Fault> {
    let own = |party: &&Party| party.active && party.code.as_deref() == Some(item.id.as_str());
    if let Some(own) = found.iter().find(own) {
        return Ok(own.clone());
    }
    let active: Vec<&Party> = found.iter().filter(|party| party.active).collect();
    match active.as_slice() {
        [only] => Ok((*only).clone()),
        _ => Err(ambiguous(&found, what, value)),
    }
}

fn ambiguous(found: &[Party], what: &str, value: &str) -> Fault {
    let shown = |party: &Party| {
        let name = party.name.as_deref().unwrap_or("without name");
        let vat: Vec<&str> = party.identifiers.iter().map(|identifier| identifier.code.as_str()).collect();
        let state = if party.active { "" } else { ", inactive" };
        format!("{} ({name} {}{state})", party.id, vat.join(" "))
    };
    let names: Vec<String> = found.iter().map(shown).collect();
    let message = format!(
        "the {what} '{value}' does not single out one active party in Tryton: {}; merge or correct them, then retry",
        names.join("; ")
    );
    let field = if what == "name" { "/name" } else { "/vat_id" };
    Fault::new(FaultKind::Conflict, "AMBIGUOUS_CUSTOMER", message).at(field)
}

/// Tryton checks VAT ids by their check digits; its text then holds the id.
fn about(fault: Fault, customer: &Customer) -> Fault {
    let names_vat = customer.vat_id.as_deref().is_some_and(|vat| fault.message.contains(&map::plain_vat_id(vat)));
    if names_vat { fault.at("/vat_id") } else { fault }
}

fn gone(id: Id) -> Fault {
    let message = format!("party {id} is not in Tryton any more, or the user may not see it; link another one");
    Fault::new(FaultKind::NotFound, "CUSTOMER_GONE", message)
}

fn versioned(outcome: Outcome, version: Option<crate::wire::Moment>) -> Outcome {
    match version {
        Some(version) => outcome.version(version.text()),
        None => outcome,
    }
}
