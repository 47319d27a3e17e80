//! The process machine: one pure function from (definition, state, event) to (state, commands,
//! timers, events), and the definitions we ship.
//!
//! Lives here: the shapes of the wheel (`wheel.rs`), definitions as data (`definition.rs`), the
//! machine (`machine.rs`), the business calls a definition may make (`calls.rs`).
//! Never enters: a future, a clock, a plugin, IO.

pub mod calls;
pub mod dates;
pub mod definition;
pub mod expression;
pub mod intake;
pub mod machine;
mod names;
mod plain;
pub mod projection;
pub mod shipped;
pub mod wheel;

pub use wheel::{
    Cause, Command, CommandId, Event, EventDraft, Exception, ExceptionStatus, Fault, FaultKind, Operation, Retry,
    Sighting, TimerEvent, TimerRow, XrefRow,
};
