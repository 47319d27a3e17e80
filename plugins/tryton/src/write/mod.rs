//! Writing, and finding out what became of a write: one file per object.

mod customer;
mod invoice;
mod setup;

use quoin_sdk::{Fault, FaultKind, Item, Link, ObjectKind, Outcome, code};

use crate::api::Api;
use crate::wire::Id;

/// Fields of a sale or an invoice that are read.
const DOCUMENT: [&str; 6] = ["number", "state", "untaxed_amount", "tax_amount", "total_amount", "write_date"];

/// One item from its present state to the wanted one.
///
/// # Errors
/// Only for an object this connector does not write; everything else is the item's outcome.
pub fn settle(api: &Api<'_>, object: ObjectKind, item: &Item) -> Result<Outcome, Fault> {
    let outcome = steps(api, object, item)?;
    Ok(outcome.unwrap_or_else(|fault| Outcome::after_fault(item, fault)))
}

/// What became of one item: the same steps on a door that refuses to write. What needs nothing more
/// is there; what would have to be written is not, or not wholly; when Tryton cannot be asked,
/// nothing is known.
///
/// # Errors
/// When the credential is refused, or for an object this connector does not write.
pub fn look_up(api: &Api<'_>, object: ObjectKind, item: &Item) -> Result<Outcome, Fault> {
    quoin_sdk::look_up(item, steps(api, object, item)?)
}

/// The outer error is for the whole call, the inner one is the item's.
fn steps(api: &Api<'_>, object: ObjectKind, item: &Item) -> Result<Result<Outcome, Fault>, Fault> {
    match object {
        ObjectKind::Customer => Ok(customer::settle(api, item)),
        ObjectKind::BillingSetup => Ok(setup::settle(api, item)),
        ObjectKind::Invoice => Ok(invoice::settle(api, item)),
        other => Err(Fault::unsupported(other)),
    }
}

/// An id of ours in Tryton, which numbers its records.
fn number(text: &str, path: &str) -> Result<Id, Fault> {
    text.parse().map_err(|_| Fault::invalid(path, format!("'{text}' is no id of Tryton's; link another record")))
}

/// The party of a customer.
fn party_of(item: &Item, customer: &Link) -> Result<Id, Fault> {
    let id = item
        .external_of(ObjectKind::Customer, customer)
        .ok_or_else(|| Fault::missing_reference("/customer", ObjectKind::Customer))?;
    number(id, "/customer")
}

/// After a write was sent, a failed read leaves its outcome unknown; it was not "nothing happened".
fn after_write(fault: Fault) -> Fault {
    match fault.kind {
        FaultKind::Transient | FaultKind::Unavailable | FaultKind::RateLimited => {
            Fault { code: code::UNKNOWN_OUTCOME.into(), ..fault }
        }
        _ => fault,
    }
}
