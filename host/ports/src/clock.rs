//! Time, as a wire: so that tests and demonstrations can set it, and the core never reads it.

use quoin_canonical::Timestamp;

/// The business clock.
pub trait Clock: Send + Sync {
    /// Now. Never goes backwards within a process.
    fn now(&self) -> Timestamp;
}
