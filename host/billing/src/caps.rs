//! Not-to-exceed caps (rules NX1 to NX6): how much of an amount fits.
//!
//! Caps count rounded invoice lines, not exact amounts: several lines that each round up by half
//! a cent must not pass a limit that their exact sum respects. So the meter knows the lines that
//! amounts will be summed into. A cap on one payer counts that payer's rounded share of each line.

use std::collections::BTreeMap;

use quoin_canonical::{CapMode, Decimal, Rounding};

/// One limit that applies: of a contract line, of a payer, or of the whole contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What it limits, for messages: `line L1` or `contract`.
    pub level: String,
    /// Contract line; absent for the whole contract.
    pub line: Option<String>,
    /// Position of the payer whose share alone counts.
    pub payer: Option<usize>,
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
    /// Its position among the meter's limits.
    pub at: usize,
    /// Its level.
    pub level: String,
    /// The limit.
    pub limit: Decimal,
    /// Left of it before this amount.
    pub available: Decimal,
    /// Its mode.
    pub mode: CapMode,
}

/// How lines are shared among payers, in percent (rule RD5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares {
    /// Percent of each payer.
    pub percents: Vec<Decimal>,
    /// Position of the one who takes the remainder.
    pub remainder: usize,
}

impl Shares {
    /// One payer's part of a rounded amount.
    pub fn part(&self, whole: Decimal, payer: usize, rounding: Rounding, places: u32) -> Decimal {
        let rounded = |percent: &Decimal| rounding.round(whole * percent / Decimal::ONE_HUNDRED, places);
        if payer != self.remainder {
            return self.percents.get(payer).map(rounded).unwrap_or_default();
        }
        let others = self.percents.iter().enumerate().filter(|(at, _)| *at != payer);
        whole - others.map(|(_, percent)| rounded(percent)).sum::<Decimal>()
    }
}

/// Meters amounts against limits, in the order they are offered (rule NX3).
#[derive(Debug, Clone)]
pub struct Meter<K: Ord + Clone> {
    limits: Vec<Limit>,
    /// Exact sums of the lines of this run, with the contract line they count on.
    lines: BTreeMap<K, (String, Decimal)>,
    /// Rounded sum of this run, per limit, kept up to date.
    committed: Vec<Decimal>,
    shares: Shares,
    rounding: Rounding,
    places: u32,
}

/// How much fits under one limit.
struct Fit {
    at: usize,
    fitting: Decimal,
    available: Decimal,
}

impl<K: Ord + Clone> Meter<K> {
    /// A meter for amounts that round to `places` decimals. What a limit has below the smallest
    /// unit that can be billed is no room: half a yen would let a whole one through.
    pub fn new(mut limits: Vec<Limit>, rounding: Rounding, places: u32) -> Self {
        for limit in &mut limits {
            limit.limit = limit.limit.trunc_with_scale(places);
        }
        let committed = vec![Decimal::ZERO; limits.len()];
        Self { limits, lines: BTreeMap::new(), committed, shares: Shares::default(), rounding, places }
    }

    /// The same, for lines that several payers share.
    pub fn shared(mut self, shares: Shares) -> Self {
        self.shares = shares;
        self
    }

    /// Offers an amount that will be summed into the invoice line `key` of contract line `line`.
    /// What is billable is committed at once. Hard limits decide, the nearest first; where all of
    /// them leave room, a soft one may still warn.
    pub fn offer(&mut self, key: &K, line: &str, amount: Decimal) -> Verdict {
        let before = self.lines.get(key).map_or(Decimal::ZERO, |(_, sum)| *sum);
        let nearest = |soft: bool| {
            let of = |(_, limit): &(usize, &Limit)| {
                (limit.mode == CapMode::Warn) == soft && limit.line.as_deref().is_none_or(|of| of == line)
            };
            let fits = self.limits.iter().enumerate().filter(of).map(|(at, _)| self.fit(at, before, amount));
            fits.min_by(|a, b| (a.fitting, a.available).cmp(&(b.fitting, b.available)))
        };
        let (hard, soft) = (nearest(false), nearest(true));
        let billable = match &hard {
            None => amount,
            Some(fit) if fit.fitting == amount => amount,
            Some(fit) if self.limits[fit.at].mode == CapMode::Block => Decimal::ZERO,
            Some(fit) => fit.fitting,
        };
        let warned = soft.as_ref().map_or(Decimal::ZERO, |fit| amount - fit.fitting);
        let over = if billable == amount { warned } else { amount - billable };
        let binding = match (hard, soft) {
            (Some(hard), Some(soft)) if billable == amount && soft.fitting < hard.fitting => Some(soft),
            (Some(hard), _) => Some(hard),
            (None, soft) => soft,
        };
        let bound = binding.map(|fit| {
            let limit = &self.limits[fit.at];
            let (level, mode) = (limit.level.clone(), limit.mode);
            Bound { at: fit.at, level, limit: limit.limit, available: fit.available, mode }
        });
        if !billable.is_zero() {
            self.commit(key, line, before, billable);
        }
        Verdict { billable, over, bound }
    }

    /// What is in use of each limit, this run's commitments included.
    pub fn used(&self, at: usize) -> Decimal {
        self.limits[at].used + self.committed[at]
    }

    /// The limits.
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    fn commit(&mut self, key: &K, line: &str, before: Decimal, amount: Decimal) {
        let after = before + amount;
        for at in 0..self.limits.len() {
            if self.limits[at].line.as_deref().is_none_or(|of| of == line) {
                let more = self.part(at, after) - self.part(at, before);
                self.committed[at] += more;
            }
        }
        self.lines.entry(key.clone()).or_insert_with(|| (line.to_owned(), Decimal::ZERO)).1 = after;
    }

    /// How much of an amount fits under one limit, on a line that sums to `before` so far.
    fn fit(&self, at: usize, before: Decimal, amount: Decimal) -> Fit {
        let limit = &self.limits[at];
        let available = limit.limit - self.used(at);
        let room = available + self.part(at, before);
        if self.part(at, before + amount) <= room {
            return Fit { at, fitting: amount, available };
        }
        let Some(payer) = limit.payer else {
            return Fit { at, fitting: (room - before).clamp(Decimal::ZERO, amount), available };
        };
        let percent = self.shares.percents.get(payer).copied().unwrap_or(Decimal::ONE_HUNDRED);
        let whole = if percent.is_zero() { amount } else { room * Decimal::ONE_HUNDRED / percent };
        let unit = Decimal::new(1, self.places);
        // The payer's own rounding can take a unit or so more than the share says.
        let mut fitting = (whole - before).clamp(Decimal::ZERO, amount).trunc_with_scale(self.places);
        while fitting > Decimal::ZERO && self.part(at, before + fitting) > room {
            fitting = (fitting - unit).max(Decimal::ZERO);
        }
        Fit { at, fitting, available }
    }

    /// What counts of a line's sum under one limit: the rounded line, or a payer's share of it.
    fn part(&self, at: usize, sum: Decimal) -> Decimal {
        let rounded = self.rounding.round(sum, self.places);
        match self.limits[at].payer {
            None => rounded,
            Some(payer) => self.shares.part(rounded, payer, self.rounding, self.places),
        }
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
