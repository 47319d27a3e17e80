//! The kit for vendor simulators: a process that speaks a vendor's protocol over HTTP and HTTPS,
//! keeps a ledger of what was really committed, and fails on demand.
//!
//! Lives here: start-up, the test certificate authority, the ledger, the request log, the clock,
//! the switchboard of faults, the control routes under `/_sim`, and what simulators need to check
//! signatures.
//! Never enters: a vendor's shapes (those stand beside the vendor's connector), the host.
//!
//! Start with `README.md`; then `kit.rs`, `faults.rs`, `switchboard.rs`.

mod behind;
mod clock;
mod control;
mod dialect;
mod faults;
mod kit;
mod ledger;
mod origin;
mod requests;
mod serve;
pub mod sign;
mod switchboard;
mod tls;

pub use behind::run_behind;
pub use clock::Clock;
pub use dialect::{Dialect, PlainDialect};
pub use faults::{Fault, FaultSpec};
pub use kit::{Kit, Refusal};
pub use ledger::{Effect, Ledger};
pub use origin::Origin;
pub use requests::{LoggedRequest, RequestLog};
pub use serve::{Args, Running, StartError, app, run, start};

pub use axum;
pub use jiff::Timestamp;
