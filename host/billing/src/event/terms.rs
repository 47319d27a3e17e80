//! Terms and rates.

use quoin_canonical::{Assignment, Contract, Customer, Decimal, Id, Money, Project};
use serde::{Deserialize, Serialize};

use crate::approval::{Approval, ApprovalNeed};
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

/// Discounts above the policy's limits, and who must be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountJudged {
    /// Version of the quote that grants them; another version is judged anew.
    pub quote_version: u32,
    /// Who may decide.
    pub need: ApprovalNeed,
}

/// A decision about the discounts of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountDecided {
    /// The contract.
    pub contract: String,
    /// Version of the quote that grants them; another version is judged anew.
    pub quote_version: u32,
    /// The largest of them, in percent.
    pub percent: Decimal,
    /// Who approved, and in which role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
    /// Who refused, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<DiscountRefused>,
}

/// A refusal of discounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountRefused {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
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
