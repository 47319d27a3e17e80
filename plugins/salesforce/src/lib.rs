//! Salesforce: quotes come from opportunities and their products; how delivery and billing stand
//! goes back to them.
//!
//! Lives here: everything known about this vendor. Never enters: another plugin, the host, a
//! secret, a clock of its own.
//!
//! Read `wire.rs` (the vendor's shapes), then `map.rs` (what they mean), then the powers: `read.rs`,
//! `write.rs`, `webhook.rs`, `schema.rs`.

mod api;
mod config;
mod fault;
mod map;
mod read;
mod schema;
mod webhook;
mod wire;
mod write;

use quoin_sdk::{
    Check, Discover, Fault, Host, Inbound, Item, ObjectKind, Outcome, Page, ReadRequest, Reply, Report, Sink, Source,
    Webhook,
};

/// The connector.
#[derive(Debug, Clone, Copy)]
pub struct Salesforce;

impl Check for Salesforce {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        schema::check(host)
    }
}

impl Discover for Salesforce {
    fn discover(host: &dyn Host) -> Result<serde_json::Value, Fault> {
        schema::discover(host)
    }
}

impl Source for Salesforce {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        match request.object {
            ObjectKind::Quote => read::quotes(host, request),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Sink for Salesforce {
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        match object {
            ObjectKind::DealStatus => write::apply(host, items),
            other => Err(Fault::unsupported(other)),
        }
    }

    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        match object {
            ObjectKind::DealStatus => write::lookup(host, items),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Webhook for Salesforce {
    fn handle(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
        webhook::handle(host, inbound)
    }
}

quoin_sdk::register!(
    Salesforce,
    manifest = include_str!("../connector.toml"),
    powers = [check, discover, source, sink, webhook],
);
