//! Everything a connector can do to the world.

use quoin_canonical::Timestamp;
use serde::de::DeserializeOwned;

use crate::{Fault, FaultKind, Request, Response};

/// The host, as a connector sees it. In the component it is the imports of the contract; in native
/// tests it is a fake that records.
pub trait Host {
    /// One request to the vendor. An answer of any status is `Ok`.
    ///
    /// # Errors
    /// No whole answer came; the code says whether the vendor may have acted ([`crate::code`]).
    fn send(&self, request: Request) -> Result<Response, Fault>;

    /// Several requests at once, at most `max_parallel` in flight; answers in the order asked.
    fn send_all(&self, requests: Vec<Request>, max_parallel: u32) -> Vec<Result<Response, Fault>>;

    /// The connection's configuration as JSON text; see [`config`] for the typed form.
    fn config_json(&self) -> String;

    /// Now, the same during one call.
    fn now(&self) -> Timestamp;

    /// Milliseconds left before this call is stopped.
    fn remaining_ms(&self) -> u64;

    /// A line for the operator. The host adds plugin, version, connection and call.
    fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]);

    /// Whether `mac` is the MAC of `payload` under the secret in `slot`, in constant time.
    ///
    /// # Errors
    /// When the slot has no usable secret.
    fn verify_hmac(&self, slot: &str, algorithm: Algorithm, payload: &[u8], mac: &[u8]) -> Result<bool, Fault>;

    /// Whether `candidate` equals the secret in `slot`, in constant time.
    ///
    /// # Errors
    /// When the slot has no usable secret.
    fn verify_equals(&self, slot: &str, candidate: &[u8]) -> Result<bool, Fault>;
}

/// The connection's configuration in the connector's own type. The host has already checked it
/// against the manifest, so a failure means that type and manifest disagree.
///
/// # Errors
/// Of kind `config`, with what serde says.
pub fn config<T: DeserializeOwned>(host: &dyn Host) -> Result<T, Fault> {
    serde_json::from_str(&host.config_json())
        .map_err(|error| Fault::new(FaultKind::Config, "CONFIG", format!("the configuration does not fit: {error}")))
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// MAC algorithms of inbound proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Algorithm {
    HmacSha256,
    HmacSha1,
}
