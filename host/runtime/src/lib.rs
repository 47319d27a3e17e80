//! The sandbox: loads plugins (one component per vendor) and calls them, each call in a fresh
//! instance under limits of memory, processor time, wall time and output.
//!
//! Lives here: everything that knows wasmtime; lifting, lowering and checking of what crosses the
//! border; hot replacement. Never enters: state kept between calls, a capability that is not in
//! both the manifest and the grant, a vendor's name.
//!
//! Read `load.rs` for the way from bytes to serving, `call.rs` for one call, `door.rs` for what a
//! plugin may do to the world.

mod bindings;
mod border;
mod cache;
mod call;
mod canonical;
mod capture;
mod connection;
mod door;
mod engine;
mod examine;
mod fault;
mod inspect;
mod load;
mod meter;
mod options;
mod plugin;
mod power;
mod routing;
mod runtime;
mod stranger;
mod transform;
mod versions;
mod worker;

pub use connection::{ConnectionError, ConnectionSpec, Grant, GrantFor};
pub use examine::{Examined, examine, examine_kept};
pub use options::{CacheOptions, Options};
pub use runtime::{Runtime, RuntimeError};
pub use worker::{CompileWorker, compile};
