//! Connector for Kantata OX (formerly Mavenlink): a customer is a company group, a project is a
//! workspace with a story per task and per milestone, an assignment is a seat with an allocation.
//!
//! Lives here: everything known about Kantata. `wire.rs` spells its shapes, `map.rs` translates
//! them, `fault.rs` reads its refusals, `api.rs` speaks to it; then one file per object.
//! Never enters: another vendor, the host, a secret, a clock of its own.
//!
//! Kantata has no idempotency key. Every record written here carries an external reference with the
//! canonical id, made in the same request as the record; whatever was written can be found by it,
//! and nothing is created before it was looked for.

mod api;
mod assignment;
mod customer;
mod fault;
mod map;
mod milestone;
mod project;
mod wire;

use quoin_sdk::{Check, Fault, Host, Item, Mode, ObjectKind, Outcome, Page, ReadRequest, Report, Sink, Source};

use api::Api;

/// The connector.
pub struct Kantata;

impl Check for Kantata {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        api::check(&Api::new(host, Mode::Read)?)
    }
}

impl Source for Kantata {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        let api = Api::new(host, Mode::Read)?;
        match request.object {
            ObjectKind::Milestone if request.ids.is_empty() => milestone::changes(&api, request),
            ObjectKind::Milestone => milestone::by_ids(&api, &request.ids),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Sink for Kantata {
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        let api = Api::new(host, Mode::Write)?;
        let apply = |item| Ok(settle(&api, object, item)?.unwrap_or_else(|fault| Outcome::after_fault(item, fault)));
        items.iter().map(apply).collect()
    }

    /// Runs the same steps as `apply`, but stops at the first thing that would have to be written:
    /// an item that needs nothing more is there, every other one is not (or not wholly) there.
    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        let api = Api::new(host, Mode::Read)?;
        items.iter().map(|item| look_up(&api, object, item)).collect()
    }
}

/// One item from its present state to the wanted one.
fn settle(api: &Api<'_>, object: ObjectKind, item: &Item) -> Result<Result<Outcome, Fault>, Fault> {
    match object {
        ObjectKind::Customer => Ok(customer::settle(api, item)),
        ObjectKind::Project => Ok(project::settle(api, item)),
        ObjectKind::Assignment => Ok(assignment::settle(api, item)),
        other => Err(Fault::unsupported(other)),
    }
}

/// What became of one item. A vendor that could not be asked says nothing about it.
fn look_up(api: &Api<'_>, object: ObjectKind, item: &Item) -> Result<Outcome, Fault> {
    quoin_sdk::look_up(item, settle(api, object, item)?)
}

quoin_sdk::register!(Kantata, manifest = include_str!("../connector.toml"), powers = [check, source, sink]);
