//! Values as the templates print them.

pub mod bars;
pub mod chrome;
pub mod conservation;
pub mod document;
pub mod explanation;
pub mod timeline;
pub mod wheel;

use std::fmt;

use api::format;
use askama::filters::HtmlSafe;
use quoin_canonical::{Date, Decimal, Money, Timestamp};

pub use chrome::Chrome;

/// An amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    /// `69,972.00`.
    pub text: String,
    /// `EUR`.
    pub currency: &'static str,
    /// Below zero.
    pub negative: bool,
    /// Exactly zero.
    pub zero: bool,
}

impl From<&Money> for Amount {
    fn from(money: &Money) -> Self {
        Self {
            text: format::amount(money),
            currency: money.currency.code(),
            negative: money.amount < Decimal::ZERO,
            zero: money.amount.is_zero(),
        }
    }
}

/// Digits and a currency code only, so it needs no escaping.
impl HtmlSafe for Amount {}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = match (self.negative, self.zero) {
            (true, _) => "amount negative",
            (_, true) => "amount zero",
            _ => "amount",
        };
        write!(f, "<span class=\"{class}\">{}\u{a0}<span class=\"currency\">{}</span></span>", self.text, self.currency)
    }
}

/// An instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// For machines.
    pub iso: String,
    /// `2026-03-02 10:15:00 UTC`.
    pub absolute: String,
    /// `3 days ago`, seen from the business clock.
    pub relative: String,
    /// Before now.
    pub past: bool,
}

impl When {
    /// An instant seen from `now`.
    pub fn of(at: Timestamp, now: Timestamp) -> Self {
        Self {
            iso: at.to_string(),
            absolute: format::absolute(at),
            relative: format::relative(at, now),
            past: at < now,
        }
    }
}

/// Digits and fixed words only, so it needs no escaping.
impl HtmlSafe for When {}

/// The relative time, with the absolute one to point at.
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<time datetime=\"{}\" title=\"{}\">{}</time>", self.iso, self.absolute, self.relative)
    }
}

/// `31 March 2026`.
pub fn date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `approved` as `Approved`.
pub fn words(name: &str) -> String {
    api::read::pick::words(name)
}

/// A deal's stage as people say it.
pub fn stage_words(stage: &str) -> String {
    match stage {
        "approved" => "Checked".into(),
        "billing_provisioned" => "Billing set up".into(),
        "paying" => "Partly paid".into(),
        other => words(other),
    }
}

/// How a stage or status looks: the name of a colour class.
pub fn tone_of(status: &str) -> &'static str {
    match status {
        "paid" | "active" | "settled" => "good",
        "invoiced" | "posted" | "paying" | "partially_paid" => "money",
        "cancelled" | "void" | "disputed" | "blocked" => "bad",
        "needs_attention" | "on_hold" | "credited" => "warn",
        _ => "plain",
    }
}
