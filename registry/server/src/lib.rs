//! The plugin registry: an OCI distribution 1.1 server that any OCI tool can push to and pull from,
//! with an admission in front of the repositories of plugins, and a log that nobody can rewrite
//! unseen.
//!
//! Lives here: content on the local disk (`store`), what happened (`log`), who may (`access`), what a
//! plugin must be to get in (`admission`), the wire and the pages (`http`). Never enters: running a
//! component in this process (a worker does, under limits), a plugin that nobody signed.
//!
//! Read `registry.rs` first, then `http/manifests.rs` and `admission/mod.rs` for the way of one version.

pub mod access;
mod admission;
pub mod digest;
mod error;
mod http;
pub mod log;
mod manifest;
mod name;
mod registry;
mod serve;
pub mod store;

pub use admission::{Examination, Examiner, Verdict, Worker};
pub use error::{Code, Refusal};
pub use http::router;
pub use manifest::{Descriptor, IMAGE_INDEX, IMAGE_MANIFEST};
pub use registry::{Registry, Settings};
pub use serve::{ServeError, serve};

/// Now, RFC 3339 in whole seconds: what an OCI configuration says of its birth.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// The instant this many days from now.
pub fn in_days(days: u32) -> jiff::Timestamp {
    let hours = i64::from(days).saturating_mul(24);
    jiff::Timestamp::now().saturating_add(jiff::SignedDuration::from_hours(hours)).unwrap_or(jiff::Timestamp::MAX)
}

/// Random bytes for names, tokens and keys. A machine that has none must not go on: a token that can
/// be guessed is worse than a registry that is down.
pub(crate) fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        tracing::error!("this machine gives no random bytes");
        std::process::abort();
    }
    bytes
}
