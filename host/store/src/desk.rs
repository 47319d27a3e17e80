//! What both engines share at run time: the view behind its lock, the queue, and the bells that
//! ring when something changes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use ports::{CommitError, PARTITIONS};
use process::{Command, CommandId, Event};
use quoin_canonical::Timestamp;
use tokio::sync::watch;

use crate::query;
use crate::queue::{Place, Queue};
use crate::recent::{Appended, Recent};
use crate::view::{View, ViewError};

/// View, queue and bells. Locks are taken in the order queue, view; both are held for one
/// look-up or one group, never across an await.
pub(crate) struct Desk<V> {
    /// Readers share it; the committer alone changes it, and only to what is durable.
    view: RwLock<V>,
    queue: Mutex<Queue>,
    /// No event of a partition has a higher number. Changed under the view's lock only.
    ends: Vec<AtomicU64>,
    /// Taken after the view where both are held.
    recent: RwLock<Recent>,
    head: watch::Sender<u64>,
    work: watch::Sender<u64>,
    stopped: watch::Sender<Option<String>>,
}

/// What a group of commits changed beside the view.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The new last sequence number.
    pub(crate) head: Option<u64>,
    /// Every new event, by number.
    pub(crate) events: Vec<Appended>,
    /// Commands that were queued, and where they stand, or that left the queue.
    pub(crate) commands: Vec<(CommandId, Option<Place>)>,
    /// Commands or timers were queued.
    pub(crate) queued: bool,
}

impl<V: View> Desk<V> {
    /// A desk over a view that holds something already.
    pub(crate) fn new(view: V) -> Result<Self, ViewError> {
        let (head, queue) = (query::head(&view)?, Queue::of(&view)?);
        let mut desk = Self::of_empty(view);
        desk.queue = Mutex::new(queue);
        desk.head.send_replace(head);
        desk.recent = RwLock::new(Recent::after(head));
        desk.ends = (0..PARTITIONS).map(|_| AtomicU64::new(head)).collect();
        Ok(desk)
    }

    /// A desk over an empty view.
    pub(crate) fn of_empty(view: V) -> Self {
        Self {
            view: RwLock::new(view),
            queue: Mutex::default(),
            ends: (0..PARTITIONS).map(|_| AtomicU64::new(0)).collect(),
            recent: RwLock::new(Recent::after(0)),
            head: watch::Sender::new(0),
            work: watch::Sender::new(0),
            stopped: watch::Sender::new(None),
        }
    }

    /// Poisoning is of no consequence: a view that panics is caught and stops the store.
    pub(crate) fn view(&self) -> RwLockReadGuard<'_, V> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the view and the queue, rings the bells.
    pub(crate) fn change<T>(
        &self,
        apply: impl FnOnce(&mut V) -> Result<(T, Changes), ViewError>,
    ) -> Result<T, ViewError> {
        let mut queue = self.queue();
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let (result, changes) = apply(&mut view)?;
        for (id, place) in changes.commands {
            match place {
                Some(place) => queue.put(id, place),
                None => queue.remove(&id),
            }
        }
        if !changes.events.is_empty() {
            let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
            for appended in changes.events {
                self.end_of(appended.partition).fetch_max(appended.event.seq, Ordering::Relaxed);
                recent.push(appended);
            }
        }
        drop(view);
        drop(queue);
        if let Some(head) = changes.head {
            self.head.send_replace(head);
        }
        if changes.queued {
            self.ring_work();
        }
        Ok(result)
    }

    fn ring_work(&self) {
        self.work.send_modify(|count| *count += 1);
    }

    /// Asks the view. When it cannot answer the store stops, so that nothing is committed on an
    /// answer that only looks like "there is none".
    pub(crate) fn ask<T: Default>(&self, question: impl FnOnce(&dyn View) -> Result<T, ViewError>) -> T {
        question(&*self.view()).unwrap_or_else(|error| {
            self.stop(&error.to_string());
            T::default()
        })
    }

    /// Never fails to find one: partitions come from [`ports::partition_of`].
    fn end_of(&self, partition: u16) -> &AtomicU64 {
        &self.ends[usize::from(partition % PARTITIONS)]
    }

    /// Events of a partition; the view is not asked for what cannot be there.
    pub(crate) fn events(&self, partition: u16, after: u64, limit: usize) -> Vec<Arc<Event>> {
        let end = self.end_of(partition);
        if limit == 0 || end.load(Ordering::Relaxed) <= after {
            return Vec::new();
        }
        if let Some(events) = self.recent().read(Some(partition), after, limit) {
            return events;
        }
        self.ask(|view| {
            let found = query::events(view, partition, after, limit)?;
            if found.is_empty() {
                end.store(after, Ordering::Relaxed);
            }
            Ok(found.into_iter().map(Arc::new).collect())
        })
    }

    /// Events of every partition.
    pub(crate) fn log(&self, after: u64, limit: usize) -> Vec<Arc<Event>> {
        if let Some(events) = self.recent().read(None, after, limit) {
            return events;
        }
        let found = self.ask(|view| query::log(view, after, limit));
        found.into_iter().map(Arc::new).collect()
    }

    fn recent(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<Command> {
        let mut queue = self.queue();
        let due = queue.lease(now, until, limit);
        // Under the queue's lock, so that no row can have gone in between.
        self.ask(|view| due.iter().map(|id| query::command(view, id)).collect())
    }

    pub(crate) fn release(&self, commands: &[CommandId]) {
        let mut queue = self.queue();
        let ended = commands.iter().filter(|id| queue.release(id)).count();
        drop(queue);
        if ended > 0 {
            self.ring_work();
        }
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let command = self.queue().next_due();
        [command, self.ask(query::next_timer)].into_iter().flatten().min()
    }

    pub(crate) fn open_commands(&self) -> u64 {
        self.queue().len() as u64
    }

    pub(crate) fn ready(&self, now: Timestamp, most: usize) -> usize {
        self.queue().ready(now, most)
    }

    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    pub(crate) fn work(&self) -> watch::Receiver<u64> {
        self.work.subscribe()
    }

    /// Stops the store for good; the first reason stays.
    pub(crate) fn stop(&self, reason: &str) {
        let first = self.stopped.send_if_modified(|stopped| {
            let first = stopped.is_none();
            if first {
                *stopped = Some(reason.to_string());
            }
            first
        });
        if first {
            tracing::error!(reason, "the store has stopped; nothing more is accepted");
        }
    }

    pub(crate) fn stopped(&self) -> watch::Receiver<Option<String>> {
        self.stopped.subscribe()
    }

    pub(crate) fn check_running(&self) -> Result<(), CommitError> {
        match &*self.stopped.borrow() {
            Some(reason) => Err(CommitError::Stopped(reason.clone())),
            None => Ok(()),
        }
    }
}
