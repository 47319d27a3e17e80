//! Answers yes, no, or needs approval, with the reason: who may do what, which address may be
//! reached; and keeps the billing policy as data, with its versions and examples.
//!
//! Lives here: pure judgements. Never enters: the deed it judges, a default yes.

pub mod access;
pub mod book;
pub mod network;
