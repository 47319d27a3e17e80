//! Customers as vCards 4.0 (RFC 6350).

pub mod card;

use quoin_sdk::{Customer, Fault, ObjectKind, Transform};

/// The transform.
pub struct Template;

quoin_sdk::register_transform!(Template, manifest = include_str!("../connector.toml"));

impl Transform for Template {
    fn convert(object: ObjectKind, data: &str) -> Result<String, Fault> {
        if object != ObjectKind::Customer {
            return Err(Fault::unsupported(object));
        }
        let customer: Customer = serde_json::from_str(data)
            .map_err(|error| Fault::invalid("", format!("this is no canonical customer: {error}")))?;
        card::write(&customer)
    }
}
