//! Salesforce as a connector meets it: OAuth, REST API, SOQL, limits, error arrays, and what sales
//! does in the user interface as actions.
//!
//! Lives here: the vendor's behaviour, in the vendor's own words. Never enters: what a connector
//! would like it to be.
//!
//! Read `schema.rs` (the org's objects and fields), `org.rs` (its data), then `rest.rs`.

mod actions;
mod deals;
mod describe;
mod errors;
mod oauth;
mod org;
mod push;
mod query;
mod rest;
mod schema;
mod soql;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quoin_simulator::Kit;
use quoin_simulator::axum::Router;

pub use deals::{SCENARIO_OPPORTUNITY, SCENARIO_QUOTE};
pub use errors::ApiError;
pub use oauth::{CLIENT_ID, CLIENT_SECRET, USERNAME};
pub use org::{ORGANIZATION_ID, Org};

/// The simulator's state. Cheap to clone; all clones are the same org.
#[derive(Clone)]
pub struct Sim {
    /// The kit it stands on.
    pub kit: Kit,
    org: Arc<Mutex<Org>>,
}

impl Sim {
    fn new(kit: Kit) -> Self {
        let org = Org::seeded(kit.seed());
        Self { kit, org: Arc::new(Mutex::new(org)) }
    }

    /// The org, locked. Never held across an await.
    pub(crate) fn org(&self) -> MutexGuard<'_, Org> {
        self.org.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Builds the vendor's routes, for `quoin_simulator::run` and `quoin_simulator::start`.
pub fn build(kit: Kit) -> Router {
    let sim = Sim::new(kit.clone());
    kit.dialect(errors::SalesforceDialect { sim: sim.clone() });
    let resetting = sim.clone();
    kit.on_reset(move || *resetting.org() = Org::seeded(resetting.kit.seed()));
    actions::register(&sim);
    rest::router(sim)
}
