//! The acceptance script: a closed-won quote becomes a posted, paid invoice, through the built
//! host, real components and the vendor simulators (or a real ERP), each its own process.
//!
//! Lives here: starting the cast (`stage.rs`, `erp.rs`), the script (`script.rs`), what must be true after it
//! (`figures.rs`). Never enters: a shortcut past the vendors' protocols or the public API.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it reports to a terminal")]

pub mod api;
pub mod config;
pub mod einvoice;
pub mod erp;
pub mod figures;
pub mod script;
pub mod simulator;
pub mod stage;

pub use erp::{Erp, ErpChoice};
pub use figures::{Check, Report};
pub use stage::{Crashes, Stage, StageOptions};
