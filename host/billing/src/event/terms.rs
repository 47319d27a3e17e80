//! Terms and rates.

use quoin_canonical::{Assignment, Contract, Customer, Decimal, Id, Money, Project};
use serde::{Deserialize, Serialize};

use crate::rates::RateRow;

/// Terms of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)] // the fields are those of the account
pub struct Opened {
    pub contract: Contract,
    pub project: Project,
    pub buyer: Customer,
    pub rates: Vec<RateRow>,
    pub assignments: Vec<Assignment>,
}

/// Other rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatesChanged {
    /// All rows that apply now.
    pub rates: Vec<RateRow>,
    /// Billed entries that would have another rate today, offered for credit and rebill.
    pub affected: Vec<AffectedEntry>,
}

/// A billed entry whose rate is another one today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedEntry {
    /// The entry.
    pub entry: Id,
    /// Rate it was billed at.
    pub billed_rate: Decimal,
    /// Rate today.
    pub rate_now: Decimal,
    /// Net difference.
    pub difference: Money,
}
