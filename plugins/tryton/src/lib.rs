//! Connector for Tryton 8.0: a customer is a party; a project's billing terms are a confirmed sale
//! and a project with a task per contract line; documents are posted customer invoices.
//!
//! Lives here: everything known about Tryton. `wire.rs` spells its values, `api.rs` speaks its RPC,
//! `fault.rs` reads its refusals, `names.rs` turns configured names into ids, `map/` translates,
//! `read.rs` reads payments, `write/` is the power to write. Never enters: another vendor, the host, a secret, a float.
//!
//! One RPC call is one transaction, and no call has an idempotency key. So every record carries a
//! marker of ours (a party its code, a project its number, a sale and an invoice their reference),
//! and is looked for before it is made. Writing and looking up are the same steps; a look-up stops
//! where something would have to be written.

mod api;
mod check;
mod config;
mod fault;
mod map;
mod names;
mod read;
mod wire;
mod write;

use quoin_sdk::{Check, Fault, Host, Item, Mode, ObjectKind, Outcome, Page, ReadRequest, Report, Sink, Source};

use api::Api;

/// The connector.
pub struct Tryton;

impl Check for Tryton {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        check::check(&Api::new(host, Mode::Read)?)
    }
}

impl Source for Tryton {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        match request.object {
            ObjectKind::Payment => read::payments(&Api::new(host, Mode::Read)?, request),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Sink for Tryton {
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        let api = Api::new(host, Mode::Write)?;
        items.iter().map(|item| write::settle(&api, object, item)).collect()
    }

    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        let api = Api::new(host, Mode::Read)?;
        items.iter().map(|item| write::look_up(&api, object, item)).collect()
    }
}

quoin_sdk::register!(Tryton, manifest = include_str!("../connector.toml"), powers = [check, source, sink],);
