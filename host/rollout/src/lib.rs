//! Which version of a plugin serves which call: a decision kept as data, and what may be decided next.
//!
//! Lives here: who serves whom (`serving.rs`), what an operator or the host may decide and what it leads to
//! (`decision.rs`), when a version is taken out by itself (`health.rs`). Never enters: a component, a clock,
//! a call.

mod decision;
mod health;
mod serving;

pub use decision::{Decision, Origin, Refusal, Rollout, State, Version};
pub use health::{Health, PROBATION_CALLS, WINDOW_CALLS, WINDOW_FAULTS};
pub use serving::{Call, Canary, Serving, TURNS_KEPT, Turn};
