//! What connected systems say against what we say, field by field, and who is right.
//!
//! Whose word counts is data (`ownership.toml`). The comparison answers with differences and a
//! proposal for each; what becomes of a proposal is decided by a person.

mod compare;
mod ownership;
mod run;

pub use compare::{Drift, Pair, Proposal, compare, unknown};
pub use ownership::{Field, Ownership, OwnershipError};
pub use run::{Findings, KEY, Request};
