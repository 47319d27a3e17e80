//! Not-to-exceed caps (rules NX1 to NX6): how much of an amount fits.
//!
//! Caps count rounded invoice lines, not exact amounts: several lines that each round up by half
//! a cent must not pass a limit that their exact sum respects. So the meter knows the lines that
//! amounts will be summed into.

use std::collections::BTreeMap;

use quoin_canonical::{CapMode, Decimal, Rounding};

/// One limit that applies: of a contract line, or of the whole contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What it limits, for messages: `line L1` or `contract`.
    pub level: String,
    /// Contract line; absent for the whole contract.
    pub line: Option<String>,
    /// The limit, net of tax (rule NX6).
    pub limit: Decimal,
    /// Billed net of credits and committed, before this run.
    pub used: Decimal,
    /// What happens at it.
    pub mode: CapMode,
}

/// What became of one amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Part that may be billed.
    pub billable: Decimal,
    /// Part beyond the limit. With mode `warn` it is billable all the same.
    pub over: Decimal,
    /// What was left of the limit before, and the limit; absent when no limit applies.
    pub bound: Option<Bound>,
}

/// The limit that was nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Its level.
    pub level: String,
    /// The limit.
    pub limit: Decimal,
    /// Left of it before this amount.
    pub available: Decimal,
    /// Its mode.
    pub mode: CapMode,
}

/// Meters amounts against limits, in the order they are offered (rule NX3).
#[derive(Debug, Clone)]
pub struct Meter<K: Ord + Clone> {
    limits: Vec<Limit>,
    lines: BTreeMap<K, (String, Decimal)>,
    rounding: Rounding,
    places: u32,
}

impl<K: Ord + Clone> Meter<K> {
    /// A meter for amounts that round to `places` decimals.
    pub fn new(limits: Vec<Limit>, rounding: Rounding, places: u32) -> Self {
        Self { limits, lines: BTreeMap::new(), rounding, places }
    }

    /// Offers an amount that will be summed into the invoice line `key` of contract line `line`.
    /// What is billable is committed at once.
    pub fn offer(&mut self, key: &K, line: &str, amount: Decimal) -> Verdict {
        let before = self.lines.get(key).map_or(Decimal::ZERO, |(_, sum)| *sum);
        let nearest = self
            .limits
            .iter()
            .filter(|limit| limit.line.as_deref().is_none_or(|of| of == line))
            .map(|limit| (self.room(limit, key), limit))
            .min_by(|(a, _), (b, _)| a.cmp(b));
        let (billable, over, bound) = match nearest {
            None => (amount, Decimal::ZERO, None),
            Some((room, limit)) => {
                let bound = Bound {
                    level: limit.level.clone(),
                    limit: limit.limit,
                    available: room - self.round(before),
                    mode: limit.mode,
                };
                let fitting = if self.round(before + amount) <= room {
                    amount
                } else {
                    (room - before).clamp(Decimal::ZERO, amount)
                };
                let billable = match limit.mode {
                    CapMode::Fit | CapMode::Spill => fitting,
                    CapMode::Block if fitting == amount => amount,
                    CapMode::Block => Decimal::ZERO,
                    CapMode::Warn => amount,
                };
                let over = if limit.mode == CapMode::Warn { amount - fitting } else { amount - billable };
                (billable, over, Some(bound))
            }
        };
        if !billable.is_zero() {
            self.lines.entry(key.clone()).or_insert_with(|| (line.to_owned(), Decimal::ZERO)).1 += billable;
        }
        Verdict { billable, over, bound }
    }

    /// What is in use of each limit, this run's commitments included.
    pub fn used(&self, limit: &Limit) -> Decimal {
        limit.used + self.committed(limit, None)
    }

    /// The limits.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// What the line `key` may sum to, at most, under one limit.
    fn room(&self, limit: &Limit, key: &K) -> Decimal {
        limit.limit - limit.used - self.committed(limit, Some(key))
    }

    fn committed(&self, limit: &Limit, except: Option<&K>) -> Decimal {
        self.lines
            .iter()
            .filter(|(key, (line, _))| Some(*key) != except && limit.line.as_ref().is_none_or(|of| of == line))
            .map(|(_, (_, sum))| self.round(*sum))
            .sum()
    }

    fn round(&self, value: Decimal) -> Decimal {
        self.rounding.round(value, self.places)
    }
}

/// One rule of a chain: hours up to a limit at a rate; the rest goes to the next (mode `spill`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursRule {
    /// Rate per hour; zero for hours that a fee has paid for.
    pub hourly_rate: Decimal,
    /// Hours it takes at most; absent for all.
    pub up_to_hours: Option<Decimal>,
}

/// Spreads hours over a chain of rules: hours and exact amount per rule, and the hours that no
/// rule takes.
pub fn spill(hours: Decimal, rules: &[HoursRule]) -> (Vec<(Decimal, Decimal)>, Decimal) {
    let mut left = hours;
    let taken = rules
        .iter()
        .map(|rule| {
            let part = rule.up_to_hours.map_or(left, |limit| left.min(limit));
            left -= part;
            (part, part * rule.hourly_rate)
        })
        .collect();
    (taken, left)
}
