//! A native stand-in for the host, so that a connector's tests run in milliseconds and without a
//! sandbox: scripted answers, recorded requests, a clock that stands still.
//!
//! Lives here: fakes and builders for connectors' tests. Never enters: the host, a network.

mod fake;

pub use fake::{FakeHost, Logged};

use quoin_sdk::{Canonical, Inbound, Item, Response};
use serde_json::Value;

/// An item to write, as the host would make it; add what it links to with `.reference(…)`.
///
/// # Panics
/// When the object is not valid canonical data: the test itself is wrong.
#[allow(clippy::panic)] // a wrong fixture must stop the test with the reason
pub fn item<T: Canonical>(key: &str, object: &T) -> Item {
    match Item::new(key, object) {
        Ok(item) => item,
        Err(fault) => panic!("the fixture is not valid: {fault}"),
    }
}

/// An answer with a JSON body and its content type.
pub fn json(status: u16, body: &Value) -> Response {
    Response::new(status, body.to_string()).with_header("content-type", "application/json")
}

/// An inbound request, as a vendor would send it.
pub fn inbound(url: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Inbound {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Inbound { method: "POST".into(), url: url.into(), headers, body: body.into() }
}
