//! Work as it comes in: time, expenses, milestones, progress.

use quoin_canonical::{Acceptance, Date, Decimal, Id, Money, TimeEntry};
use serde::{Deserialize, Serialize};

use crate::account::{EntryTerms, Portion};
use crate::expense::Expense;
use crate::policy::Refusal;
use crate::rates::Resolved;

/// Approved time, valued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimeRecorded {
    /// The facts.
    pub terms: EntryTerms,
    /// The frozen rate; absent where time has no value of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Resolved>,
    /// All minutes of the entry that are not on a document.
    pub portions: Vec<Portion>,
    /// The service was given in a period that is closed (rule CO4).
    #[serde(default)]
    pub late: bool,
    /// Version of the billing policy that decided.
    #[serde(default)]
    pub policy_version: u32,
}

/// Time withdrawn before it was billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeReversed {
    /// The entry.
    pub entry: Id,
    /// Its revision that withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Minutes that count no more.
    pub minutes: Decimal,
    /// Why: `rejected`, `deleted`, `recalled`.
    pub reason: String,
}

/// Time that can't be valued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntryRefused {
    /// The facts.
    pub terms: EntryTerms,
    /// Why, and who can mend it.
    pub refusal: Refusal,
    /// The entry, to try again.
    pub time: TimeEntry,
}

/// An approved expense, valued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseRecorded {
    /// The expense.
    pub expense: Expense,
    /// What is charged for it, net; zero when it is not charged.
    pub amount: Decimal,
}

/// An expense withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseReversed {
    /// The expense.
    pub expense: Id,
    /// Its revision that withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// A credit that a person must decide on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreditProposed {
    /// The entry as the source holds it now.
    pub time: TimeEntry,
    /// Documents it is on.
    pub invoices: Vec<Id>,
    /// Net at stake.
    pub net: Money,
    /// Who decides.
    pub owner: String,
    /// Why.
    pub reason: String,
}

/// A milestone that may be billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneReady {
    /// The milestone.
    pub milestone: Id,
    /// Its code.
    pub code: String,
    /// Contract line.
    pub line: String,
    /// Net amount, from the contract.
    pub amount: Money,
    /// Proof (rule FM2).
    pub acceptance: Acceptance,
}

/// A milestone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneRef {
    /// The milestone.
    pub milestone: Id,
    /// Its code.
    pub code: String,
    /// Contract line.
    pub line: String,
}

/// A milestone held, or let go when `reason` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneHeld {
    /// The milestone.
    pub milestone: Id,
    /// Why it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Percent complete of a fixed price, as delivery reports it (rule FM4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressReported {
    /// Contract line.
    pub line: String,
    /// Percent complete, from the start.
    pub percent: Decimal,
    /// The day it holds for.
    pub on: Date,
    /// Who reported it.
    pub by: String,
}
