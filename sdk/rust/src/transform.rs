//! Transforms: canonical in, canonical or a document out. Pure: no network, clock or state.

use quoin_canonical::ObjectKind;

use crate::Fault;

/// Turns a canonical object into another form, such as an e-invoice. The same input gives the same
/// output, byte for byte: the host may keep and repeat it.
pub trait Transform {
    /// Converts one object, given as canonical JSON that the host has checked.
    ///
    /// # Errors
    /// Kind `invalid-data` with the field, when the object lacks what the other form must say.
    fn convert(object: ObjectKind, data: &str) -> Result<String, Fault>;
}
