//! What was paid before the work: retainers and advances.

use quoin_canonical::{Date, Decimal, Id, Money, Period};
use serde::{Deserialize, Serialize};

use crate::account::RetainerPeriod;

/// An advance may be set off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceUsable {
    /// Its code.
    pub code: String,
    /// The document that bills it.
    pub invoice: Id,
    /// Net.
    pub amount: Decimal,
}

/// An advance that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceClosed {
    /// Its code.
    pub code: String,
    /// Its last day.
    pub on: Date,
    /// Net given back by credit note.
    pub refunded: Money,
    /// Net that lapsed: revenue (rule RE4).
    pub breakage: Money,
}

/// A retainer's hours may be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvanceAvailable {
    /// The document that bills them.
    pub invoice: Id,
    /// What was bought.
    pub bought: RetainerPeriod,
}

/// A retainer's period settled (rule RE2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerSettled {
    /// Contract line.
    pub line: String,
    /// The period.
    pub period: Period,
    /// Hours drawn, per advance (first day of its period), oldest first.
    pub drawn: Vec<(Date, Decimal)>,
    /// Hours that expired, per advance.
    pub expired: Vec<(Date, Decimal)>,
    /// Hours that roll on.
    pub rolled_hours: Decimal,
    /// Value of the expired hours: revenue at expiry (rule RE4).
    pub breakage: Money,
    /// Entries and how their minutes fell: covered by hours, or over.
    pub entries: Vec<SettledEntry>,
    /// The balance is at or below the policy's threshold (rule RE5).
    pub low_balance: bool,
}

/// Hours given back to a retainer's advances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerReturned {
    /// Contract line.
    pub line: String,
    /// The entry that drew them.
    pub entry: Id,
    /// Hours, per advance (first day of its period), the newest first.
    pub hours: Vec<(Date, Decimal)>,
}

/// A retainer that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetainerClosed {
    /// Contract line.
    pub line: String,
    /// Its last day.
    pub on: Date,
    /// Hours given back, per advance.
    pub refunded: Vec<(Date, Decimal)>,
    /// Hours that expired, per advance.
    pub expired: Vec<(Date, Decimal)>,
    /// Value of the expired hours: revenue (rule RE4).
    pub breakage: Money,
}

/// One entry in a retainer's settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledEntry {
    /// The entry.
    pub entry: Id,
    /// Minutes covered by hours bought.
    pub covered_minutes: Decimal,
    /// Minutes beyond them, billed at the overage rate.
    pub over_minutes: Decimal,
    /// Value of the minutes beyond, six decimals.
    pub over_amount: Decimal,
}
