//! UBL 2.1 documents: a canonical invoice or credit note as XML, bound as EN 16931-3-2 says.
//!
//! Lives here: the element names and their order (`document.rs`), the XML itself (`xml.rs`). Never
//! enters: arithmetic on amounts (the invoice is final), a default for what the invoice lacks.

mod document;
mod xml;

use quoin_sdk::{Fault, Invoice, ObjectKind, Transform};

/// The transform.
pub struct Ubl;

impl Transform for Ubl {
    fn convert(object: ObjectKind, data: &str) -> Result<String, Fault> {
        if object != ObjectKind::Invoice {
            return Err(Fault::unsupported(object));
        }
        let invoice: Invoice = serde_json::from_str(data)
            .map_err(|error| Fault::invalid("", format!("this is no canonical invoice: {error}")))?;
        document::write(&invoice)
    }
}

quoin_sdk::register_transform!(Ubl, manifest = include_str!("../connector.toml"));
