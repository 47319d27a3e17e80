//! What both engines share at run time: the view behind its lock, the leases, and the bells that
//! ring when something changes.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use ports::CommitError;
use process::{Command, CommandId};
use quoin_canonical::Timestamp;
use tokio::sync::watch;

use crate::leases::Leases;
use crate::query;
use crate::view::{View, ViewError};

/// View, leases and bells. Locks are taken in the order leases, view; both are held for one
/// look-up or one group, never across an await.
pub(crate) struct Desk<V> {
    /// Readers share it; the committer alone changes it, and only to what is durable.
    view: RwLock<V>,
    leases: Mutex<Leases>,
    head: watch::Sender<u64>,
    work: watch::Sender<u64>,
    stopped: watch::Sender<Option<String>>,
}

/// What a group of commits changed beside the view.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// The new last sequence number.
    pub(crate) head: Option<u64>,
    /// Commands whose leases end.
    pub(crate) commands: Vec<CommandId>,
    /// Commands or timers were queued.
    pub(crate) queued: bool,
}

impl<V: View> Desk<V> {
    /// A desk over a view that holds something already.
    pub(crate) fn new(view: V) -> Result<Self, ViewError> {
        let head = query::head(&view)?;
        let desk = Self::of_empty(view);
        desk.head.send_replace(head);
        Ok(desk)
    }

    /// A desk over an empty view.
    pub(crate) fn of_empty(view: V) -> Self {
        Self {
            view: RwLock::new(view),
            leases: Mutex::default(),
            head: watch::Sender::new(0),
            work: watch::Sender::new(0),
            stopped: watch::Sender::new(None),
        }
    }

    /// Poisoning is of no consequence: a view that panics is caught and stops the store.
    pub(crate) fn view(&self) -> RwLockReadGuard<'_, V> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the view, ends leases, rings the bells.
    pub(crate) fn change<T>(
        &self,
        apply: impl FnOnce(&mut V) -> Result<(T, Changes), ViewError>,
    ) -> Result<T, ViewError> {
        let mut leases = self.leases();
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let (result, changes) = apply(&mut view)?;
        for id in &changes.commands {
            leases.end(id);
        }
        drop(view);
        drop(leases);
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

    pub(crate) fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<Command> {
        let mut leases = self.leases();
        leases.expire(now);
        let due = self.ask(|view| query::due_commands(view, now, limit, |id| leases.is_free(id)));
        for command in &due {
            leases.take(command.id.clone(), until);
        }
        due
    }

    pub(crate) fn release(&self, commands: &[CommandId]) {
        let mut leases = self.leases();
        let ended = commands.iter().filter(|id| leases.end(id)).count();
        drop(leases);
        if ended > 0 {
            self.ring_work();
        }
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let leases = self.leases();
        let queued = self.ask(|view| query::next_due(view, |id| leases.is_free(id)));
        [queued, leases.first_end()].into_iter().flatten().min()
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
