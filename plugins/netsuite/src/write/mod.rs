//! Writing, and finding out what became of a write: one file per object.

mod customer;
mod invoice;
mod setup;

use quoin_sdk::{Fault, FaultKind, Item, ObjectKind, Outcome, Status, code};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::api::{Api, Found, Replace};
use crate::fault::About;
use crate::wire::Identity;

/// One item from its present state to the wanted one.
///
/// # Errors
/// Only for an object this connector does not write; everything else is the item's outcome.
pub fn settle(api: &Api<'_>, object: ObjectKind, item: &Item) -> Result<Outcome, Fault> {
    let outcome = steps(api, object, item)?;
    Ok(outcome.unwrap_or_else(|fault| Outcome::after_fault(item, fault)))
}

/// What became of one item: the same steps on a door that refuses to write. What needs nothing more
/// is there; what would have to be written is not, or not wholly; when NetSuite cannot be asked,
/// nothing is known.
///
/// # Errors
/// When the credential is refused, or for an object this connector does not write.
pub fn look_up(api: &Api<'_>, object: ObjectKind, item: &Item) -> Result<Outcome, Fault> {
    let outcome = quoin_sdk::look_up(item, steps(api, object, item)?)?;
    Ok(if outcome.status == Status::Absent { as_held(api, object, outcome, item) } else { outcome })
}

/// Adds what NetSuite holds to an outcome that says it is not as wanted, for whoever compares. What
/// cannot be told is left out: the outcome stands without it.
fn as_held(api: &Api<'_>, object: ObjectKind, outcome: Outcome, item: &Item) -> Outcome {
    if object != ObjectKind::BillingSetup {
        return outcome;
    }
    match setup::as_held(api, item) {
        Ok(Some(held)) => outcome.clone().data(&held).unwrap_or(outcome),
        _ => outcome,
    }
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

/// What happened to a part of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Created,
    Updated,
    Unchanged,
}

/// A record under an external id of ours, brought to what it shall be.
struct Part<'p, T> {
    record: &'static str,
    external_id: &'p str,
    want: &'p T,
    fits: fn(&T, &T) -> bool,
    replace: Replace,
    about: About,
}

impl<T: Serialize + DeserializeOwned> Part<'_, T> {
    fn ensure(&self, api: &Api<'_>) -> Result<(String, Step), Fault> {
        match api.by_external::<T>(self.record, self.external_id)? {
            None => {
                let id = api.upsert(self.record, self.external_id, self.want, self.replace, self.about)?;
                Ok((id, Step::Created))
            }
            Some(Found { identity: Identity { id, .. }, fields }) if (self.fits)(self.want, &fields) => {
                Ok((id, Step::Unchanged))
            }
            Some(Found { identity: Identity { id, .. }, .. }) => {
                api.patch(self.record, &id, self.want, self.replace, self.about)?;
                Ok((id, Step::Updated))
            }
        }
    }
}

/// Says so when payment terms are not mapped: they are then left out, which somebody may miss.
fn note_terms(api: &Api<'_>, days: Option<u16>) {
    if let Some(days) = days.filter(|days| api.config.terms(*days).is_none()) {
        api.warn("payment terms are not mapped and left out", &[("setting", &format!("terms.{days}"))]);
    }
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
