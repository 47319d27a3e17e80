//! A real Tryton 8.0 as the connected ERP: installed from PyPI into a private environment, set up
//! by an accountant over its own RPC, and written to by the built component through the real
//! sandbox, vault and door out.
//!
//! Lives here: the environment (`environment.rs`), its database (`database.rs`), the running server
//! (`server.rs`), the accountant (`books.rs`), the host's rooms (`host.rs`), the deal's objects
//! (`deal.rs`). Never enters: a shortcut around the connector, or a simulator.
#![allow(clippy::print_stderr, reason = "it reports to a terminal")]

pub mod books;
pub mod database;
pub mod deal;
pub mod environment;
pub mod host;
pub mod server;

pub use books::Books;
pub use host::Host;
pub use server::Tryton;
