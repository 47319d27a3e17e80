//! The ledger in print: per contract and firm-wide, with what does not balance.

use std::collections::BTreeMap;

use quoin_canonical::{Currency, Decimal, Money, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Bucket, ContractBook, EventRef, Measure, UnitKind};

/// One contract's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Contract number.
    pub contract: String,
    /// Customer.
    pub customer: String,
    /// Currency.
    pub currency: Currency,
    /// The last event it knows.
    pub through: EventRef,
    /// How many units it holds.
    pub units: usize,
    /// Approved time, minutes.
    #[serde(with = "quoin_canonical::exact")]
    pub approved_minutes: Decimal,
    /// Each bucket that holds anything, in the order of print.
    pub buckets: Vec<BucketRow>,
    /// Contracted money, line by line.
    pub lines: Vec<LineRow>,
    /// What is in no bucket, or in more than one.
    pub imbalances: Vec<Imbalance>,
}

impl Statement {
    /// Whether everything is in exactly one bucket.
    pub fn balances(&self) -> bool {
        self.imbalances.is_empty()
    }
}

/// What one bucket holds of one kind of unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRow {
    /// The bucket.
    pub bucket: Bucket,
    /// Kind of unit.
    pub kind: UnitKind,
    /// Units that have a part in it.
    pub units: usize,
    /// Minutes of time, hours of a retainer; zero for expenses and milestones.
    #[serde(with = "quoin_canonical::exact")]
    pub quantity: Decimal,
    /// Net value at the frozen rates.
    pub amount: Money,
}

/// Contracted money of one line: contracted = billed - credited + on documents + open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineRow {
    /// Line id.
    pub line: String,
    /// What it is.
    pub label: String,
    /// `time_and_materials`, `fixed_fee` or `retainer`.
    pub method: String,
    /// Fixed price or limit; absent where the contract names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contracted: Option<Money>,
    /// Posted, less posted credits.
    pub billed: Money,
    /// On documents that are not posted.
    pub on_document: Money,
    /// Approved and waiting, as far as `open` reaches.
    pub waiting: Money,
    /// Contracted and not yet on any document; absent where the contract names no sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Money>,
}

/// Something that is not in exactly one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imbalance {
    /// The unit's key, or `line/<id>` for contracted money.
    pub of: String,
    /// What it is, for people.
    pub label: String,
    /// What was approved or contracted.
    #[serde(with = "quoin_canonical::exact")]
    pub expected: Decimal,
    /// What the buckets total.
    #[serde(with = "quoin_canonical::exact")]
    pub found: Decimal,
    /// The event after which it no longer balanced: the last that moved it.
    pub cause: EventRef,
    /// In words.
    pub message: String,
}

/// Prints one book.
pub fn statement(book: &ContractBook) -> Statement {
    let holdings = book.holdings();
    let mut sums: BTreeMap<(Bucket, UnitKind), (usize, Measure)> = BTreeMap::new();
    let mut approved_minutes = Decimal::ZERO;
    let mut imbalances = Vec::new();
    for (key, holding) in &holdings {
        if holding.kind == UnitKind::Time {
            approved_minutes += holding.approved;
        }
        for (bucket, measure) in &holding.buckets {
            let sum = sums.entry((*bucket, holding.kind)).or_default();
            sum.0 += 1;
            sum.1.add(*measure);
        }
        if let Some(unit) = book.units.get(key).filter(|_| !holding.balances()) {
            let (expected, found) = (holding.approved, holding.found());
            let negative = expected == found;
            let what =
                if negative { "a bucket is below zero".to_owned() } else { format!("its buckets total {found}") };
            let message = format!("{} has {expected} approved, but {what}, since {}", unit.label, unit.last.kind);
            let cause = unit.last.clone();
            imbalances.push(Imbalance { of: key.clone(), label: unit.label.clone(), expected, found, cause, message });
        }
    }
    let lines = lines(book, &mut imbalances);
    let round = |amount: Decimal| printed(amount, book.currency);
    let rows = sums.into_iter().map(|((bucket, kind), (units, measure))| BucketRow {
        bucket,
        kind,
        units,
        quantity: measure.quantity.normalize(),
        amount: round(measure.amount),
    });
    Statement {
        contract: book.contract.clone(),
        customer: book.customer.clone(),
        currency: book.currency,
        through: book.through.clone(),
        units: holdings.len(),
        approved_minutes,
        buckets: rows.collect(),
        lines,
        imbalances,
    }
}

fn lines(book: &ContractBook, imbalances: &mut Vec<Imbalance>) -> Vec<LineRow> {
    let money = |amount: Decimal| Money::new(amount, book.currency);
    let mut rows = Vec::with_capacity(book.lines.len());
    for (id, line) in &book.lines {
        let billed = line.billed - line.credited;
        let waiting = waiting(book, id);
        let open = line.contracted.map(|contracted| contracted - billed - line.on_document);
        if let (Some(contracted), Some(open)) = (line.contracted, open) {
            let sold = sold(book, id).filter(|_| line.method == "fixed_fee");
            let wrong = match sold {
                Some(sold) if sold != contracted => Some((sold, format!("its milestones total {sold}"))),
                _ if open < Decimal::ZERO && line.hard => {
                    Some((contracted - open, format!("{} is on documents", contracted - open)))
                }
                _ => None,
            };
            if let Some((found, what)) = wrong {
                imbalances.push(Imbalance {
                    of: format!("line/{id}"),
                    label: line.label.clone(),
                    expected: contracted,
                    found,
                    cause: book.through.clone(),
                    message: format!("line {id} is contracted at {contracted}, but {what}"),
                });
            }
        }
        let reach = open.map_or(waiting, |open| waiting.min(open.max(Decimal::ZERO)));
        rows.push(LineRow {
            line: id.clone(),
            label: line.label.clone(),
            method: line.method.clone(),
            contracted: line.contracted.map(money),
            billed: money(billed),
            on_document: money(line.on_document),
            waiting: printed(reach, book.currency),
            open: open.map(money),
        });
    }
    rows
}

/// An amount as it is printed: with the decimals of its currency.
fn printed(amount: Decimal, currency: Currency) -> Money {
    let mut amount = amount.round_dp(currency.minor_units());
    amount.rescale(currency.minor_units());
    Money::new(amount, currency)
}

/// Approved value of a line that waits for the next run.
fn waiting(book: &ContractBook, line: &str) -> Decimal {
    let units = book.units.values().filter(|unit| unit.line == line && unit.kind != UnitKind::Expense);
    units.filter_map(|unit| unit.free.get(&Bucket::Unbilled)).map(|measure| measure.amount).sum()
}

/// What the milestones of a line total; `None` when it has none.
fn sold(book: &ContractBook, line: &str) -> Option<Decimal> {
    let milestones = || book.units.values().filter(|unit| unit.kind == UnitKind::Milestone && unit.line == line);
    milestones().next()?;
    Some(milestones().map(|unit| unit.approved).sum())
}

/// All contracts of one currency together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmStatement {
    /// Currency.
    pub currency: Currency,
    /// Contracts.
    pub contracts: usize,
    /// Units.
    pub units: usize,
    /// Approved time, minutes.
    #[serde(with = "quoin_canonical::exact")]
    pub approved_minutes: Decimal,
    /// Each bucket that holds anything.
    pub buckets: Vec<BucketRow>,
    /// Things that do not balance.
    pub imbalances: usize,
}

/// Adds contracts up, currency by currency; amounts of different currencies are never added.
pub fn firm<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Vec<FirmStatement> {
    let mut sums: BTreeMap<&'static str, FirmStatement> = BTreeMap::new();
    for statement in statements {
        let sum = sums.entry(statement.currency.code()).or_insert_with(|| FirmStatement {
            currency: statement.currency,
            contracts: 0,
            units: 0,
            approved_minutes: Decimal::ZERO,
            buckets: Vec::new(),
            imbalances: 0,
        });
        sum.contracts += 1;
        sum.units += statement.units;
        sum.approved_minutes += statement.approved_minutes;
        sum.imbalances += statement.imbalances.len();
        for row in &statement.buckets {
            let known = sum.buckets.iter_mut().find(|known| (known.bucket, known.kind) == (row.bucket, row.kind));
            match known {
                Some(known) => {
                    known.units += row.units;
                    known.quantity += row.quantity;
                    known.amount.amount += row.amount.amount;
                }
                None => sum.buckets.push(row.clone()),
            }
        }
        sum.buckets.sort_by_key(|row| (row.bucket, row.kind));
    }
    sums.into_values().collect()
}

/// A contract's book as a host keeps it, with what is printed of it and what a person was told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The book; absent before the contract is opened.
    #[serde(default)]
    pub book: Option<ContractBook>,
    /// The book in print, as of its last event.
    #[serde(default)]
    pub statement: Option<Statement>,
    /// Exceptions that are open, by what does not balance.
    #[serde(default)]
    pub told: BTreeMap<String, Told>,
}

/// An imbalance that a person was told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When.
    pub since: Timestamp,
    /// What they were told.
    pub imbalance: Imbalance,
}
