//! The plugin registry as its users meet it: the built `quoin` command on both ends, real connectors,
//! and the OCI tools that others use.
//!
//! Lives here: a registry in a process of its own, publishers, and the private installations of the
//! tools. Never enters: a shortcut past the registry's protocols.
#![allow(clippy::print_stderr, reason = "tests say what takes them so long")]

mod host;
mod raw;
mod server;
mod shop;
mod tools;

pub use host::Host;
pub use raw::{Push, Raw, Refused};
pub use server::{Server, quoin_program, target};
pub use shop::{Answer, Shop, connector};
pub use tools::{oras, run, skopeo, wkg};
