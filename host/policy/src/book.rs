//! Billing policies as data: a book of versions, each in force from its day, each with examples of
//! what it decides. A book is checked as a whole when it is loaded.

use std::collections::BTreeSet;

use billing::BillingPolicy;
use quoin_canonical::{Date, Decimal, Invalid, Problems};
use serde::{Deserialize, Serialize};

mod example;

pub use example::{Example, Outcome};

/// Largest policy file, in bytes: hundreds of versions fit, a mistaken file does not.
pub const BOOK_LIMIT_BYTES: usize = 1 << 20;

/// Most decimals kept of a percentage: what a decimal holds beside a price.
const PERCENT_PLACES_LIMIT: u32 = 10;

/// Longest increment of time, in minutes: a day.
const INCREMENT_LIMIT_MINUTES: u32 = 24 * 60;

/// A tenant's billing policy through time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyBook {
    /// Its name.
    pub name: String,
    /// Its versions, oldest first.
    #[serde(default, rename = "version")]
    pub versions: Vec<PolicyVersion>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyVersion {
    /// Its number; decisions name it.
    pub number: u32,
    /// The day from which it is in force.
    pub from: Date,
    /// The choices.
    #[serde(default)]
    pub billing: BillingPolicy,
    /// What it decides, in cases that anybody can check.
    #[serde(default, rename = "example")]
    pub examples: Vec<Example>,
}

impl Default for PolicyBook {
    /// One version, in force from the first day, in which every choice has its default: what a host
    /// without a book decides by.
    fn default() -> Self {
        let first =
            PolicyVersion { number: 1, from: Date::MIN, billing: BillingPolicy::default(), examples: Vec::new() };
        Self { name: "standard".into(), versions: vec![first] }
    }
}

impl PolicyBook {
    /// Reads and checks a book (TOML).
    ///
    /// # Errors
    /// All that is wrong, each with the path to the field; what is not TOML of that shape with the
    /// line in its message.
    pub fn read(text: &str) -> Result<Self, Vec<Invalid>> {
        let wrong = |code: &str, message: String| {
            vec![Invalid { path: String::new(), code: code.into(), message: message.trim_end().into() }]
        };
        if text.len() > BOOK_LIMIT_BYTES {
            return Err(wrong("TOO_LARGE", format!("a policy has at most {BOOK_LIMIT_BYTES} bytes")));
        }
        let mut book: Self = toml::from_str(text).map_err(|error| wrong("UNREADABLE", error.to_string()))?;
        book.check()?;
        for version in &mut book.versions {
            version.billing.version = version.number;
        }
        Ok(book)
    }

    /// The version in force on a day; none before the first.
    pub fn at(&self, day: Date) -> Option<&PolicyVersion> {
        self.versions.iter().rev().find(|version| version.from <= day)
    }

    /// Plays every example of every version.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.versions
            .iter()
            .flat_map(|version| version.examples.iter().map(|example| example.play(version.number, &version.billing)))
            .collect()
    }

    fn check(&self) -> Result<(), Vec<Invalid>> {
        let mut problems = Problems::new();
        problems.text("/name", &self.name, "NAME_MISSING", "the policy's name");
        problems.require(
            !self.versions.is_empty(),
            "/version",
            "VERSIONS_MISSING",
            "a policy has at least one version; add [[version]]",
        );
        for (at, version) in self.versions.iter().enumerate() {
            let path = format!("/version/{at}");
            version.check(&mut problems, &path);
            let Some(before) = at.checked_sub(1).and_then(|before| self.versions.get(before)) else { continue };
            problems.require(
                before.number < version.number,
                format!("{path}/number"),
                "VERSION_ORDER",
                format!("version {} comes after {}; numbers go up", version.number, before.number),
            );
            problems.require(
                before.from < version.from,
                format!("{path}/from"),
                "VERSION_ORDER",
                format!("{} is not after {}, the day of the version before", version.from, before.from),
            );
        }
        problems.into_result()
    }
}

impl PolicyVersion {
    fn check(&self, problems: &mut Problems, path: &str) {
        problems.require(self.number > 0, format!("{path}/number"), "VERSION_MISSING", "versions count from 1");
        problems.require(
            self.billing.version == 1 || self.billing.version == self.number,
            format!("{path}/billing/version"),
            "VERSION_TWICE",
            "the number stands above; leave it out here",
        );
        problems.require(
            !self.examples.is_empty(),
            format!("{path}/example"),
            "EXAMPLES_MISSING",
            "a version shows by example what it decides; add [[version.example]]",
        );
        choices(problems, &format!("{path}/billing"), &self.billing);
        tax(problems, &format!("{path}/billing/tax"), &self.billing);
        approvals(problems, &format!("{path}/billing/approvals"), &self.billing);
    }
}

fn choices(problems: &mut Problems, path: &str, policy: &BillingPolicy) {
    let levels = &policy.rate_levels;
    let names: Vec<String> = levels.iter().map(|level| format!("{level:?}")).collect();
    problems.require(!levels.is_empty(), format!("{path}/rate_levels"), "LEVELS_MISSING", "no level holds a rate");
    problems.unique(&format!("{path}/rate_levels"), "", names.iter().map(String::as_str));
    if let Some(increment) = policy.increment {
        let fits = increment.minutes > 0 && increment.minutes <= INCREMENT_LIMIT_MINUTES;
        let message = format!("{} minutes are no increment from 1 to {INCREMENT_LIMIT_MINUTES}", increment.minutes);
        problems.require(fits, format!("{path}/increment/minutes"), "INCREMENT", message);
    }
    let alerts = &policy.cap_alert_percents;
    problems.require(
        alerts.is_sorted() && alerts.iter().all(|percent| *percent > Decimal::ZERO),
        format!("{path}/cap_alert_percents"),
        "ALERTS",
        "thresholds are above zero and go up",
    );
    problems.not_negative(&format!("{path}/revenue_tolerance"), policy.revenue_tolerance);
    problems.not_negative(&format!("{path}/retainer/rollover_cap_hours"), policy.retainer.rollover_cap_hours);
    problems.percent(&format!("{path}/retainer/low_balance_percent"), policy.retainer.low_balance_percent);
    for (role, factor) in &policy.retainer.role_multipliers {
        let path = format!("{path}/retainer/role_multipliers/{role}");
        problems.require(*factor > Decimal::ZERO, path, "MULTIPLIER", format!("{factor} draws no hours"));
    }
    problems.require(
        policy.percent_places <= PERCENT_PLACES_LIMIT,
        format!("{path}/percent_places"),
        "TOO_LARGE",
        format!("at most {PERCENT_PLACES_LIMIT} decimals"),
    );
}

fn tax(problems: &mut Problems, path: &str, policy: &BillingPolicy) {
    for (entity, rules) in &policy.tax {
        let mut seen = BTreeSet::new();
        for (at, rule) in rules.iter().enumerate() {
            let path = format!("{path}/{entity}/{at}");
            let words = ["domestic", "eu", "abroad"];
            problems.require(
                words.contains(&rule.buyer.as_str()) || quoin_canonical::country::is_country(&rule.buyer),
                format!("{path}/buyer"),
                "BUYER_UNKNOWN",
                format!("'{}' is neither domestic, eu, abroad nor an ISO 3166-1 country", rule.buyer),
            );
            problems.require(
                seen.insert((rule.buyer.clone(), rule.vat_id)),
                path.clone(),
                "DUPLICATE",
                "a row above fits the same buyers; this one is never reached",
            );
            for problem in rule.tax.validate(&format!("{path}/tax")).err().unwrap_or_default() {
                problems.require(false, problem.path, &problem.code, problem.message);
            }
        }
    }
}

fn approvals(problems: &mut Problems, path: &str, policy: &BillingPolicy) {
    let mut seen = BTreeSet::new();
    for (at, limit) in policy.approvals.iter().enumerate() {
        let path = format!("{path}/{at}");
        problems.text(&format!("{path}/role"), &limit.role, "ROLE_MISSING", "who may decide");
        if let Some(up_to) = limit.up_to {
            problems.not_negative(&format!("{path}/up_to"), up_to);
            problems.size(&format!("{path}/up_to"), up_to);
        }
        problems.require(
            seen.insert((limit.deed, limit.up_to)),
            path,
            "DUPLICATE",
            "another row has the same deed and limit: who decides is not clear",
        );
    }
}
