//! Revenue indicators.

use quoin_canonical::{Date, Money, RevenueIndicator};
use serde::{Deserialize, Serialize};

/// Revenue of one contract line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinePosition {
    /// The indicator.
    pub indicator: RevenueIndicator,
    /// Revenue of the period since the indicator before (rule RR2).
    pub period_revenue: Money,
    /// Cost to date, where the method needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_to_date: Option<Money>,
    /// Further loss to provide for, when cost at completion is above the price (rule RR5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_provision: Option<Money>,
}

/// Revenue indicators of one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevenueComputed {
    /// State at the end of this day.
    pub as_of: Date,
    /// Per contract line.
    pub positions: Vec<LinePosition>,
}

/// The books differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenueDiffers {
    /// Contract line.
    pub line: String,
    /// State at the end of this day.
    pub as_of: Date,
    /// Our revenue to date.
    pub ours: Money,
    /// The books' revenue to date: it wins.
    pub books: Money,
    /// Books less ours.
    pub difference: Money,
    /// Who looks at it.
    pub owner: String,
}

/// The books agree again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenueAgrees {
    /// Contract line.
    pub line: String,
    /// State at the end of this day.
    pub as_of: Date,
}
