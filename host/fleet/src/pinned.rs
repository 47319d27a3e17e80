//! A process stays with the version of a plugin that it began with. When it began is in the ledger; it is
//! looked for only while versions share a connection's calls.

use std::sync::Arc;

use async_trait::async_trait;
use cassette::{Asked, Returned};
use ports::{
    Called, CheckReport, ConnectionInfo, Connectors, Inbound, Item, ItemOutcome, Ledger, Page, Process, ReadRequest,
    Reply,
};
use quoin_canonical::Id;
use serde_json::Value;

use crate::Tap;

/// Where the wheel keeps its processes.
const INSTANCES: &str = "instance";

/// Connected systems, with processes that stay with their version.
pub struct Pinned {
    inner: Arc<dyn Connectors>,
    ledger: Arc<dyn Ledger>,
    tap: Option<Arc<Tap>>,
}

impl Pinned {
    /// Asks `ledger` when a process began.
    pub fn new(inner: Arc<dyn Connectors>, ledger: Arc<dyn Ledger>) -> Self {
        Self { inner, ledger, tap: None }
    }

    /// The same, with calls that are told to a tap.
    #[must_use]
    pub fn tapped(mut self, tap: Arc<Tap>) -> Self {
        self.tap = Some(tap);
        self
    }

    fn note<T>(
        &self,
        connection: &str,
        called: &Called<T>,
        asked: impl FnOnce() -> Asked,
        returned: impl FnOnce(&T) -> Returned,
    ) {
        let Some(tap) = &self.tap else { return };
        let result = || called.result.as_ref().map_or_else(Returned::fault, returned);
        tap.note(connection, &called.trace, asked, result);
    }

    fn noted(
        &self,
        connection: &str,
        called: Called<Vec<ItemOutcome>>,
        asked: impl FnOnce() -> Asked,
    ) -> Called<Vec<ItemOutcome>> {
        self.note(connection, &called, asked, |outcomes| Returned::Outcomes(outcomes.clone()));
        called
    }

    /// The process with the number of the event that began it.
    async fn begun<'a>(&self, process: Process<'a>, connection: &str) -> Process<'a> {
        if process.began.is_some() || !self.inner.is_split(connection) {
            return process;
        }
        Process { began: self.began(process).await, ..process }
    }

    async fn began(&self, process: Process<'_>) -> Option<u64> {
        let key = format!("{}/{}", process.key, process.instance);
        let (instance, _) = self.ledger.document(INSTANCES, &key).await?;
        let cause = instance.get("cause").and_then(Value::as_str).and_then(Id::parse)?;
        Some(self.ledger.event(&cause).await?.seq)
    }
}

fn apply(object: &str, items: &[Item]) -> Asked {
    Asked::Apply { object: object.to_owned(), items: items.to_vec() }
}

fn lookup(object: &str, items: &[Item]) -> Asked {
    Asked::Lookup { object: object.to_owned(), items: items.to_vec() }
}

#[async_trait]
impl Connectors for Pinned {
    async fn read(&self, connection: &str, request: ReadRequest) -> Called<Page> {
        let asked = Asked::read(&request);
        let called = self.inner.read(connection, request).await;
        self.note(connection, &called, || asked, Returned::page);
        called
    }

    async fn apply(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let called = self.inner.apply(connection, object, items).await;
        self.noted(connection, called, || apply(object, items))
    }

    async fn lookup(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>> {
        let called = self.inner.lookup(connection, object, items).await;
        self.noted(connection, called, || lookup(object, items))
    }

    async fn apply_for(
        &self,
        process: Process<'_>,
        connection: &str,
        object: &str,
        items: &[Item],
    ) -> Called<Vec<ItemOutcome>> {
        let process = self.begun(process, connection).await;
        let called = self.inner.apply_for(process, connection, object, items).await;
        self.noted(connection, called, || apply(object, items))
    }

    async fn lookup_for(
        &self,
        process: Process<'_>,
        connection: &str,
        object: &str,
        items: &[Item],
    ) -> Called<Vec<ItemOutcome>> {
        let process = self.begun(process, connection).await;
        let called = self.inner.lookup_for(process, connection, object, items).await;
        self.noted(connection, called, || lookup(object, items))
    }

    fn is_split(&self, connection: &str) -> bool {
        self.inner.is_split(connection)
    }

    async fn handle(&self, connection: &str, inbound: Inbound) -> Called<Reply> {
        self.inner.handle(connection, inbound).await
    }

    async fn check(&self, connection: &str) -> Called<CheckReport> {
        self.inner.check(connection).await
    }

    async fn discover(&self, connection: &str) -> Called<Value> {
        self.inner.discover(connection).await
    }

    fn connection(&self, id: &str) -> Option<ConnectionInfo> {
        self.inner.connection(id)
    }

    fn connections(&self) -> Vec<ConnectionInfo> {
        self.inner.connections()
    }
}
