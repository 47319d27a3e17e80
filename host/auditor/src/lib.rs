//! Follows the log behind the wheel and checks the house: keeps the conservation ledger after every
//! commit, turns what does not balance into an exception with its cause, and compares connected
//! systems with what we hold when somebody asks.
//!
//! Lives here: loops that read the log with a position of their own. Never enters: the wheel's hot
//! path, a decision about money (that is `billing`), a comparison's rule (that is `reconcile`), a
//! write to a connected system (that is a command of the wheel).

mod conservation;
mod reconcile;

use std::sync::Arc;
use std::time::Duration;

use ::reconcile::drift::Ownership;
use ports::{Connectors, Ledger};
use tokio::sync::watch;

/// What the auditor needs.
#[derive(Clone)]
pub struct Auditor {
    ledger: Arc<dyn Ledger>,
    connectors: Option<Arc<dyn Connectors>>,
    /// Connections with what each is for.
    systems: Vec<(String, String)>,
    ownership: Arc<Ownership>,
}

impl Auditor {
    /// An auditor that keeps the ledger alone.
    pub fn new(ledger: Arc<dyn Ledger>) -> Self {
        let ownership = Arc::new(Ownership { version: 0, fields: Vec::new() });
        Self { ledger, connectors: None, systems: Vec::new(), ownership }
    }

    /// The systems to compare with: connections, each with its role, and whose word counts.
    #[must_use]
    pub fn with_systems(
        mut self,
        connectors: Arc<dyn Connectors>,
        systems: Vec<(String, String)>,
        ownership: Ownership,
    ) -> Self {
        self.connectors = Some(connectors);
        self.systems = systems;
        self.ownership = Arc::new(ownership);
        self
    }
}

/// Runs until `stop` turns true. What was not done by then is done after the next start.
pub async fn run(auditor: Auditor, stop: watch::Receiver<bool>) {
    let asked = reconcile::answer(auditor.clone(), stop.clone());
    tokio::join!(conservation::keep(auditor, stop), asked);
}

/// Longest wait for a notification before looking anyway: bounds the harm of a missed one.
const IDLE: Duration = Duration::from_secs(5);
