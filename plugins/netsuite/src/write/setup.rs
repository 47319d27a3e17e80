//! Billing set-ups, part by part: job, billing schedules, sales order. Every part has its own
//! external id, so that a repeat after a crash completes what is missing and leaves the rest alone.

use quoin_sdk::{BillingSetup, Fault, Item, ObjectKind, Outcome};
use serde_json::json;

use super::{Part, Step, note_terms};
use crate::api::Api;
use crate::fault::About;
use crate::map::setup as map;
use crate::wire::{Document, Job};

pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    let setup: BillingSetup = item.object()?;
    let project = setup.project.id().map_or_else(|| format!("{}-job", item.id), ToString::to_string);
    if item.delete {
        return close(api, item, &project);
    }
    let customer = item
        .external_of(ObjectKind::Customer, &setup.customer)
        .ok_or_else(|| Fault::missing_reference("/customer", ObjectKind::Customer))?;
    // What the configuration lacks is found before anything is written. The ids stand in for those
    // that the parts will have.
    map::order(&setup, &api.config, customer, "", &[])?;
    note_terms(api, Some(setup.payment_terms_days));

    let want = map::job(&setup, &api.config, customer)?;
    let part = Part {
        record: "job",
        external_id: &project,
        want: &want,
        fits: map::job_fits,
        replace: &[],
        about: About::Job,
    };
    let (job, mut step) = part.ensure(api)?;
    let mut schedules = Vec::with_capacity(setup.lines.len());
    for (at, line) in setup.lines.iter().enumerate() {
        if map::milestones_of(line).is_empty() {
            schedules.push(None);
            continue;
        }
        let want = map::schedule(&setup, line, &job);
        let part = Part {
            record: "billingSchedule",
            external_id: &format!("{}-{}", item.id, line.id),
            want: &want,
            fits: map::schedule_fits,
            replace: &["milestone"],
            about: About::Schedule(at),
        };
        let (id, done) = part.ensure(api)?;
        step = together(step, done);
        schedules.push(Some(id));
    }
    let want = map::order(&setup, &api.config, customer, &job, &schedules)?;
    let part = Part {
        record: "salesOrder",
        external_id: &item.id,
        want: &want,
        fits: map::order_fits,
        replace: &["item"],
        about: About::Order,
    };
    let (order, done) = part.ensure(api)?;
    let outcome = match (done, together(step, done)) {
        (Step::Created, _) => Outcome::created(item, order),
        (_, Step::Unchanged) => Outcome::unchanged(item, order),
        _ => Outcome::updated(item, order),
    };
    Ok(outcome.reference(ObjectKind::Project, project, job))
}

/// The set-up with the figures that NetSuite's sales order holds; `None` while there is no order.
pub fn as_held(api: &Api<'_>, item: &Item) -> Result<Option<BillingSetup>, Fault> {
    let Some(order) = api.by_external::<Document>("salesOrder", &item.id)? else { return Ok(None) };
    Ok(Some(map::held(item.object()?, &order.fields, &api.config)))
}

/// Two parts are unchanged only when both are.
fn together(a: Step, b: Step) -> Step {
    if (a, b) == (Step::Unchanged, Step::Unchanged) { Step::Unchanged } else { Step::Updated }
}

/// Ends a set-up: the order's lines are closed and the job is made inactive. Nothing is deleted,
/// because documents may refer to it.
fn close(api: &Api<'_>, item: &Item, project: &str) -> Result<Outcome, Fault> {
    if let Some(order) = api.by_external::<Document>("salesOrder", &item.id)? {
        let open = order.fields.item.items.iter().filter(|line| line.is_closed != Some(true));
        let lines: Vec<_> =
            open.filter_map(|line| line.line).map(|line| json!({"line": line, "isClosed": true})).collect();
        if !lines.is_empty() {
            api.patch("salesOrder", &order.identity.id, &json!({"item": {"items": lines}}), &[], About::Order)?;
        }
    }
    if let Some(job) = api.by_external::<Job>("job", project)?
        && job.fields.is_inactive != Some(true)
    {
        api.patch("job", &job.identity.id, &json!({"isInactive": true}), &[], About::Job)?;
    }
    Ok(Outcome::deleted(item))
}
