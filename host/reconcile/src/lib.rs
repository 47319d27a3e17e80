//! Comparing: what was approved with where it went (the conservation ledger), and what connected
//! systems say with what we say, field by field.
//!
//! Lives here: a second book per contract, kept from the events alone and apart from billing's own
//! account (`conservation`); the comparison of records with their owners (`drift`). Never enters: a
//! repair, a fetch, a clock.

pub mod conservation;
pub mod drift;
