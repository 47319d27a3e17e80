//! The only points where amounts are rounded (rules RD1 to RD7).

use quoin_canonical::{Currency, Decimal, Money, Rounding};

use crate::policy::{Increment, IncrementMode, Refusal};

/// Decimal places of a billing event's amount (rule RD3).
pub const EVENT_PLACES: u32 = 6;

/// Decimal places a quantity of hours may take on a line. Six are enough for every rate up to
/// 10,000.00 an hour; the further steps serve line amounts that six cannot hit.
const QUANTITY_PLACES: [u32; 4] = [6, 8, 10, 12];

const MINUTES_PER_HOUR: Decimal = Decimal::from_parts(60, 0, 0, false, 0);
const HUNDRED: Decimal = Decimal::from_parts(100, 0, 0, false, 0);

/// Minutes as hours, unrounded as far as 28 digits go.
pub fn hours(minutes: Decimal) -> Decimal {
    minutes / MINUTES_PER_HOUR
}

/// Amount of minutes at an hourly rate, with six decimals (rule RD3). Multiplies first: 20 minutes
/// at 100.00 are 33.333333, not 20/60 rounded and multiplied.
pub fn event_amount(minutes: Decimal, hourly_rate: Decimal, rounding: Rounding) -> Decimal {
    rounding.round(minutes * hourly_rate / MINUTES_PER_HOUR, EVENT_PLACES)
}

/// Worked minutes as billed, after the increment (rule RD2).
pub fn billed_minutes(worked: u32, increment: Option<Increment>) -> u32 {
    let Some(Increment { minutes: size, mode, at_least_one }) = increment else { return worked };
    if size == 0 {
        return worked;
    }
    let steps = match mode {
        IncrementMode::Up => worked.div_ceil(size),
        IncrementMode::Nearest => worked.saturating_add(size / 2) / size,
    };
    let steps = if at_least_one && worked > 0 { steps.max(1) } else { steps };
    steps.saturating_mul(size)
}

/// Splits an amount by percentages (rule RD5): every share is rounded, and the rounding party
/// gets what is left.
///
/// # Errors
/// `SPLIT_NOT_100` when the percentages do not total 100, naming `line`; `ROUNDING_PARTY` when the
/// rounding party is not one of the shares.
pub fn split(
    total: Money,
    percents: &[Decimal],
    rounding_party: usize,
    rounding: Rounding,
    line: &str,
) -> Result<Vec<Money>, Refusal> {
    let sum: Decimal = percents.iter().sum();
    if sum != HUNDRED {
        return Err(Refusal::new(
            "SPLIT_NOT_100",
            format!("the shares of line {line} total {sum} %; make them total 100 %"),
        )
        .field(format!("/lines/{line}")));
    }
    if rounding_party >= percents.len() {
        return Err(Refusal::new("ROUNDING_PARTY", format!("line {line} names a rounding party that has no share"))
            .field(format!("/lines/{line}")));
    }
    let mut shares: Vec<Money> = percents
        .iter()
        .map(|percent| Money::new(total.amount * percent / HUNDRED, total.currency).rounded(rounding))
        .collect();
    let others: Decimal =
        shares.iter().enumerate().filter(|(at, _)| *at != rounding_party).map(|(_, share)| share.amount).sum();
    if let Some(share) = shares.get_mut(rounding_party) {
        share.amount = total.amount - others;
    }
    Ok(shares)
}

/// Amounts of a series that must total a fixed sum (rule RD6): each is the rounded running total
/// less what was issued before. `percents` are the single shares and total 100.
pub fn cumulative(total: Money, percents: &[Decimal], rounding: Rounding) -> Vec<Money> {
    let mut reached = Decimal::ZERO;
    let mut issued = Decimal::ZERO;
    percents
        .iter()
        .map(|percent| {
            reached += percent;
            let target = rounding.round(total.amount * reached / HUNDRED, total.currency.minor_units());
            let amount = target - issued;
            issued = target;
            Money::new(amount, total.currency)
        })
        .collect()
}

/// `count` equal parts of a fixed sum, cumulative (rule RD6).
pub fn cumulative_parts(total: Money, count: u32, rounding: Rounding) -> Vec<Money> {
    let mut issued = Decimal::ZERO;
    (1..=count)
        .map(|k| {
            let target =
                rounding.round(total.amount * Decimal::from(k) / Decimal::from(count), total.currency.minor_units());
            let amount = target - issued;
            issued = target;
            Money::new(amount, total.currency)
        })
        .collect()
}

/// `count` equal parts, each rounded alone, the last one taking the remainder (the policy
/// "remainder last").
pub fn remainder_last(total: Money, count: u32, rounding: Rounding) -> Vec<Money> {
    let part = Money::new(total.amount / Decimal::from(count.max(1)), total.currency).rounded(rounding);
    (1..=count)
        .map(|k| match k == count {
            true => Money::new(total.amount - part.amount * Decimal::from(count - 1), total.currency),
            false => part,
        })
        .collect()
}

/// Gives a rounded line back to what it sums (largest remainder): every share is cut to the minor
/// unit, and the units left over go to the largest cut-off parts, first come first on a tie. The
/// shares total the line exactly.
pub fn allocate(line: Decimal, exact: &[Decimal], currency: Currency) -> Vec<Decimal> {
    let places = currency.minor_units();
    let unit = Decimal::new(1, places);
    let mut shares: Vec<Decimal> = exact
        .iter()
        .map(|part| part.round_dp_with_strategy(places, rust_decimal::RoundingStrategy::ToNegativeInfinity))
        .collect();
    let mut left = line - shares.iter().sum::<Decimal>();
    let Some(count) = i64::try_from(shares.len()).ok().filter(|count| *count > 0) else { return shares };
    // A line that several payers share can be some units off its parts: all of them move alike.
    let each = (left / unit / Decimal::from(count)).floor() * unit;
    for share in &mut shares {
        *share += each;
    }
    left -= each * Decimal::from(count);
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| (exact[*b] - shares[*b]).cmp(&(exact[*a] - shares[*a])).then(a.cmp(b)));
    for at in order {
        if left >= unit {
            shares[at] += unit;
            left -= unit;
        }
    }
    shares
}

/// A quantity such that quantity x price, rounded, is exactly `net` (rule RD3), with as few
/// decimals as will do. `None` when there is none, as for a price of zero with a net.
pub fn quantity_for(
    net: Decimal,
    price: Decimal,
    exact: Decimal,
    currency: Currency,
    rounding: Rounding,
) -> Option<Decimal> {
    let fits = |quantity: Decimal| rounding.round(quantity * price, currency.minor_units()) == net;
    for places in QUANTITY_PLACES {
        let quantity = rounding.round(exact, places);
        if fits(quantity) {
            return Some(quantity.normalize());
        }
    }
    if price.is_zero() {
        return None;
    }
    QUANTITY_PLACES
        .into_iter()
        .map(|places| rounding.round(net / price, places))
        .find(|quantity| fits(*quantity))
        .map(|q| q.normalize())
}
