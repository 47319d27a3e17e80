//! One file per noun.

pub mod approvals;
pub mod billing;
pub mod clock;
pub mod conservation;
pub mod contract;
pub mod deals;
pub mod doctor;
pub mod events;
pub mod exceptions;
pub mod explain;
pub mod host;
pub mod invoice;
pub mod plugins;
pub mod policy;
pub mod reconcile;
pub mod rollouts;
pub mod shadow;
pub mod timeline;
