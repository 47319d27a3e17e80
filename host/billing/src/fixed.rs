//! Fixed prices: retention, progress billing, milestones with several payers (rules FM3 to FM5).

pub use quoin_canonical::OverBilled;
use quoin_canonical::{Decimal, Money, Rounding};
use serde::{Deserialize, Serialize};

/// What is billed of a milestone now and what when retention is released (rule FM3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retained {
    /// Billed now.
    pub now: Money,
    /// Billed at final acceptance: one event.
    pub later: Money,
}

/// Splits a milestone by a retention percentage; both parts total it exactly.
pub fn retain(amount: Money, percent: Decimal, rounding: Rounding) -> Retained {
    let later = Money::new(amount.amount * percent / Decimal::ONE_HUNDRED, amount.currency).rounded(rounding);
    Retained { now: Money::new(amount.amount - later.amount, amount.currency), later }
}

/// One step of progress billing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// To bill now; negative only with [`OverBilled::Credit`].
    pub bill: Money,
    /// Billed above what the percentage earns, and carried forward.
    pub over_billed: Money,
}

/// Bills the rounded value at a percentage, less what was billed (rules FM4 and FM5: a changed
/// value catches up by itself).
pub fn progress(value: Money, percent: Decimal, billed: Decimal, policy: OverBilled, rounding: Rounding) -> Progress {
    let earned = Money::new(value.amount * percent / Decimal::ONE_HUNDRED, value.currency).rounded(rounding).amount;
    let difference = earned - billed;
    let money = |amount| Money::new(amount, value.currency);
    if difference < Decimal::ZERO && policy == OverBilled::CarryForward {
        return Progress { bill: money(Decimal::ZERO), over_billed: money(-difference) };
    }
    Progress { bill: money(difference), over_billed: money(Decimal::ZERO) }
}

/// A milestone as a whole, when several payers share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum SharedMilestone {
    NotStarted,
    InProgress,
    Completed,
}

/// Where a milestone stands whose payers' shares are posted or not.
pub fn shared(posted: &[bool]) -> SharedMilestone {
    match (posted.iter().any(|done| *done), posted.iter().all(|done| *done)) {
        (false, _) => SharedMilestone::NotStarted,
        (true, false) => SharedMilestone::InProgress,
        (true, true) => SharedMilestone::Completed,
    }
}
