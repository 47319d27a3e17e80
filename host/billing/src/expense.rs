//! Expenses: reclaimable input tax off, markup on, then output tax (rule TM3).

use quoin_canonical::{Date, Decimal, Id, Money, Rounding};
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
    /// Markup on the cost, in percent.
    #[serde(default)]
    pub markup_percent: Decimal,
    /// Charged to the customer?
    pub billable: bool,
    /// Approved and not withdrawn since.
    pub approved: bool,
}

impl Expense {
    /// Cost to us: what was paid without the tax we reclaim, six decimals.
    pub fn cost(&self, rounding: Rounding) -> Decimal {
        let tax = self.reclaimable_percent.unwrap_or_default();
        rounding.round(self.paid.amount * Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED + tax), EVENT_PLACES)
    }

    /// What is charged: cost and markup, rounded to the currency.
    pub fn charged(&self, rounding: Rounding) -> Decimal {
        let exact = self.cost(rounding) * (Decimal::ONE_HUNDRED + self.markup_percent) / Decimal::ONE_HUNDRED;
        rounding.round(exact, self.paid.currency.minor_units())
    }
}
