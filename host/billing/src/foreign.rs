//! Invoices that somebody wrote in the ERP by hand, on a project of ours.

use quoin_canonical::{Date, Id, Money};
use serde::{Deserialize, Serialize};

/// Such an invoice, and which milestones it may have billed already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignInvoice {
    /// Its canonical id.
    pub invoice: Id,
    /// Its number in the ERP.
    pub number: String,
    /// The day it was issued.
    pub on: Date,
    /// Its net.
    pub net: Money,
    /// Milestones that it may bill; runs leave them out until a person has looked.
    pub milestones: Vec<Id>,
    /// Which finding this is: the invoice and its version there.
    pub finding: String,
}
