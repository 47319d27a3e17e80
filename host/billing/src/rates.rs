//! Rate resolution: which rate one entry has, and from which row (rules RT1 to RT7).

use quoin_canonical::{Agreement, Currency, Date, Decimal, Discount, FxRate};
use serde::{Deserialize, Serialize};

use crate::rounding::EVENT_PLACES;

/// Where a rate can come from, most specific first. The order used is policy data (rule RT7);
/// this is its default. Past the last level there is no rate: zero is never a fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the names are the rule's own words
pub enum RateLevel {
    EntryOverride,
    Assignment,
    Task,
    ContractLinePerson,
    ContractLineRole,
    ContractPerson,
    ContractRole,
    ProjectCardPerson,
    ProjectCardRole,
    AccountCard,
    Region,
    Practice,
    Group,
    DefaultCard,
}

impl RateLevel {
    /// The fourteen levels that can hold a rate; the fifteenth step of the rule is the refusal.
    pub const ALL: [RateLevel; 14] = [
        RateLevel::EntryOverride,
        RateLevel::Assignment,
        RateLevel::Task,
        RateLevel::ContractLinePerson,
        RateLevel::ContractLineRole,
        RateLevel::ContractPerson,
        RateLevel::ContractRole,
        RateLevel::ProjectCardPerson,
        RateLevel::ProjectCardRole,
        RateLevel::AccountCard,
        RateLevel::Region,
        RateLevel::Practice,
        RateLevel::Group,
        RateLevel::DefaultCard,
    ];

    /// Levels whose rows are about one named person.
    fn needs_person(self) -> bool {
        matches!(self, RateLevel::ContractLinePerson | RateLevel::ContractPerson | RateLevel::ProjectCardPerson)
    }

    /// Levels whose rows are about one named role.
    fn needs_role(self) -> bool {
        matches!(self, RateLevel::ContractLineRole | RateLevel::ContractRole | RateLevel::ProjectCardRole)
    }
}

/// One row of rates. A dimension that is absent matches everything; the more a row names, the more
/// specific it is (rule RT2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RateRow {
    /// Its id, such as `contract_line:L1:role:Senior`.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Level it stands on.
    pub level: RateLevel,
    /// What the level is about: entry, assignment, task, contract line, account, region, practice
    /// or group. Absent when the level is about all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Person: e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Delivery location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Work type, such as `overtime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_type: Option<String>,
    /// Currency of the rate.
    pub currency: Currency,
    /// Rate per hour.
    pub hourly_rate: Decimal,
    /// First day it holds; absent is always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day it holds; absent is for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Discount in percent, after the multiplier (rule RT6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_percent: Option<Decimal>,
    /// Lowest rate, applied last (rule RT6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Decimal>,
    /// Highest rate, applied last (rule RT6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Decimal>,
}

impl RateRow {
    /// A row that names nothing but its level, currency and rate.
    pub fn new(
        id: impl Into<String>,
        version: u32,
        level: RateLevel,
        currency: Currency,
        hourly_rate: Decimal,
    ) -> Self {
        Self {
            id: id.into(),
            version,
            level,
            scope: None,
            role: None,
            person: None,
            region: None,
            location: None,
            work_type: None,
            currency,
            hourly_rate,
            from: None,
            to: None,
            discount_percent: None,
            min: None,
            max: None,
        }
    }
}

/// What is known about the work a rate is sought for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RateQuery {
    /// Date of work, in the legal entity's zone (rule RT1).
    pub date: Date,
    /// Entry id.
    pub entry: Option<String>,
    /// Assignment id.
    pub assignment: Option<String>,
    /// Task id.
    pub task: Option<String>,
    /// Contract line.
    pub line: Option<String>,
    /// Account (customer) id.
    pub account: Option<String>,
    /// Role the person works in.
    pub role: Option<String>,
    /// Person: e-mail address.
    pub person: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Practice.
    pub practice: Option<String>,
    /// Group.
    pub group: Option<String>,
    /// Delivery location.
    pub location: Option<String>,
    /// Work type.
    pub work_type: Option<String>,
    /// Factor of the work type, such as 1.5 for overtime; applied after resolution (rule RT6).
    pub multiplier: Option<Decimal>,
}

/// A rate found, frozen on the entry (rule RT5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Rate per hour, after multiplier, discount and limits.
    pub hourly_rate: Decimal,
    /// Level it was found on.
    pub level: RateLevel,
    /// Row.
    pub row: String,
    /// Version of the row.
    pub row_version: u32,
    /// What was done to the row's rate, in order; empty when nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// Why there is no rate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RateError {
    /// No level has one.
    #[error("no rate for {role} on {date}; add a row to a rate card or to the contract")]
    NotFound {
        /// The role, or the person where no role is known.
        role: String,
        /// The date of work.
        date: Date,
    },
    /// Two rows match equally well (rule RT3).
    #[error("the rate rows {} match equally well on {date}; end one of them", rows.join(" and "))]
    Ambiguous {
        /// Ids of all of them, sorted.
        rows: Vec<String>,
        /// The date of work.
        date: Date,
    },
    /// The row is in another currency than the contract (rule RT4).
    #[error("rate row {row} is in {found}, the contract in {wanted}; add a row in {wanted}")]
    Currency {
        /// The row.
        row: String,
        /// Its currency.
        found: Currency,
        /// The contract's.
        wanted: Currency,
    },
}

impl RateError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            RateError::NotFound { .. } => "RATE_NOT_FOUND",
            RateError::Ambiguous { .. } => "AMBIGUOUS_RATE",
            RateError::Currency { .. } => "RATE_CURRENCY",
        }
    }
}

/// Finds the rate of some work: the first level with a matching row, and on it the row that names
/// most dimensions.
///
/// # Errors
/// [`RateError`]: none found, two equally good, or one in a foreign currency.
pub fn resolve(
    rows: &[RateRow],
    query: &RateQuery,
    currency: Currency,
    levels: &[RateLevel],
) -> Result<Resolved, RateError> {
    resolve_with(rows, query, &Pricing::default_in(currency), levels)
}

/// What is done to a row's rate beside its own terms.
#[derive(Debug, Clone, Copy)]
pub struct Pricing<'a> {
    /// The contract's currency.
    pub currency: Currency,
    /// Exchange rates the contract agrees to: the explicit conversion policy of rule RT4.
    pub agreement: Option<&'a Agreement>,
    /// The contract line's discount.
    pub discount: Option<&'a Discount>,
}

impl Pricing<'_> {
    fn default_in(currency: Currency) -> Self {
        Self { currency, agreement: None, discount: None }
    }
}

/// [`resolve`], with a row in another currency converted at the contract's agreed exchange rate of
/// the date of work, and the line's discount taken off.
///
/// # Errors
/// As [`resolve`]; a foreign currency only where no exchange rate is agreed.
pub fn resolve_with(
    rows: &[RateRow],
    query: &RateQuery,
    pricing: &Pricing<'_>,
    levels: &[RateLevel],
) -> Result<Resolved, RateError> {
    for level in levels {
        let mut best: Vec<&RateRow> = Vec::new();
        let mut best_dimensions = 0;
        for row in rows.iter().filter(|row| row.level == *level) {
            let Some(dimensions) = matched_dimensions(row, query) else { continue };
            if best.is_empty() || dimensions > best_dimensions {
                best = vec![row];
                best_dimensions = dimensions;
            } else if dimensions == best_dimensions {
                best.push(row);
            }
        }
        match best.as_slice() {
            [] => {}
            [row] if row.currency == pricing.currency => return Ok(adjusted(row, query, None, pricing.discount)),
            [row] => {
                let agreed = pricing.agreement.and_then(|agreed| agreed.fx(row.currency, pricing.currency, query.date));
                let wanted = pricing.currency;
                let fx = agreed.ok_or(RateError::Currency { row: row.id.clone(), found: row.currency, wanted })?;
                return Ok(adjusted(row, query, Some(fx), pricing.discount));
            }
            several => {
                let mut rows: Vec<String> = several.iter().map(|row| row.id.clone()).collect();
                rows.sort();
                return Err(RateError::Ambiguous { rows, date: query.date });
            }
        }
    }
    let role = query.role.clone().or_else(|| query.person.clone()).unwrap_or_else(|| "unknown role".into());
    Err(RateError::NotFound { role, date: query.date })
}

/// How many dimensions of the row match, or `None` when one contradicts.
fn matched_dimensions(row: &RateRow, query: &RateQuery) -> Option<u32> {
    if row.from.is_some_and(|from| query.date < from) || row.to.is_some_and(|to| query.date > to) {
        return None;
    }
    if (row.level.needs_person() && row.person.is_none()) || (row.level.needs_role() && row.role.is_none()) {
        return None;
    }
    let scope = match row.level {
        RateLevel::EntryOverride => &query.entry,
        RateLevel::Assignment => &query.assignment,
        RateLevel::Task => &query.task,
        RateLevel::ContractLinePerson | RateLevel::ContractLineRole => &query.line,
        RateLevel::AccountCard => &query.account,
        RateLevel::Region => &query.region,
        RateLevel::Practice => &query.practice,
        RateLevel::Group => &query.group,
        _ => &None,
    };
    // The levels above the contract are about one thing each: a row without its scope is no row.
    let scoped = matches!(row.level, RateLevel::EntryOverride | RateLevel::Assignment | RateLevel::Task);
    if (scoped && row.scope.is_none()) || (row.scope.is_some() && row.scope != *scope) {
        return None;
    }
    let mut matched = u32::from(row.scope.is_some());
    let dimensions = [
        (&row.role, &query.role),
        (&row.person, &query.person),
        (&row.region, &query.region),
        (&row.location, &query.location),
        (&row.work_type, &query.work_type),
    ];
    for (wanted, given) in dimensions {
        if wanted.is_some() {
            if wanted != given {
                return None;
            }
            matched += 1;
        }
    }
    Some(matched)
}

/// The row's rate after multiplier, discount and limits, in that order (rule RT6); then in the
/// contract's currency, less the line's own discount.
fn adjusted(row: &RateRow, query: &RateQuery, fx: Option<&FxRate>, discount: Option<&Discount>) -> Resolved {
    let mut rate = row.hourly_rate;
    let mut steps = Vec::new();
    if let Some(factor) = query.multiplier.filter(|factor| *factor != Decimal::ONE) {
        rate *= factor;
        steps.push(format!("x {factor} = {}", rate.normalize()));
    }
    if let Some(percent) = row.discount_percent {
        rate -= rate * percent / Decimal::ONE_HUNDRED;
        steps.push(format!("- {percent} % = {}", rate.normalize()));
    }
    if let Some(min) = row.min.filter(|min| rate < *min) {
        rate = min;
        steps.push(format!("at least {min}"));
    }
    if let Some(max) = row.max.filter(|max| rate > *max) {
        rate = max;
        steps.push(format!("at most {max}"));
    }
    if let Some(fx) = fx {
        rate *= fx.rate;
        let FxRate { from, to, rate: factor, on, source } = fx;
        steps.push(format!("{from} to {to} at {factor} ({source}, {on}) = {}", rate.normalize()));
    }
    if let Some(discount) = discount {
        rate -= rate * discount.percent / Decimal::ONE_HUNDRED;
        steps.push(format!("- {} % ({}) = {}", discount.percent, discount.reason, rate.normalize()));
    }
    Resolved {
        hourly_rate: rate.round_dp(EVENT_PLACES),
        level: row.level,
        row: row.id.clone(),
        row_version: row.version,
        steps,
    }
}
