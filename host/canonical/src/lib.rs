//! The business objects every system agrees on: customers, quotes, contracts, projects, time,
//! invoices, payments; their lifecycles, money, quantities and code lists. Valid from birth.
//!
//! Lives here: plain data, its validation (with the path to the wrong field) and its JSON shape.
//! Never enters: a vendor's name, a float, a clock, IO, a silent default.
//!
//! Read `money.rs` first, then `party.rs`, `commercial.rs`, `delivery.rs`, `invoice.rs`; `details/` has
//! what these may say beside what the processes need. Beside them
//! `rate_card.rs`, `schedule.rs`, `expense.rs`, `people.rs` and `books.rs`.

mod agreed;
pub mod agreement;
pub mod books;
pub mod commercial;
pub mod country;
pub mod delivery;
pub mod details;
pub mod exact;
pub mod expense;
pub mod invoice;
pub mod lifecycle;
pub mod link;
pub mod money;
pub mod object;
pub mod party;
pub mod people;
pub mod provenance;
pub mod rate_card;
mod read;
pub mod schedule;
pub mod schema;
mod terms;
pub mod validate;

pub use agreement::{
    AdvanceEnd, AdvanceTerm, Agreement, BeyondCap, Discount, FxRate, HoursStep, LevelCap, LineTerms, OverBilled, Payer,
    RevenueMethod, Rollover,
};
pub use books::{
    AccountingPeriod, BankAccount, Company, CompanyStatus, ElectronicAddress, NumberSeries, PartnerCode,
    RecognitionStatus, RevenueRecognition, TaxRegistration,
};
pub use commercial::{
    BillingMethod, BillingSetup, Cap, CapMode, Contract, ContractLine, DealStage, DealStatus, InvoiceSummary,
    MilestoneTerm, Quote, QuoteLine, QuoteStatus, RetainerTerm, RoleRate, TemplateRef,
};
pub use delivery::{
    Acceptance, Assignment, AssignmentStatus, BillingType, Milestone, MilestoneStatus, Project, ProjectFinancials,
    ProjectStatus, Task, TimeEntry, TimeStatus,
};
pub use details::{
    AssignmentDetails, ContractDetails, ContractStatus, CustomerDetails, InvoiceDetails, MilestoneDetails,
    PaymentDetails, ProjectDetails, QuoteDetails, QuoteLineDetails, TaskDetails, TaskStatus, TimeDetails,
};
pub use expense::{ExpenseItem, ExpensePolicy, ExpenseStatus, Timesheet};
pub use invoice::{
    Invoice, InvoiceLine, InvoiceStatus, InvoiceType, Payment, PaymentStatus, Period, RevenueIndicator, TaxSubtotal,
    Totals,
};
pub use lifecycle::{IllegalMove, Lifecycle};
pub use link::{Header, Id, Link, Xref, XrefState};
pub use money::{Currency, Money, Quantity, Rounding, Unit};
pub use object::{Canonical, ObjectKind};
pub use party::{Address, Credit, CreditStatus, Customer, CustomerStatus, LegalEntity, TaxCategory, TaxTreatment};
pub use people::{
    CostRate, ProjectTemplate, Resource, ResourceKind, TemplateMilestone, TemplateRole, TemplateStatus, TemplateTask,
};
pub use provenance::{DataClass, Provenance, Tombstone, data_class};
pub use rate_card::{RateCard, RateCardLine, RateCardStatus, RateScope};
pub use read::{read, read_batch};
pub use schedule::{
    BillingSchedule, CapStanding, Charge, ChargeSource, ChargeStage, ChargeStatus, EntryStatus, Frequency, Hold,
    Proration, ScheduleEntry, ScheduleMethod, ScheduleStatus,
};
pub use validate::{Invalid, Path, Problems};

pub use jiff::{Timestamp, civil::Date};
pub use rust_decimal::Decimal;
