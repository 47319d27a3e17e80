//! Revenue indicators (rules RR1 to RR5): what was earned, whatever was billed.

use quoin_canonical::{Date, Decimal, Money, Rounding};

/// Revenue to date of a price at a percentage, rounded (rule RR2).
pub fn at_percent(price: Money, percent: Decimal, rounding: Rounding) -> Money {
    Money::new(price.amount * percent / Decimal::ONE_HUNDRED, price.currency).rounded(rounding)
}

/// Percentage of completion by cost: never above 100.
pub fn percent_by_cost(
    cost_to_date: Decimal,
    cost_at_completion: Decimal,
    places: u32,
    rounding: Rounding,
) -> Option<Decimal> {
    if cost_at_completion <= Decimal::ZERO {
        return None;
    }
    Some(
        rounding
            .round((cost_to_date * Decimal::ONE_HUNDRED / cost_at_completion).min(Decimal::ONE_HUNDRED), places)
            .normalize(),
    )
}

/// Contract asset and contract liability (rule RR3): at most one of them is above zero.
pub fn position(revenue: Decimal, billed: Decimal) -> (Decimal, Decimal) {
    ((revenue - billed).max(Decimal::ZERO), (billed - revenue).max(Decimal::ZERO))
}

/// An onerous contract's loss: to date, and what more is to be provided for (rule RR5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// Cost above revenue so far.
    pub to_date: Money,
    /// Further loss until completion.
    pub provision: Money,
}

/// The loss of a contract whose cost at completion is above its price; `None` when it is not.
pub fn loss(price: Money, cost_at_completion: Decimal, revenue: Decimal, cost_to_date: Decimal) -> Option<Loss> {
    let whole = cost_at_completion - price.amount;
    if whole <= Decimal::ZERO {
        return None;
    }
    let to_date = (cost_to_date - revenue).max(Decimal::ZERO);
    let provision = (whole - to_date).max(Decimal::ZERO);
    Some(Loss { to_date: Money::new(to_date, price.currency), provision: Money::new(provision, price.currency) })
}

/// Revenue to date of a price spread evenly over the days from `from` to `to`, both included.
pub fn straight_line(price: Money, from: Date, to: Date, as_of: Date, rounding: Rounding) -> Money {
    let days = |a: Date, b: Date| Decimal::from((b - a).get_days()) + Decimal::ONE;
    if as_of < from || to < from {
        return Money::zero(price.currency);
    }
    let share = days(from, as_of.min(to)) * price.amount / days(from, to);
    Money::new(share, price.currency).rounded(rounding)
}

/// Allocates a price by standalone selling prices; the last obligation takes the remainder
/// (rule RR4).
pub fn allocate_by_price(price: Money, standalone: &[Decimal], rounding: Rounding) -> Vec<Money> {
    let whole: Decimal = standalone.iter().sum();
    if whole.is_zero() {
        return Vec::new();
    }
    let mut given = Decimal::ZERO;
    standalone
        .iter()
        .enumerate()
        .map(|(at, own)| {
            let share = match at + 1 == standalone.len() {
                true => price.amount - given,
                false => rounding.round(price.amount * own / whole, price.currency.minor_units()),
            };
            given += share;
            Money::new(share, price.currency)
        })
        .collect()
}
