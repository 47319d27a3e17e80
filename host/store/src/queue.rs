//! The open commands, by when they are due, and who is busy with which. Kept in memory, because it
//! is asked many times for each time that it changes; built again from the command rows when the
//! store is opened, and by then a process that died has given all its leases back.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use process::CommandId;
use quoin_canonical::Timestamp;

use crate::keys::Table;
use crate::prepare::CommandHead;
use crate::view::{View, ViewError};

/// Open commands: some 200 bytes each, beside their rows in the view.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Those that nobody has leased: by priority, then by earliest attempt.
    free: BTreeMap<u8, BTreeSet<(Timestamp, CommandId)>>,
    /// Those that somebody has: by when the lease ends.
    leased: BTreeSet<(Timestamp, CommandId)>,
    places: HashMap<CommandId, Place>,
}

/// Where a command stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    priority: u8,
    due: Timestamp,
    /// Until when somebody is busy with it.
    leased: Option<Timestamp>,
}

impl Place {
    /// Nobody is busy with it.
    pub(crate) fn new(priority: u8, due: Timestamp) -> Self {
        Self { priority, due, leased: None }
    }
}

impl Queue {
    /// The queue of all command rows.
    pub(crate) fn of(view: &dyn View) -> Result<Self, ViewError> {
        let mut queue = Self::default();
        let table = Table::Command as u8;
        view.scan(&[table], &[table + 1], &mut |key, row| {
            let id = key.get(1..).and_then(|id| std::str::from_utf8(id).ok()).and_then(CommandId::parse);
            let (Some(id), Some((head, _))) = (id, CommandHead::decode(row)) else {
                return Err(ViewError::row(key, "not a command"));
            };
            queue.put(id, Place::new(head.priority, head.not_before));
            Ok(true)
        })?;
        Ok(queue)
    }

    /// Queues a command, or moves it; its lease ends.
    pub(crate) fn put(&mut self, id: CommandId, place: Place) {
        self.remove(&id);
        self.free.entry(place.priority).or_default().insert((place.due, id.clone()));
        self.places.insert(id, place);
    }

    /// Takes a command out.
    pub(crate) fn remove(&mut self, id: &CommandId) {
        let Some(place) = self.places.remove(id) else { return };
        if let Some(until) = place.leased {
            self.leased.remove(&(until, id.clone()));
        } else if let Some(free) = self.free.get_mut(&place.priority) {
            free.remove(&(place.due, id.clone()));
        }
    }

    /// Leases up to `limit` commands due at `now`: lowest priority number first, then the longest due.
    pub(crate) fn lease(&mut self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<CommandId> {
        self.expire(now);
        let mut taken = Vec::new();
        for free in self.free.values_mut() {
            while taken.len() < limit && free.first().is_some_and(|(due, _)| *due <= now) {
                taken.extend(free.pop_first().map(|(_, id)| id));
            }
        }
        for id in &taken {
            if let Some(place) = self.places.get_mut(id) {
                place.leased = Some(until);
                self.leased.insert((until, id.clone()));
            }
        }
        taken
    }

    /// Ends a lease before its time; whether there was one.
    pub(crate) fn release(&mut self, id: &CommandId) -> bool {
        let Some(place) = self.places.get(id).filter(|place| place.leased.is_some()) else { return false };
        let (priority, due) = (place.priority, place.due);
        self.put(id.clone(), Place::new(priority, due));
        true
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some((_, id)) = self.leased.first().filter(|(until, _)| *until <= now).cloned() {
            self.release(&id);
        }
    }

    /// When the next command is due, or the first lease ends.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let due = self.free.values().filter_map(|free| free.first()).map(|(due, _)| *due);
        due.chain(self.leased.first().map(|(until, _)| *until)).min()
    }

    /// How many commands are open.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many free commands are due at `now`, counted no further than `most`.
    pub(crate) fn ready(&self, now: Timestamp, most: usize) -> usize {
        let due = self.free.values().flat_map(|free| free.iter().take_while(|(due, _)| *due <= now));
        due.take(most).count()
    }
}
