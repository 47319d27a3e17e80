//! The definitions that come with the product, as data files.

use crate::definition::{Definition, DefinitionError};
use crate::machine::Catalogue;

/// File name and text of every shipped definition.
pub const DEFINITIONS: [(&str, &str); 10] = [
    ("quote-to-project.yaml", include_str!("../definitions/quote-to-project.yaml")),
    ("time-to-invoice.yaml", include_str!("../definitions/time-to-invoice.yaml")),
    ("milestone-to-invoice.yaml", include_str!("../definitions/milestone-to-invoice.yaml")),
    ("retainer-to-invoice.yaml", include_str!("../definitions/retainer-to-invoice.yaml")),
    ("invoice-posting.yaml", include_str!("../definitions/invoice-posting.yaml")),
    ("invoice-parts.yaml", include_str!("../definitions/invoice-parts.yaml")),
    ("group-invoices.yaml", include_str!("../definitions/group-invoices.yaml")),
    ("foreign-invoices.yaml", include_str!("../definitions/foreign-invoices.yaml")),
    ("billing-requests.yaml", include_str!("../definitions/billing-requests.yaml")),
    ("invoice-to-crm.yaml", include_str!("../definitions/invoice-to-crm.yaml")),
];

/// All shipped definitions, checked.
///
/// # Errors
/// The first one that is wrong.
pub fn catalogue() -> Result<Catalogue, DefinitionError> {
    let mut catalogue = Catalogue::default();
    for (file, text) in DEFINITIONS {
        let definition = Definition::parse(file, text)?;
        catalogue.add(definition).map_err(|message| DefinitionError { file: file.to_owned(), line: 0, message })?;
    }
    Ok(catalogue)
}
