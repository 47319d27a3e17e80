//! Connector for NetSuite: a project's billing terms are a job, billing schedules and a sales
//! order; documents are invoices and credit memos; payments and the books come back by SuiteQL.
//!
//! Lives here: everything known about NetSuite. `wire.rs` spells its shapes, `map/` translates
//! them, `fault.rs` reads its refusals, `api.rs` speaks to it; `write/` and `read/` are the powers.
//! Never enters: another vendor, the host, a secret, a clock of its own.
//!
//! A synchronous POST has no idempotency here, so nothing is created by POST: every record is
//! upserted under its external id, after it was looked for by that id. Writing and looking up are
//! the same steps; a look-up stops where something would have to be written.

mod api;
mod check;
mod config;
mod fault;
mod map;
mod read;
mod wire;
mod write;

use quoin_sdk::{
    Check, Discover, Fault, Host, Item, Mode, ObjectKind, Outcome, Page, ReadRequest, Report, Sink, Source,
};

use api::Api;

/// The connector.
pub struct NetSuite;

impl Check for NetSuite {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        check::check(&Api::new(host, Mode::Read)?)
    }
}

impl Discover for NetSuite {
    fn discover(host: &dyn Host) -> Result<serde_json::Value, Fault> {
        check::discover(&Api::new(host, Mode::Read)?)
    }
}

impl Source for NetSuite {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        let api = Api::new(host, Mode::Read)?;
        match request.object {
            ObjectKind::Invoice => read::invoices(&api, request),
            ObjectKind::Payment => read::payments(&api, request),
            ObjectKind::ProjectFinancials => read::financials(&api, request),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Sink for NetSuite {
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        let api = Api::new(host, Mode::Write)?;
        items.iter().map(|item| write::settle(&api, object, item)).collect()
    }

    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        let api = Api::new(host, Mode::Read)?;
        items.iter().map(|item| write::look_up(&api, object, item)).collect()
    }
}

quoin_sdk::register!(NetSuite, manifest = include_str!("../connector.toml"), powers = [check, discover, source, sink],);
