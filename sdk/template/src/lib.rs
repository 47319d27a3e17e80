//! A connector: one line per capability. What the vendor says is in `wire.rs`, what it means in
//! `map.rs`, how it fails in `fault.rs`.

mod api;
mod fault;
mod map;
mod read;
mod wire;
mod write;

use quoin_sdk::{Check, Fault, Host, Item, ObjectKind, Outcome, Page, ReadRequest, Report, Sink, Source};

/// The connector has no state: everything it needs comes with the call.
pub struct Template;

quoin_sdk::register!(Template, manifest = include_str!("../connector.toml"), powers = [check, source, sink]);

impl Check for Template {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        read::who_we_are(host)
    }
}

impl Source for Template {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        match request.object {
            ObjectKind::Customer => read::customers(host, request),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Sink for Template {
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        match object {
            ObjectKind::Customer => Ok(items.iter().map(|item| write::customer(host, item)).collect()),
            other => Err(Fault::unsupported(other)),
        }
    }

    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        match object {
            ObjectKind::Customer => items.iter().map(|item| write::find(host, item)).collect(),
            other => Err(Fault::unsupported(other)),
        }
    }
}
