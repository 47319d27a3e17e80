//! The [`Ledger`], once for both engines: only committing differs.

use std::sync::Arc;

use async_trait::async_trait;
use ports::{Commit, CommitError, Ledger, Receipt, Sighting, XrefRow};
use process::{Command, CommandId, Event, Exception, TimerRow};
use quoin_canonical::{Id, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use crate::desk::Desk;
use crate::prepare::{Prepared, prepare};
use crate::query;
use crate::view::View;

/// How commits happen. Sealed: [`crate::Embedded`] and [`crate::Memory`].
pub trait Engine: sealed::Commits {}

pub(crate) mod sealed {
    use super::{Arc, CommitError, Desk, Prepared, Receipt, View, async_trait};

    /// Commits to a view.
    #[async_trait]
    #[allow(private_interfaces, private_bounds)]
    pub trait Commits: Send + Sync + 'static {
        /// The view.
        type View: View + Send + Sync;
        /// The most that one commit may hold, bytes.
        fn limit_bytes(&self) -> u64;
        /// Commits.
        async fn commit(&self, desk: &Arc<Desk<Self::View>>, commit: Prepared) -> Result<Receipt, CommitError>;
    }
}

/// A store: see [`crate::EmbeddedStore`] and [`crate::MemoryStore`].
///
/// Reads look at the view directly, on the calling task: they are memory look-ups, or short reads
/// of the page cache.
pub struct Store<E: Engine> {
    /// Dropped first: it ends the committing thread, which holds the desk too.
    pub(crate) engine: E,
    pub(crate) desk: Arc<Desk<E::View>>,
}

impl<E: Engine> Store<E> {
    /// Why the store has stopped; `None` while it runs. A stopped store never runs again: open it
    /// anew, which reads what is really on the disk.
    pub fn stopped(&self) -> watch::Receiver<Option<String>> {
        self.desk.stopped()
    }
}

#[async_trait]
impl<E: Engine> Ledger for Store<E> {
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        self.desk.check_running()?;
        let prepared = prepare(commit, self.engine.limit_bytes())?;
        self.engine.commit(&self.desk, prepared).await
    }

    async fn events(&self, partition: u16, after: u64, limit: usize) -> Vec<Arc<Event>> {
        self.desk.events(partition, after, limit)
    }

    async fn log(&self, after: u64, limit: usize) -> Vec<Arc<Event>> {
        self.desk.log(after, limit)
    }

    async fn events_of_key(&self, key: &str, after: u64, limit: usize) -> Vec<Event> {
        self.desk.ask(|view| query::events_of_key(view, key, after, limit))
    }

    async fn event(&self, id: &Id) -> Option<Event> {
        self.desk.ask(|view| query::event(view, id))
    }

    async fn position(&self, consumer: &str, partition: u16) -> u64 {
        self.desk.ask(|view| query::position(view, consumer, partition))
    }

    async fn document(&self, collection: &str, key: &str) -> Option<(Value, u64)> {
        self.desk.ask(|view| query::document(view, collection, key))
    }

    async fn documents(&self, collection: &str, prefix: &str, after: &str, limit: usize) -> Vec<(String, Value)> {
        self.desk.ask(|view| query::documents(view, collection, prefix, after, limit))
    }

    async fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<Command> {
        self.desk.lease(now, until, limit)
    }

    async fn release(&self, commands: &[CommandId]) {
        self.desk.release(commands);
    }

    async fn next_due(&self) -> Option<Timestamp> {
        self.desk.next_due()
    }

    async fn ready(&self, now: Timestamp, most: usize) -> usize {
        self.desk.ready(now, most)
    }

    async fn due_timers(&self, now: Timestamp, limit: usize) -> Vec<TimerRow> {
        self.desk.ask(|view| query::due_timers(view, now, limit))
    }

    async fn commands_of_key(&self, key: &str) -> Vec<Command> {
        self.desk.ask(|view| query::commands_of_key(view, key))
    }

    async fn open_commands(&self) -> u64 {
        self.desk.open_commands()
    }

    async fn xref(&self, connection: &str, object: &str, external: &str) -> Option<XrefRow> {
        self.desk.ask(|view| query::xref(view, connection, object, external))
    }

    async fn xrefs_of(&self, id: &Id) -> Vec<XrefRow> {
        self.desk.ask(|view| query::xrefs_of(view, id))
    }

    async fn sighting(&self, connection: &str, object: &str, external: &str) -> Option<Sighting> {
        self.desk.ask(|view| query::sighting(view, connection, object, external))
    }

    async fn cursor(&self, name: &str) -> Option<Vec<u8>> {
        self.desk.ask(|view| query::cursor(view, name))
    }

    async fn exceptions(&self, all: bool, limit: usize) -> Vec<Exception> {
        self.desk.ask(|view| query::exceptions(view, all, limit))
    }

    fn head(&self) -> watch::Receiver<u64> {
        self.desk.head()
    }

    fn work(&self) -> watch::Receiver<u64> {
        self.desk.work()
    }
}
