//! The conservation ledger: each approved unit and each contracted euro is in exactly one bucket.
//!
//! A unit is an entry of time (minutes), an expense, a milestone, an advance (money) or one period
//! of a retainer (hours). The book of a contract posts each event's moves between buckets; it never
//! looks at billing's account, so that the two prove each other. Read `book.rs` first.

mod book;
mod derived;
mod statement;

pub use book::{ContractBook, EventRef, LineBook, Placed, UnitBook};
pub use derived::{Difference, compare, holdings_of_account};
pub use statement::{BucketRow, FirmStatement, Imbalance, Kept, LineRow, Statement, Told, firm, statement};

use std::collections::BTreeMap;

use quoin_canonical::Decimal;
use serde::{Deserialize, Serialize};

/// What kind of thing is conserved, and in which measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    /// An entry of time; its minutes are conserved.
    Time,
    /// An expense; its net amount is conserved.
    Expense,
    /// A milestone; its net amount is conserved (rule FM1).
    Milestone,
    /// One period of a retainer; its hours are conserved (rule RE5).
    Retainer,
    /// Money paid before the work; its net amount is conserved (law 5).
    Advance,
}

impl UnitKind {
    /// Whether its amount is what is conserved, and not minutes or hours.
    pub fn in_money(self) -> bool {
        matches!(self, UnitKind::Expense | UnitKind::Milestone | UnitKind::Advance)
    }
}

/// Where a unit, or a part of it, can be. Exactly one holds for every part (rule TM4, law 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// On a posted document.
    Billed,
    /// On a document that is not posted yet, credit notes included.
    OnDocument,
    /// Waits for the next run.
    Unbilled,
    /// Sold, and not to be billed yet: a milestone that nobody accepted.
    NotDue,
    /// Covered by a retainer's hours.
    Covered,
    /// On a fixed-fee line: quantity without a value of its own (rule FM6).
    FixedFee,
    /// Not charged; counts for the margin only.
    NonBillable,
    /// Beyond a cap, held with an owner.
    OverCap,
    /// Refused or held for a person, with an owner.
    Held,
    /// Given up by decision.
    WrittenOff,
    /// Given back to the customer for good, by credit.
    Credited,
    /// Hours or money bought in advance that may be drawn.
    Available,
    /// What was bought in advance and work has drawn.
    Drawn,
    /// What was bought in advance and expired.
    Expired,
    /// What was bought in advance and was given back.
    Refunded,
}

impl Bucket {
    /// Every bucket, in the order of print.
    pub const ALL: [Bucket; 15] = [
        Bucket::Billed,
        Bucket::OnDocument,
        Bucket::Unbilled,
        Bucket::NotDue,
        Bucket::Covered,
        Bucket::FixedFee,
        Bucket::NonBillable,
        Bucket::OverCap,
        Bucket::Held,
        Bucket::WrittenOff,
        Bucket::Credited,
        Bucket::Available,
        Bucket::Drawn,
        Bucket::Expired,
        Bucket::Refunded,
    ];

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Bucket::Billed => "billed",
            Bucket::OnDocument => "on_document",
            Bucket::Unbilled => "unbilled",
            Bucket::NotDue => "not_due",
            Bucket::Covered => "covered",
            Bucket::FixedFee => "fixed_fee",
            Bucket::NonBillable => "non_billable",
            Bucket::OverCap => "over_cap",
            Bucket::Held => "held",
            Bucket::WrittenOff => "written_off",
            Bucket::Credited => "credited",
            Bucket::Available => "available",
            Bucket::Drawn => "drawn",
            Bucket::Expired => "expired",
            Bucket::Refunded => "refunded",
        }
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Bucket::Billed => "Billed",
            Bucket::OnDocument => "On a document, not posted",
            Bucket::Unbilled => "Waits for the next run",
            Bucket::NotDue => "Sold, not due yet",
            Bucket::Covered => "Covered by a retainer",
            Bucket::FixedFee => "On a fixed fee",
            Bucket::NonBillable => "Not chargeable",
            Bucket::OverCap => "Over a cap, held",
            Bucket::Held => "Held, with an owner",
            Bucket::WrittenOff => "Written off",
            Bucket::Credited => "Given back by credit",
            Bucket::Available => "Paid in advance, to be drawn",
            Bucket::Drawn => "Paid in advance, drawn",
            Bucket::Expired => "Paid in advance, expired",
            Bucket::Refunded => "Paid in advance, refunded",
        }
    }
}

/// A part of a unit: minutes or hours, and money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Minutes of time, hours of a retainer; zero for expenses and milestones.
    #[serde(with = "quoin_canonical::exact")]
    pub quantity: Decimal,
    /// Net value in contract currency.
    #[serde(with = "quoin_canonical::exact")]
    pub amount: Decimal,
}

impl Measure {
    /// Quantity and amount.
    pub fn new(quantity: Decimal, amount: Decimal) -> Self {
        Self { quantity, amount }
    }

    /// Money alone.
    pub fn money(amount: Decimal) -> Self {
        Self { quantity: Decimal::ZERO, amount }
    }

    /// Nothing at all.
    pub fn is_zero(&self) -> bool {
        self.quantity.is_zero() && self.amount.is_zero()
    }

    pub(crate) fn add(&mut self, other: Measure) {
        self.quantity += other.quantity;
        self.amount += other.amount;
    }

    pub(crate) fn negated(self) -> Self {
        Self { quantity: Decimal::ZERO - self.quantity, amount: Decimal::ZERO - self.amount }
    }
}

/// What is where, of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Its kind.
    pub kind: UnitKind,
    /// Contract line.
    pub line: String,
    /// What was approved: minutes, hours or money, by its kind.
    #[serde(with = "quoin_canonical::exact")]
    pub approved: Decimal,
    /// Where it is.
    pub buckets: BTreeMap<Bucket, Measure>,
}

impl Holding {
    /// All buckets together, in the measure that its kind conserves.
    pub fn found(&self) -> Decimal {
        let of = |measure: &Measure| if self.kind.in_money() { measure.amount } else { measure.quantity };
        self.buckets.values().map(of).sum()
    }

    /// Whether every part is in exactly one bucket: the buckets total what was approved, and none
    /// is below zero.
    pub fn balances(&self) -> bool {
        let of = |measure: &Measure| if self.kind.in_money() { measure.amount } else { measure.quantity };
        self.found() == self.approved && self.buckets.values().all(|measure| of(measure) >= Decimal::ZERO)
    }
}

/// The key of an entry of time in a book.
pub fn time_key(entry: &quoin_canonical::Id) -> String {
    format!("time/{entry}")
}

/// The key of an expense.
pub fn expense_key(expense: &quoin_canonical::Id) -> String {
    format!("expense/{expense}")
}

/// The key of a milestone.
pub fn milestone_key(milestone: &quoin_canonical::Id) -> String {
    format!("milestone/{milestone}")
}

/// The key of money paid before the work.
pub fn advance_key(code: &str) -> String {
    format!("advance/{code}")
}

/// The key of one period of a retainer.
pub fn retainer_key(line: &str, from: quoin_canonical::Date) -> String {
    format!("retainer/{line}/{from}")
}
