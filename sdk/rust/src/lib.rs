//! What a connector's author imports: the traits of the contract, the door to the vendor, and the
//! canonical objects.
//!
//! A connector is a type without state that implements the powers it has ([`Check`], [`Discover`],
//! [`Source`], [`Sink`], [`Webhook`]) and names them once in [`register!`]. Everything it does to
//! the world goes through [`Host`], so the same code runs natively in tests with a fake host.
//!
//! Lives here: the Rust side of the contract, and helpers that every connector needs (requests,
//! faults, exact decimals). Never enters: a vendor's name, anything of the host but the pure
//! canonical crate, a secret.

pub mod exact;
mod fault;
mod host;
mod http;
mod power;
mod probe;
mod register;
mod sink;
mod source;
mod transform;
mod webhook;

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod component;

/// Calendar arithmetic and parsing, for vendors' date formats.
pub use jiff;
/// Money, dates, links and every canonical object: the host's own pure crate.
pub use quoin_canonical as canonical;
pub use quoin_canonical::{
    Acceptance, Address, AdvanceEnd, AdvanceTerm, Agreement, Assignment, AssignmentStatus, BeyondCap, BillingMethod,
    BillingSetup, BillingType, Canonical, Cap, CapMode, Contract, ContractLine, Credit, CreditStatus, Currency,
    Customer, CustomerStatus, Date, DealStage, DealStatus, Decimal, Discount, FxRate, Header, HoursStep, Id, Invoice,
    InvoiceLine, InvoiceStatus, InvoiceSummary, InvoiceType, LegalEntity, LevelCap, LineTerms, Link, Milestone,
    MilestoneStatus, MilestoneTerm, Money, ObjectKind, OverBilled, Payer, Payment, PaymentStatus, Period, Project,
    ProjectFinancials, ProjectStatus, Quantity, Quote, QuoteLine, QuoteStatus, RetainerTerm, RevenueIndicator,
    RevenueMethod, RoleRate, Rollover, Rounding, Task, TaxCategory, TaxSubtotal, TaxTreatment, TemplateRef, TimeEntry,
    TimeStatus, Timestamp, Totals, Unit, Xref,
};

pub use fault::{Fault, FaultKind, code};
pub use host::{Algorithm, Host, Level, config};
pub use http::{Request, Response};
pub use power::{Check, Discover, Report, Sink, Source, Webhook};
pub use probe::{Mode, look_up};
pub use sink::{Item, Outcome, Reference, Status};
pub use source::{Change, Op, Page, ReadRequest};
pub use transform::Transform;
pub use webhook::{Inbound, Reply};

/// Contract version this SDK speaks; stamped into every component.
pub const CONTRACT: &str = "1.0.0";
/// Version of this SDK; stamped into every component.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
