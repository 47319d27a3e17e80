//! Billing: what a contract earns, what is invoiced, and why. One event-sourced account per contract.
//!
//! Lives here: deriving terms from an accepted quote, rate resolution, time and materials under
//! caps, milestones, retainers, credits, rounding, revenue indicators, and the EN 16931 check.
//! Never enters: a look-up, a clock, a hash map's order, a vendor, a rate of zero as fallback.
//!
//! The shape: a *decide* function looks at the [`Account`] and an input and answers with the
//! [`AccountEvent`]s that follow, or a [`Refusal`]. [`evolve`] applies an event. Deciding twice on
//! the same input has no second effect, so a caller may repeat after a crash. All events of one
//! contract are applied in one serial order (the business key of the log); that is why a cap can
//! never be exceeded by two workers at once (rule NX5).
//!
//! Read `policy.rs`, `account.rs` and `event.rs` first, then `decide/`.

pub mod account;
pub mod advance;
pub mod approval;
pub mod caps;
pub mod decide;
pub mod document;
pub mod en16931;
pub mod event;
pub mod evolve;
pub mod expense;
pub mod explain;
pub mod fixed;
pub mod foreign;
pub mod fx;
pub mod group;
pub mod policy;
pub mod rates;
pub mod retainer;
pub mod revenue;
pub mod rounding;
pub mod tax;
pub mod terms;
pub mod worktime;

pub use account::{Account, Buckets};
pub use approval::{Approval, ApprovalNeed, Approver};
pub use decide::{
    CreditLine, DiscountStanding, Posting, Progress, Standing, accept_milestone, approve, approve_credit, assign,
    change_rates, close_advance, close_retainer, compute_revenue, credit_document, credit_line, decide_discount,
    discard, discount_standing, foreign_invoice, hold_milestone, invoice_posted, judge_discount, no_double_billing,
    open, part_returned, payment, re_rate, rebill, recalculate, record_expense, record_time, reject, release_over_cap,
    report_progress, retainer_due, retry_refused, run, standing, write_off,
};
pub use event::{AccountEvent, BillingEvent};
pub use evolve::{evolve, replay};
pub use expense::Expense;
pub use group::{Group, GroupEvent};
pub use policy::{BillingPolicy, Context, Refusal};
pub use terms::{Derived, derive};
