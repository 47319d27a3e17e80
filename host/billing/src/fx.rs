//! Foreign exchange: converted once, from the transaction amount, with the rate kept (rule RD7).

use quoin_canonical::{Currency, Date, Money, Rounding};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::policy::Refusal;

/// A rate as it was used: stored with the amount, never looked up again, never inverted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FxRate {
    /// Currency converted from.
    pub from: Currency,
    /// Currency converted to.
    pub to: Currency,
    /// Units of `to` for one of `from`.
    pub rate: Decimal,
    /// The day it holds for.
    pub on: Date,
    /// Who published it.
    pub source: String,
}

/// Converts an amount, rounded to the target's minor unit.
///
/// # Errors
/// `FX_DIRECTION` when the rate is not from the amount's currency: converting back is never right.
pub fn convert(amount: Money, rate: &FxRate, rounding: Rounding) -> Result<Money, Refusal> {
    if amount.currency != rate.from {
        let message = format!(
            "the amount is in {}, the rate from {}; use a rate from {}",
            amount.currency, rate.from, amount.currency
        );
        return Err(Refusal::new("FX_DIRECTION", message).field("/rate"));
    }
    Ok(Money::new(amount.amount * rate.rate, rate.to).rounded(rounding))
}

/// Gain (or loss, when negative) between booking and settlement of the same amount.
///
/// # Errors
/// `FX_DIRECTION`, as [`convert`].
pub fn realised(amount: Money, booked: &FxRate, settled: &FxRate, rounding: Rounding) -> Result<Money, Refusal> {
    let (before, after) = (convert(amount, booked, rounding)?, convert(amount, settled, rounding)?);
    Ok(Money::new(after.amount - before.amount, booked.to))
}
