//! Looks after plugins in production: keeps their components, decides durably which version serves whom,
//! takes out a version that keeps failing, and stops what its registry revoked.
//!
//! Lives here: decisions on their way from a person (or a fault) through the ledger into the sandbox, and
//! back into the sandbox after a restart. Never enters: what may be decided (that is `rollout`), a component's
//! code (that is `runtime`), a connection's settings (the daemon's `Doorkeeper`).
//!
//! Read `fleet.rs` for a decision's way, `start.rs` for what happens after a restart, `watch.rs` for what the
//! fleet does by itself, `pinned.rs` for how a process stays with its version, `shadow` for what a version would
//! have done.

mod exceptions;
mod fleet;
mod pinned;
mod revocations;
mod shadow;
mod shelf;
mod start;
mod watch;

pub use fleet::{Doorkeeper, Fleet, Wiring};
pub use pinned::Pinned;
pub use revocations::{Registry, RegistryLog};
pub use shadow::Tap;
pub use shelf::Shelf;
pub use start::{Offer, Offered};
pub use watch::run;
