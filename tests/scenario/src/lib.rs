//! The acceptance script: a closed-won quote becomes a posted, paid invoice, through the built
//! host, real components and the vendor simulators, each its own process.
//!
//! Lives here: starting the cast (`stage.rs`), the script (`script.rs`), what must be true after it
//! (`figures.rs`). Never enters: a shortcut past the vendors' protocols or the public API.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it reports to a terminal")]

pub mod api;
pub mod config;
pub mod figures;
pub mod script;
pub mod simulator;
pub mod stage;

pub use figures::{Check, Report};
pub use stage::{Crashes, Stage, StageOptions};
