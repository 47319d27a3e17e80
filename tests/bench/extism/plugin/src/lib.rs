//! The template's transform as an Extism plugin: the same source, another border.

#[path = "../../../../../sdk/template-transform/src/card.rs"]
mod card;

use extism_pdk::{Error, FnResult, plugin_fn};
use quoin_sdk::Customer;

/// A canonical customer in, a vCard out.
#[plugin_fn]
pub fn convert(data: String) -> FnResult<String> {
    let customer: Customer = serde_json::from_str(&data)?;
    let card = card::write(&customer).map_err(|fault| Error::msg(fault.to_string()))?;
    Ok(card)
}
