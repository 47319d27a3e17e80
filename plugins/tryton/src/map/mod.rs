//! Between Tryton's shapes and the canonical ones: pure, the heart of the connector.

pub mod customer;
pub mod invoice;
pub mod payment;
pub mod setup;

use quoin_sdk::Decimal;

use crate::wire::Document;

/// Net, tax and gross of a document as Tryton computed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    pub net: Decimal,
    pub tax: Decimal,
    pub gross: Decimal,
}

/// The figures of a document; `None` when Tryton did not send decimals.
pub fn figures(document: &Document) -> Option<Figures> {
    Some(Figures {
        net: document.untaxed_amount.value()?,
        tax: document.tax_amount.value()?,
        gross: document.total_amount.value()?,
    })
}
