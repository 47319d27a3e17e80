//! The business objects every system agrees on: customers, quotes, contracts, projects, time,
//! invoices, payments; their lifecycles, money, quantities and code lists. Valid from birth.
//!
//! Lives here: plain data, its validation (with the path to the wrong field) and its JSON shape.
//! Never enters: a vendor's name, a float, a clock, IO, a silent default.
//!
//! Read `money.rs` first, then `party.rs`, `commercial.rs`, `delivery.rs`, `invoice.rs`.

mod agreed;
pub mod agreement;
pub mod commercial;
pub mod country;
pub mod delivery;
pub mod exact;
pub mod invoice;
pub mod lifecycle;
pub mod link;
pub mod money;
pub mod object;
pub mod party;
pub mod provenance;
mod read;
pub mod schema;
mod terms;
pub mod validate;

pub use agreement::{
    AdvanceEnd, AdvanceTerm, Agreement, BeyondCap, Discount, FxRate, HoursStep, LevelCap, LineTerms, OverBilled, Payer,
    RevenueMethod, Rollover,
};
pub use commercial::{
    BillingMethod, BillingSetup, Cap, CapMode, Contract, ContractLine, DealStage, DealStatus, InvoiceSummary,
    MilestoneTerm, Quote, QuoteLine, QuoteStatus, RetainerTerm, RoleRate, TemplateRef,
};
pub use delivery::{
    Acceptance, Assignment, AssignmentStatus, BillingType, Milestone, MilestoneStatus, Project, ProjectFinancials,
    ProjectStatus, Task, TimeEntry, TimeStatus,
};
pub use invoice::{
    Invoice, InvoiceLine, InvoiceStatus, InvoiceType, Payment, PaymentStatus, Period, RevenueIndicator, TaxSubtotal,
    Totals,
};
pub use lifecycle::{IllegalMove, Lifecycle};
pub use link::{Header, Id, Link, Xref};
pub use money::{Currency, Money, Quantity, Rounding, Unit};
pub use object::{Canonical, ObjectKind};
pub use party::{Address, Credit, CreditStatus, Customer, CustomerStatus, LegalEntity, TaxCategory, TaxTreatment};
pub use provenance::{DataClass, Provenance, Tombstone, data_class};
pub use read::{read, read_batch};
pub use validate::{Invalid, Problems};

pub use jiff::{Timestamp, civil::Date};
pub use rust_decimal::Decimal;
