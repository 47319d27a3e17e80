//! The handlers, one file each: take the request apart, call `read/` or `act/`, answer.

pub mod approvals;
pub mod billing_runs;
pub mod clock_advance;
pub mod clock_show;
pub mod connection_check;
pub mod connections;
pub mod conservation;
pub mod contract_requests;
pub mod deal;
pub mod deals;
pub mod events;
pub mod events_stream;
pub mod exception_retry;
pub mod exceptions;
pub mod extract;
pub mod health;
pub mod invoice;
pub mod invoice_explanation;
pub mod invoice_files;
pub mod openapi;
pub mod plugin_load;
pub mod plugins;
pub mod reconciliations;
pub mod timeline;
pub mod whoami;
