//! The HTTP surface: read what happened and why, and ask for the few things a person may start.
//!
//! Lives here: the routes and their OpenAPI text built together (`handlers/`, one file each), who may
//! call which (`guard/`), what is read (`read/`, also used by the console), what is asked for (`act/`).
//! Never enters: a business rule, or a route without an authorization case.
//!
//! Read `router.rs` first, then one handler, then what it calls in `read/`.

pub mod act;
mod archive;
pub mod download;
pub mod format;
pub mod guard;
pub mod handlers;
pub mod page;
pub mod problem;
pub mod read;
mod router;
pub mod state;
pub mod stream;

pub use guard::{Principal, Token};
pub use problem::Problem;
pub use router::{openapi, router};
pub use state::{AdvanceClock, ApiState, Check, Version};
