//! The door out, against real sockets on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod credentials;
mod door;
mod outcome;
mod rotation;
mod separation;
mod support;
mod tls;
mod tokens;
