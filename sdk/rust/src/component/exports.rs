//! The exported functions, for any connector that has the power.

use std::marker::PhantomData;

use super::bindings::imports::quoin::types::types::Fault as BorderFault;
use super::bindings::{checks, describes, discovers, listens, reads, transformer, writes};
use super::door::{hook_panics, open};
use super::lift::{fault_out, item_in, kind_in, outcome_out, page_out, request_in};
use crate::{Check, Discover, Inbound, Item, Reply, Sink, Source, Transform, Webhook};

/// A connector with its manifest's text.
pub trait Manifested {
    /// `connector.toml`, byte for byte.
    const MANIFEST: &'static str;
}

/// The exports of a connector.
pub struct Exported<T>(PhantomData<T>);

impl<T: Manifested> describes::exports::quoin::connector::describe::Guest for Exported<T> {
    fn describe() -> String {
        T::MANIFEST.to_owned()
    }
}

impl<T: Check> checks::exports::quoin::connector::check::Guest for Exported<T> {
    fn check() -> Result<checks::exports::quoin::connector::check::Report, BorderFault> {
        let report = T::check(&open()).map_err(fault_out)?;
        Ok(checks::exports::quoin::connector::check::Report {
            account: report.account,
            scopes: report.scopes,
            warnings: report.warnings,
        })
    }
}

impl<T: Discover> discovers::exports::quoin::connector::discover::Guest for Exported<T> {
    fn discover() -> Result<String, BorderFault> {
        T::discover(&open()).map(|schemas| schemas.to_string()).map_err(fault_out)
    }
}

impl<T: Source> reads::exports::quoin::connector::source::Guest for Exported<T> {
    fn read(
        request: reads::exports::quoin::connector::source::ReadRequest,
    ) -> Result<reads::exports::quoin::connector::source::Page, BorderFault> {
        let request = request_in(request)?;
        T::read(&open(), &request).map(page_out).map_err(fault_out)
    }
}

use writes::exports::quoin::connector::sink;

impl<T: Sink> sink::Guest for Exported<T> {
    fn apply(object: String, items: Vec<sink::Item>) -> Result<Vec<sink::Outcome>, BorderFault> {
        let kind = kind_in(&object)?;
        let items: Vec<Item> = items.into_iter().map(item_in).collect();
        let outcomes = T::apply(&open(), kind, &items).map_err(fault_out)?;
        Ok(outcomes.into_iter().map(outcome_out).collect())
    }

    fn lookup(object: String, items: Vec<sink::Item>) -> Result<Vec<sink::Outcome>, BorderFault> {
        let kind = kind_in(&object)?;
        let items: Vec<Item> = items.into_iter().map(item_in).collect();
        let outcomes = T::lookup(&open(), kind, &items).map_err(fault_out)?;
        Ok(outcomes.into_iter().map(outcome_out).collect())
    }
}

use listens::exports::quoin::connector::webhook;

impl<T: Webhook> webhook::Guest for Exported<T> {
    fn handle(request: webhook::Inbound) -> Result<webhook::Reply, BorderFault> {
        let webhook::Inbound { method, url, headers, body } = request;
        let reply: Reply = T::handle(&open(), &Inbound { method, url, headers, body }).map_err(fault_out)?;
        let touched = reply.touched.into_iter();
        Ok(webhook::Reply {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
            touched: touched.map(|(kind, external)| webhook::Touched { object: kind.to_string(), external }).collect(),
            delivery: reply.delivery,
        })
    }
}

impl<T: Manifested> transformer::exports::quoin::transform::describe::Guest for Exported<T> {
    fn describe() -> String {
        T::MANIFEST.to_owned()
    }
}

impl<T: Transform> transformer::exports::quoin::transform::transform::Guest for Exported<T> {
    fn convert(object: String, data: String) -> Result<String, BorderFault> {
        hook_panics();
        T::convert(kind_in(&object)?, &data).map_err(fault_out)
    }
}
