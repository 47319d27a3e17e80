//! The operator's pages: deals and their timelines, invoices and where each amount comes from, what
//! waits for a person, which systems are connected.
//!
//! Lives here: pages rendered on the server, one style sheet, one small script for live updates.
//! Never enters: a power the API lacks, or a number that does not name its source. Everything is read
//! by `api::read` and asked for by `api::act`, under the caller's own role.
//!
//! Read `router.rs` first, then `pages/deal.rs` with `templates/deal.html`.

mod assets;
mod headers;
mod live;
mod pages;
mod router;
mod session;
mod state;
mod view;

pub use router::router;
pub use state::ConsoleState;
