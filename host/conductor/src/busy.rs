//! One command at a time on an object of a system. A connector looks for an object before it makes it,
//! so two deals of one new customer, looking at the same moment, would both find nothing and make two.
//! Who comes second waits, and is then given the vendor's id that the first brought home.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use process::{Command, Operation};
use serde_json::Value;
use tokio::sync::Notify;

/// Connection, kind of object, canonical id.
type Place = (String, String, String);

/// What is being written just now.
#[derive(Default)]
pub(crate) struct Busy {
    places: Mutex<BTreeSet<Place>>,
    left: Notify,
}

/// A command's objects, taken until it is dropped.
pub(crate) struct Taken<'a> {
    busy: &'a Busy,
    places: Vec<Place>,
}

impl Busy {
    /// Waits until nobody else writes any of a command's objects. All are taken at once or none, so
    /// that no two commands can wait for each other.
    pub(crate) async fn take(&self, command: &Command) -> Taken<'_> {
        let places = places(command);
        loop {
            // Made before looking: hears whoever leaves from here on.
            let left = self.left.notified();
            if self.try_take(&places) {
                return Taken { busy: self, places };
            }
            left.await;
        }
    }

    fn try_take(&self, wanted: &[Place]) -> bool {
        let mut places = self.places();
        let free = wanted.iter().all(|place| !places.contains(place));
        if free {
            places.extend(wanted.iter().cloned());
        }
        free
    }

    fn places(&self) -> MutexGuard<'_, BTreeSet<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut places = self.busy.places();
        for place in &self.places {
            places.remove(place);
        }
        drop(places);
        self.busy.left.notify_waiters();
    }
}

fn places(command: &Command) -> Vec<Place> {
    let Operation::Apply { object, objects } = &command.operation;
    let ids = objects.iter().filter_map(|object| object.pointer("/header/id").and_then(Value::as_str));
    ids.map(|id| (command.connection.clone(), object.clone(), id.to_owned())).collect()
}
