//! The connector against the running simulator.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod listening;
mod reading;
mod support;
mod writing;
