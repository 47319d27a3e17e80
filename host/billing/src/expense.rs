//! Expenses: reclaimable input tax off, markup on, then output tax (rule TM3).

use quoin_canonical::{Currency, Date, Decimal, FxRate, Id, Money, Rounding};
use serde::{Deserialize, Serialize};

use crate::rounding::EVENT_PLACES;

/// An expense as its source holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expense {
    /// Canonical id.
    pub id: Id,
    /// The source's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Contract line it is charged on.
    pub line: String,
    /// The day it was incurred.
    pub date: Date,
    /// What the customer reads.
    pub description: String,
    /// What was paid.
    pub paid: Money,
    /// Rate of the input tax in `paid` that we reclaim, in percent; absent when none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reclaimable_percent: Option<Decimal>,
    /// Markup on the cost, in percent; absent where the contract line's applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markup_percent: Option<Decimal>,
    /// The rate into the contract's currency, where it was paid in another one. Absent: the rate
    /// agreed in the contract is put here when the expense is recorded, and stays (rule RD7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fx: Option<FxRate>,
    /// Charged to the customer?
    pub billable: bool,
    /// Approved and not withdrawn since.
    pub approved: bool,
}

impl Expense {
    /// Cost to us in the contract's currency: what was paid without the tax we reclaim, converted
    /// once, six decimals.
    pub fn cost(&self, rounding: Rounding) -> Decimal {
        let tax = self.reclaimable_percent.unwrap_or_default();
        let rate = self.fx.as_ref().map_or(Decimal::ONE, |fx| fx.rate);
        rounding.round(self.paid.amount * rate * Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED + tax), EVENT_PLACES)
    }

    /// What is charged: cost and markup, rounded to the currency it is charged in.
    pub fn charged(&self, currency: Currency, rounding: Rounding) -> Decimal {
        let markup = self.markup_percent.unwrap_or_default();
        let exact = self.cost(rounding) * (Decimal::ONE_HUNDRED + markup) / Decimal::ONE_HUNDRED;
        rounding.round(exact, currency.minor_units())
    }
}
