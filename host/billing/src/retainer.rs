//! Hours bought in advance: which are drawn first, which expire (rules RE2, RE4, RE5).

use quoin_canonical::{Date, Decimal};

use crate::policy::RetainerPolicy;

/// Hours left of one period's advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// First day of the period they were bought for.
    pub start: Date,
    /// Hours left; never negative (rule RE5).
    pub hours: Decimal,
}

/// Draws hours, the oldest first, and says from which periods. What the balances do not cover is
/// not drawn.
pub fn draw(balances: &mut [Balance], wanted: Decimal) -> Vec<(Date, Decimal)> {
    balances.sort_by_key(|balance| balance.start);
    let mut left = wanted;
    let mut taken = Vec::new();
    for balance in balances {
        let hours = left.min(balance.hours);
        if hours > Decimal::ZERO {
            balance.hours -= hours;
            left -= hours;
            taken.push((balance.start, hours));
        }
    }
    taken
}

/// What expires at the end of the period that began on `current`: hours rolled for as long as the
/// policy lets them, then, the oldest first, what is above the rollover cap.
pub fn expire(balances: &[Balance], current: Date, policy: &RetainerPolicy) -> Vec<(Date, Decimal)> {
    let mut sorted: Vec<Balance> = balances.iter().copied().filter(|balance| balance.hours > Decimal::ZERO).collect();
    sorted.sort_by_key(|balance| balance.start);
    let mut expired: Vec<(Date, Decimal)> = Vec::new();
    let too_old = |start: Date| {
        let months = i32::from(current.year() - start.year()) * 12 + i32::from(current.month() - start.month());
        months >= i32::try_from(policy.rollover_periods).unwrap_or(i32::MAX)
    };
    for balance in &mut sorted {
        if too_old(balance.start) {
            expired.push((balance.start, balance.hours));
            balance.hours = Decimal::ZERO;
        }
    }
    let mut above = sorted.iter().map(|balance| balance.hours).sum::<Decimal>() - policy.rollover_cap_hours;
    for balance in &mut sorted {
        let cut = above.min(balance.hours);
        if cut > Decimal::ZERO {
            expired.push((balance.start, cut));
            balance.hours -= cut;
            above -= cut;
        }
    }
    expired
}
