//! Turns the wheel: reads recorded events, asks the process machine what follows, commits it,
//! performs the commands and records how they ended.
//!
//! Lives here: the turning loop (`turner.rs`), what a turn loads and commits (`load.rs`), the
//! performing loop (`performer.rs`), who may write what just now (`busy.rs`) and how an attempt is
//! judged (`attempt.rs`), timers.
//! Never enters: a decision (that is `process`), a command performed before it is committed.

mod attempt;
mod busy;
mod items;
mod load;
mod performer;
mod timers;
mod turner;

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, Connectors, Ids, Ledger};
use process::calls::Parameters;
use process::machine::Catalogue;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the wheel needs.
#[derive(Clone)]
pub struct Wheel {
    /// The truth.
    pub ledger: Arc<dyn Ledger>,
    /// The connected systems.
    pub connectors: Arc<dyn Connectors>,
    /// The business clock.
    pub clock: Arc<dyn Clock>,
    /// New ids; only their randomness is used, for jitter.
    pub ids: Arc<dyn Ids>,
    /// Process definitions.
    pub catalogue: Arc<Catalogue>,
    /// Policy and routes.
    pub parameters: Arc<Parameters>,
    /// Limits.
    pub limits: Limits,
}

/// Limits of the wheel.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Loops that turn; each owns a share of the partitions. Two keep two cores busy.
    pub turners: u16,
    /// Commands in flight over all connections; the plugin pool is sized for it.
    pub commands_in_flight: usize,
    /// How long a leased command belongs to its worker. Longer than any call may run.
    pub lease: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { turners: 2, commands_in_flight: 64, lease: Duration::from_secs(120) }
    }
}

/// Runs the wheel until `stop` turns true and everything under way has been recorded.
pub async fn run(wheel: Wheel, stop: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    for turner in 0..wheel.limits.turners {
        tasks.spawn(turner::turn_partitions(wheel.clone(), turner, stop.clone()));
    }
    tasks.spawn(performer::perform_commands(wheel.clone(), stop.clone()));
    tasks.spawn(timers::fire_timers(wheel, stop));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a loop of the wheel ended badly");
        }
    }
}

/// Longest wait for a notification before looking anyway: bounds the harm of a missed one.
const IDLE: Duration = Duration::from_secs(5);
