//! What happened, in order, for ever: an append-only file in which each line carries the SHA-256 of
//! the line before. Everything the registry knows about namespaces and versions is read from it, so
//! nothing can be published, yanked or refused without a trace, and no trace can be taken out.

mod chain;
mod event;
mod index;
mod journal;

pub use chain::{Chain, Head, Verdict, verify};
pub use event::{Entry, Event, Evidence, Published};
pub use index::{Attention, Index, Namespace, Plugin, Release};
pub use journal::Journal;
