//! Jira Cloud: a task is an issue on which people book time, a time entry is a worklog with its approval.
//!
//! Lives here: everything known about this vendor. Never enters: another plugin, the host, a
//! secret, a clock of its own.
//!
//! Read `wire.rs` (the vendor's shapes), then `map.rs` (what they mean), then the powers: `task.rs`
//! writes, `worklog.rs` reads, `webhook.rs` proves. `api.rs` speaks to the vendor, `fault.rs` reads
//! its refusals.

mod api;
mod fault;
mod map;
mod task;
mod webhook;
mod wire;
mod worklog;

use quoin_sdk::{
    Check, Fault, Host, Inbound, Item, ObjectKind, Outcome, Page, ReadRequest, Reply, Report, Sink, Source, Webhook,
};

use api::Api;

/// The connector.
#[derive(Debug, Clone, Copy)]
pub struct Jira;

impl Check for Jira {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        api::check(&Api::new(host)?)
    }
}

impl Source for Jira {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        let api = Api::new(host)?;
        match request.object {
            ObjectKind::TimeEntry if request.ids.is_empty() => worklog::changes(&api, request),
            ObjectKind::TimeEntry => worklog::by_ids(&api, &request.ids),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Sink for Jira {
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        match object {
            ObjectKind::Task => Ok(task::apply(&Api::new(host)?, items)),
            other => Err(Fault::unsupported(other)),
        }
    }

    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        match object {
            ObjectKind::Task => task::lookup(&Api::new(host)?, items),
            other => Err(Fault::unsupported(other)),
        }
    }
}

impl Webhook for Jira {
    fn handle(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
        webhook::handle(host, inbound)
    }
}

quoin_sdk::register!(Jira, manifest = include_str!("../connector.toml"), powers = [check, source, sink, webhook],);
