//! A real Tryton 8.0 for tests: installed from PyPI into a private environment, and set up by an
//! accountant over its own RPC.
//!
//! Lives here: the environment (`environment.rs`), its database (`database.rs`), the running server
//! (`server.rs`), the accountant (`books.rs`). Its test shows what the connector refuses; the chain
//! from quote to paid invoice is played by the scenario. Never enters: a simulator.
#![allow(clippy::print_stderr, reason = "it reports to a terminal")]

pub mod books;
pub mod database;
pub mod environment;
pub mod server;

pub use books::{Books, Posted};
pub use server::Tryton;
