//! The streams that are polled, and the webhooks whose records are read again: what the version that serves
//! each connection declares. A version that reads more is polled for more from the moment it serves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ingress::{Doors, Stream};
use ports::{Connectors, Versions};
use runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Connection;

/// What one loop is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Door {
    /// Pages of an object.
    Poll { connection: String, object: String },
    /// Records that deliveries pointed at.
    Nudges { connection: String },
}

/// A loop that runs.
struct Running {
    stop: watch::Sender<bool>,
    ended: JoinHandle<()>,
}

/// The loops of every connection.
pub(crate) struct Streams {
    doors: Doors,
    connections: Vec<Connection>,
    running: BTreeMap<Door, Running>,
}

impl Streams {
    /// None runs yet.
    pub(crate) fn new(doors: Doors, connections: Vec<Connection>) -> Self {
        Self { doors, connections, running: BTreeMap::new() }
    }

    /// Follows who serves until `stop` turns true; then every loop has ended.
    pub(crate) async fn run(mut self, runtime: Arc<Runtime>, mut stop: watch::Receiver<bool>) {
        // Subscribed before the first look, so that no change falls between.
        let mut routed = runtime.routed();
        while !*stop.borrow() {
            self.follow(&runtime).await;
            tokio::select! {
                changed = routed.changed() => if changed.is_err() { break },
                _ = stop.changed() => {}
            }
        }
        let all: Vec<Door> = self.running.keys().cloned().collect();
        self.end(all).await;
    }

    /// Starts what is declared and does not run, ends what runs and is declared no more.
    async fn follow(&mut self, runtime: &Runtime) {
        let mut wanted = BTreeMap::new();
        for connection in &self.connections {
            let declared = declared(connection, runtime);
            wanted.extend(declared.into_iter().map(|door| (door, Duration::from_millis(connection.poll_ms))));
        }
        let gone: Vec<Door> = self.running.keys().filter(|door| !wanted.contains_key(*door)).cloned().collect();
        for door in &gone {
            tracing::info!(?door, "no version that serves declares it any more");
        }
        self.end(gone).await;
        for (door, every) in wanted {
            if !self.running.contains_key(&door) {
                let running = self.start(door.clone(), every);
                self.running.insert(door, running);
            }
        }
    }

    fn start(&self, door: Door, every: Duration) -> Running {
        let (stop, stopped) = watch::channel(false);
        let doors = self.doors.clone();
        let ended = match door {
            Door::Poll { connection, object } => {
                tokio::spawn(ingress::poll(doors, Stream { connection, object, every }, stopped))
            }
            Door::Nudges { connection } => tokio::spawn(ingress::follow_nudges(doors, connection, stopped)),
        };
        Running { stop, ended }
    }

    /// Tells loops to stop, all at once, and waits until they have.
    async fn end(&mut self, doors: Vec<Door>) {
        let ending: Vec<Running> = doors.iter().filter_map(|door| self.running.remove(door)).collect();
        for running in &ending {
            // One that has ended by itself hears nothing.
            let _unheard = running.stop.send(true);
        }
        for running in ending {
            if let Err(error) = running.ended.await {
                tracing::error!(%error, "a loop of a connection did not end well");
            }
        }
    }
}

/// What the version that serves a connection declares, as far as the operator allows it.
fn declared(connection: &Connection, runtime: &Runtime) -> Vec<Door> {
    let Some(info) = runtime.connection(&connection.id) else { return Vec::new() };
    let allowed = |object: &str| connection.read.as_ref().is_none_or(|read| read.iter().any(|name| name == object));
    let read = info.manifest.objects.iter().filter(|object| object.read && allowed(&object.name));
    let mut doors: Vec<Door> =
        read.map(|object| Door::Poll { connection: connection.id.clone(), object: object.name.clone() }).collect();
    if info.manifest.webhook.is_some() {
        doors.push(Door::Nudges { connection: connection.id.clone() });
    }
    doors
}
