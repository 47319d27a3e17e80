//! The twin without a disk: the same meaning of every operation over a sorted map. For tests and
//! dry runs.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use ports::{CommitError, Receipt};

use crate::COMMIT_LIMIT_BYTES;
use crate::desk::{Changes, Desk};
use crate::prepare::Prepared;
use crate::resolve::{Refusal, head_after, resolve};
use crate::store::{Engine, Store, sealed};
use crate::view::{View, ViewError, Visit, Writes};

/// A [`ports::Ledger`] in memory: forgets everything when dropped.
pub type MemoryStore = Store<Memory>;

/// Commits to memory.
#[derive(Debug)]
pub struct Memory(());

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        let desk = Desk::of_empty(MemoryView::default());
        Self { engine: Memory(()), desk: Arc::new(desk) }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// A sorted map.
#[derive(Debug, Default)]
pub struct MemoryView(BTreeMap<Vec<u8>, Bytes>);

impl MemoryView {
    fn apply(&mut self, writes: Writes) {
        for (key, value) in writes {
            match value {
                Some(value) => self.0.insert(key, value),
                None => self.0.remove(&key),
            };
        }
    }
}

impl View for MemoryView {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        Ok(self.0.get(key).cloned())
    }

    fn scan(&self, from: &[u8], below: &[u8], visit: Visit<'_>) -> Result<(), ViewError> {
        for (key, value) in self.0.range::<[u8], _>((Bound::Included(from), Bound::Excluded(below))) {
            if !visit(key, value)? {
                break;
            }
        }
        Ok(())
    }
}

#[async_trait]
#[allow(private_interfaces)]
impl sealed::Commits for Memory {
    type View = MemoryView;

    fn limit_bytes(&self) -> u64 {
        COMMIT_LIMIT_BYTES
    }

    async fn commit(&self, desk: &Arc<Desk<MemoryView>>, commit: Prepared) -> Result<Receipt, CommitError> {
        let outcome = desk.change(|view| match resolve(view, &Writes::new(), commit) {
            Ok(resolved) => {
                let changes = Changes {
                    head: head_after(&resolved.writes),
                    events: resolved.events,
                    commands: resolved.commands,
                    queued: resolved.queued,
                };
                view.apply(resolved.writes);
                Ok((Ok(resolved.receipt), changes))
            }
            Err(Refusal::Commit(error)) => Ok((Err(error), Changes::default())),
            Err(Refusal::View(error)) => Err(error),
        });
        outcome.unwrap_or_else(|error| {
            desk.stop(&error.to_string());
            Err(CommitError::Stopped(error.to_string()))
        })
    }
}

impl Engine for Memory {}
