//! One command at a time on an object of a system. A connector looks for an object before it makes it,
//! so two deals of one new customer, looking at the same moment, would both find nothing and make two.
//! Who comes second waits, and is then given the vendor's id that the first brought home. Meanwhile its
//! place in flight is somebody else's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use process::{Command, Operation};
use serde_json::Value;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Commands that wait without a place in flight. Who comes after them keeps its place while it waits, so that
/// not much more is leased than can be performed within a lease.
const WAITING_MAX: usize = 512;

/// Connection, kind of object, canonical id.
type Object = (String, String, String);

/// What is being written just now, and who waits for it.
pub(crate) struct Busy {
    objects: Mutex<BTreeSet<Object>>,
    left: Notify,
    flight: Arc<Semaphore>,
    waiting: Semaphore,
}

/// A command's objects, taken until it is dropped.
pub(crate) struct Taken<'a> {
    busy: &'a Busy,
    objects: Vec<Object>,
    /// The command's place in flight; nothing once there is no flight any more.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl Busy {
    /// Nothing is written yet. `flight` has the places of commands that are under way.
    pub(crate) fn new(flight: Arc<Semaphore>) -> Self {
        Self { objects: Mutex::default(), left: Notify::new(), flight, waiting: Semaphore::new(WAITING_MAX) }
    }

    /// Waits until nobody else writes any of a command's objects. All are taken at once or none, and nobody who
    /// waits for a place has objects, so that no two commands can wait for each other.
    pub(crate) async fn take(&self, command: &Command, mut place: Option<OwnedSemaphorePermit>) -> Taken<'_> {
        let objects = objects(command);
        loop {
            // Made before looking: hears whoever leaves from here on.
            let left = self.left.notified();
            if self.try_take(&objects) {
                return Taken { busy: self, objects, place };
            }
            match self.waiting.try_acquire() {
                Ok(_waiting) => {
                    drop(place.take());
                    self.free(&objects).await;
                    place = Arc::clone(&self.flight).acquire_owned().await.ok();
                }
                Err(_) => left.await,
            }
        }
    }

    /// Until nobody writes any of the objects.
    async fn free(&self, wanted: &[Object]) {
        loop {
            let left = self.left.notified();
            if wanted.iter().all(|object| !self.objects().contains(object)) {
                return;
            }
            left.await;
        }
    }

    fn try_take(&self, wanted: &[Object]) -> bool {
        let mut objects = self.objects();
        let free = wanted.iter().all(|object| !objects.contains(object));
        if free {
            objects.extend(wanted.iter().cloned());
        }
        free
    }

    fn objects(&self) -> MutexGuard<'_, BTreeSet<Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut objects = self.busy.objects();
        for object in &self.objects {
            objects.remove(object);
        }
        drop(objects);
        self.busy.left.notify_waiters();
    }
}

fn objects(command: &Command) -> Vec<Object> {
    let Operation::Apply { object, objects } = &command.operation;
    let ids = objects.iter().filter_map(|object| object.pointer("/header/id").and_then(Value::as_str));
    ids.map(|id| (command.connection.clone(), object.clone(), id.to_owned())).collect()
}
