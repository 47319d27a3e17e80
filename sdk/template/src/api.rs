//! Requests to the vendor.

use quoin_sdk::{Fault, Host, Request, Response, config};
use serde::Deserialize;

use super::fault;

/// The fields of `connector.toml`.
#[derive(Deserialize)]
struct Config {
    base_url: String,
}

/// The address of a path.
pub fn url(host: &dyn Host, path: &str) -> Result<String, Fault> {
    Ok(format!("{}{path}", config::<Config>(host)?.base_url))
}

/// Asks; a refusal is a fault.
pub fn ask(host: &dyn Host, request: Request) -> Result<Response, Fault> {
    fault::refuse(host.send(request.credential("api"))?)
}
