//! What is read, once for the API and the console: views made of the ledger's events and documents.
//!
//! Everything here is a function from what is stored to a view; nothing writes.

pub mod account;
pub mod approvals;
mod billing_words;
pub mod conservation;
pub mod deals;
pub mod entry;
pub mod events;
pub mod evidence;
pub mod exceptions;
pub mod explanation;
pub mod export;
pub mod group;
pub mod invoices;
pub mod links;
pub mod pick;
pub mod platform;
pub mod reconciliation;
pub mod rollouts;
pub mod schema;
pub mod stages;
pub mod summary;
pub mod timeline;

pub use account::{Hours, HoursRow};
pub use conservation::{ConservationView, ContractConservation, Recount};
pub use deals::{Deal, DealDetail, Figure};
pub use entry::{Call, Entry, Fact, GateCheck, PluginStamp, Tone};
pub use exceptions::ExceptionView;
pub use explanation::InvoiceExplanation;
pub use export::{Export, export};
pub use invoices::{InvoiceDetail, InvoiceRow};
pub use links::RecordLink;
pub use platform::{ConnectionView, PluginView};
pub use stages::{Stage, StageState};
pub use timeline::Timeline;
