//! What an object may say beside what the processes need: the fields of a serious model that most deals
//! leave empty. Each object keeps them under `details`, absent where nothing is said.

mod commercial;
mod delivery;
mod money;
mod party;

pub use commercial::{
    Chargeable, ContractDetails, ContractStatus, Document, Escalation, Obligation, QuoteApproval, QuoteDetails,
    QuoteLineDetails, Renewal, Signature, Termination,
};
pub use delivery::{
    AssignmentDetails, Health, MilestoneBilling, MilestoneDetails, PayerShare, PercentMethod, Precedence,
    ProjectDetails, TaskDetails, TaskKind, TaskLink, TaskStatus, TimeDetails, TimeRate, WorkType,
};
pub use money::{Application, Attachment, EInvoiceStatus, InvoiceDetails, PaymentDetails, Posted, Represented};
pub use party::{Certificate, Contact, CustomerDetails, HierarchyRole, Registration, Segments, TaxId, TaxStatus};

use crate::validate::{Path, Problems};

/// Notes a percentage where there is one.
fn percent(problems: &mut Problems, path: impl Path, value: Option<rust_decimal::Decimal>) {
    if let Some(value) = value {
        problems.percent(path, value);
    }
}

/// Notes an order of days where both are known.
fn ordered(problems: &mut Problems, path: impl Path, from: Option<crate::Date>, to: Option<crate::Date>) {
    if let (Some(from), Some(to)) = (from, to) {
        problems.ordered(path, from, to);
    }
}

/// A SHA-256 as 64 hex digits.
fn digest(problems: &mut Problems, path: impl Path, text: &str) {
    let fits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    problems.require(fits, path, "SHA256", "a document is named by its SHA-256, 64 hex digits");
}
