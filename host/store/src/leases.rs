//! Who is busy with which command, and until when. Kept in memory: a process that dies gives all
//! its leases back.

use std::collections::HashMap;

use process::CommandId;
use quoin_canonical::Timestamp;

/// Leases, by command.
#[derive(Debug, Default)]
pub(crate) struct Leases(HashMap<CommandId, Timestamp>);

impl Leases {
    /// Forgets those that have ended at `now`.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.0.retain(|_, until| *until > now);
    }

    pub(crate) fn take(&mut self, id: CommandId, until: Timestamp) {
        self.0.insert(id, until);
    }

    pub(crate) fn end(&mut self, id: &CommandId) -> bool {
        self.0.remove(id).is_some()
    }

    pub(crate) fn is_free(&self, id: &CommandId) -> bool {
        !self.0.contains_key(id)
    }

    /// When the first lease ends.
    pub(crate) fn first_end(&self) -> Option<Timestamp> {
        self.0.values().min().copied()
    }
}
