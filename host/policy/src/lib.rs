//! Answers yes, no, or needs approval, with the reason: who may do what, which address may be
//! reached.
//!
//! Lives here: pure judgements. Never enters: the deed it judges, a default yes.

pub mod access;
pub mod network;
