//! One amount on a document, with the way back to its source: what explains an invoice line.

use quoin_canonical::{Date, Decimal, Id, Period, TaxTreatment};
use serde::{Deserialize, Serialize};

use crate::rates::Resolved;

/// One amount on a document, with the way back to its source: what explains an invoice line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BillingEvent {
    /// Its id, derived from document and source.
    pub id: Id,
    /// Contract line.
    pub contract_line: String,
    /// What is charged.
    pub source: Source,
    /// Version of the billing policy that decided.
    pub policy_version: u32,
    /// Rate, level and row; absent for fixed amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Resolved>,
    /// Minutes charged; zero for fixed amounts.
    pub minutes: Decimal,
    /// Price per hour or per piece, as on the line.
    pub unit_price: Decimal,
    /// Exact amount, six decimals (rule RD3). Negative on a credit.
    pub amount: Decimal,
    /// Share of the rounded line (rule RD-05). Negative on a credit.
    pub net: Decimal,
    /// Tax.
    pub tax: TaxTreatment,
    /// When the service was given.
    pub service: Period,
    /// What a cap did to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<CapSplit>,
    /// The document.
    pub invoice: Id,
    /// Its line.
    pub line: String,
    /// The billing event it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversal_of: Option<Id>,
    /// Why it is not at the entry's own rate, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repriced: Option<Repriced>,
    /// Code of the payer whose share it is, where several pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Money given back without a change of the work: it is not billed again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goodwill: bool,
    /// How the amount came about, step by step, in words.
    pub steps: Vec<String>,
}

impl BillingEvent {
    /// What distinguishes it on its document: its id is derived from this.
    pub fn source_key(&self) -> String {
        if let Some(original) = &self.reversal_of {
            return original.to_string();
        }
        match (&self.source, &self.repriced) {
            (Source::Time { entry, .. }, None) => entry.to_string(),
            (Source::Time { entry, .. }, Some(repriced)) => format!("{entry}/{}", repriced.key()),
            (Source::Milestone { milestone, .. }, _) => milestone.to_string(),
            (Source::Expense { expense, .. }, _) => expense.to_string(),
            (Source::Retainer { period_start }, _) => format!("{}/{period_start}", self.contract_line),
            (Source::Progress { percent, .. }, _) => format!("{}/progress/{percent}", self.contract_line),
            (Source::Advance { code }, _) => format!("advance/{code}"),
        }
    }

    /// Whether it counts against the cap of its line: time does, but not what went beyond the cap
    /// (rules NX2 and NX6).
    pub fn capped(&self) -> bool {
        let beyond = self.repriced.as_ref().is_some_and(|repriced| repriced.by == PricedBy::BeyondCap);
        matches!(self.source, Source::Time { .. }) && !beyond
    }

    /// Its value at the entry's frozen rate: what it takes out of the bucket it came from.
    pub fn frozen_amount(&self) -> Decimal {
        self.repriced.as_ref().map_or(self.amount, |repriced| repriced.replaces)
    }
}

/// Why time is billed at another price than its frozen rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repriced {
    /// The rule.
    pub by: PricedBy,
    /// Value of the same minutes at the frozen rate, six decimals.
    pub replaces: Decimal,
}

impl Repriced {
    fn key(&self) -> String {
        match self.by {
            PricedBy::HoursStep { step } => format!("hours {step}"),
            PricedBy::BeyondCap => "beyond the cap".into(),
            PricedBy::OtherLine => "other line".into(),
        }
    }
}

/// Rules that price time beside its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum PricedBy {
    /// A step of hours within the month.
    HoursStep {
        /// Its position, from 0.
        step: u32,
    },
    /// Work beyond the line's cap, at the rate agreed for it.
    BeyondCap,
    /// Work beyond another line's cap, billed here.
    OtherLine,
}

/// What is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Source {
    /// Time.
    Time {
        /// The entry.
        entry: Id,
        /// Its revision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
        /// Role worked in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<String>,
        /// Date of work.
        date: Date,
    },
    /// A milestone.
    Milestone {
        /// The milestone.
        milestone: Id,
        /// Hash of the acceptance's evidence.
        evidence_sha256: String,
    },
    /// An expense.
    Expense {
        /// The expense.
        expense: Id,
        /// The day it was incurred.
        date: Date,
    },
    /// A retainer's fee for a period.
    Retainer {
        /// First day of the period.
        period_start: Date,
    },
    /// Percent complete of a fixed price.
    Progress {
        /// Percent complete, from the start.
        percent: Decimal,
        /// The day it was reported for.
        on: Date,
    },
    /// Money paid before the work.
    Advance {
        /// Its code.
        code: String,
    },
}

/// What a cap did to one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapSplit {
    /// The limit, net.
    pub limit: Decimal,
    /// What was left of it before this entry.
    pub available: Decimal,
    /// Amount beyond it.
    pub over: Decimal,
}
