//! The durable truth behind [`ports::Ledger`]: [`EmbeddedStore`] on one machine's disk, and
//! [`MemoryStore`], its twin without one.
//!
//! ```text
//! commit > prepare (caller) > queue > resolve > journal: one frame, one flush > layers > acknowledge
//!                                     \________ one committing thread, a group at a time ________/
//! ```
//!
//! The journal is the truth; sled is a view of it that may be thrown away at any time, and that
//! follows in large strides: what is recent is answered from memory (`layers.rs`). So sled's
//! known faults (it does not survive a power cut, and panics or lies on damaged files) cost a
//! rebuild, never data. No reader sees what is not yet durable, and what was acknowledged is
//! durable. `EmbeddedStore` keeps its whole journal: there is no snapshot and no compaction, so a
//! rebuild reads everything since the beginning.
//!
//! Lives here: durability, order, preconditions, the layout of keys. Never enters: a business
//! choice inside a query, a clock, a second meaning of an operation per engine.
//!
//! Read `journal/mod.rs` first, then `resolve.rs`, `committer.rs`, `embedded.rs`.

mod committer;
mod desk;
mod embedded;
pub mod journal;
mod keys;
mod layers;
mod memory;
mod prepare;
mod query;
mod queue;
mod recent;
mod resolve;
mod sled_view;
mod store;
mod view;
mod warm;

pub use embedded::{Embedded, EmbeddedStore, OpenError, Options, VIEW_CACHE_BYTES};
pub use memory::{Memory, MemoryStore};
pub use store::{Engine, Store};

/// Bytes one commit may hold: far above the largest invoice seen, and small enough that a group
/// with one in it stays a moment's work for the disk.
pub const COMMIT_LIMIT_BYTES: u64 = 4 << 20;
