//! What caps hold back, let go and warn of.

use quoin_canonical::{Date, Decimal, Id, Money};
use serde::{Deserialize, Serialize};

/// Work beyond a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverCapHeld {
    /// Contract line.
    pub line: String,
    /// Day up to which work was looked at.
    pub as_of: Date,
    /// The limit.
    pub limit: Money,
    /// Net held, all entries together.
    pub amount: Money,
    /// Per entry.
    pub entries: Vec<HeldEntry>,
    /// Who decides what becomes of it.
    pub owner: String,
    /// Share of the cap in use, in percent.
    pub used_percent: Decimal,
    /// Thresholds at which alerts are raised, in percent.
    pub alert_percents: Vec<Decimal>,
    /// Version of the billing policy that decided.
    #[serde(default)]
    pub policy_version: u32,
}

/// Minutes of one entry beyond a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldEntry {
    /// The entry.
    pub entry: Id,
    /// Minutes held.
    pub minutes: Decimal,
    /// Value held, six decimals.
    pub amount: Decimal,
}

/// Held work that waits for a run again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverCapReleased {
    /// Contract line.
    pub line: String,
    /// Why: `credit_posted`, `cap_raised`, `command`.
    pub reason: String,
}

/// Held work given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenOff {
    /// The entry.
    pub entry: Id,
    /// Why.
    pub reason: String,
    /// Who gave it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A cap's use reached a threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapAlert {
    /// Contract line.
    pub line: String,
    /// The threshold, in percent.
    pub percent: Decimal,
    /// The limit.
    pub limit: Money,
    /// In use.
    pub used: Money,
    /// Who is told.
    pub owner: String,
}

/// Work beyond a cap that is not charged, as agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeyondCapFreed {
    /// Contract line.
    pub line: String,
    /// Per entry.
    pub entries: Vec<HeldEntry>,
}

/// An expense that a cap leaves no room for; it is never split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseHeld {
    /// The expense.
    pub expense: Id,
    /// Contract line.
    pub line: String,
    /// Net held.
    pub amount: Money,
    /// Who decides what becomes of it.
    pub owner: String,
}
