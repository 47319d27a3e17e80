//! Foreign exchange: converted once, from the transaction amount, with the rate kept (rule RD7).

pub use quoin_canonical::FxRate;
use quoin_canonical::{Money, Rounding};
use serde::{Deserialize, Serialize};

use crate::policy::Refusal;

/// A document's totals in the seller's own currency, with the rate they were converted at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// The rate used.
    pub fx: FxRate,
    /// Net.
    pub net: Money,
    /// Tax: what EN 16931 calls the tax total in accounting currency (BT-111).
    pub tax: Money,
    /// Gross: net and tax, not converted a third time.
    pub gross: Money,
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
