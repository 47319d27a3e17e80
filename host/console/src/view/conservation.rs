//! The conservation ledger as bars: what share of the whole is in which bucket.

use api::format;
use api::read::conservation::{BucketRow, FirmStatement, LineRow, Statement, UnitKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quoin_canonical::{Currency, Decimal, Money};

use super::Amount;

/// One whole and the buckets it lies in.
pub struct Bar {
    /// What the whole is.
    pub title: String,
    /// Where its figures come from.
    pub source: &'static str,
    /// The whole.
    pub whole: String,
    /// Its parts, beside each other.
    pub parts: Vec<Part>,
    /// The bar in words, for people who cannot see it.
    pub words: String,
}

/// One bucket of a bar.
pub struct Part {
    /// Stable name, also its colour class.
    pub code: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// How much is in it.
    pub text: String,
    /// Where it begins, in percent of the whole.
    pub from: String,
    /// How long it is, in percent of the whole.
    pub width: String,
    /// The same, rounded for reading.
    pub percent: String,
}

/// A contract in the list.
pub struct ContractRow {
    /// Its page.
    pub href: String,
    /// Number.
    pub contract: String,
    /// Customer.
    pub customer: String,
    /// Its hours.
    pub hours: Bar,
    /// Its contracted money.
    pub money: Bar,
    /// How many things do not balance.
    pub wrong: usize,
}

/// Something that does not balance.
pub struct Wrong {
    /// What it is.
    pub label: String,
    /// In words.
    pub message: String,
    /// The unit.
    pub of: String,
    /// The event after which it no longer balanced.
    pub cause: String,
}

/// Hours by bucket, of a contract or of the firm.
pub fn hours(rows: &[BucketRow], approved_minutes: Decimal) -> Bar {
    let time = |row: &&BucketRow| row.kind == UnitKind::Time;
    let parts = rows.iter().filter(time).map(|row| (row.bucket.name(), row.bucket.label(), row.quantity));
    let shown = |minutes: Decimal| format!("{} h", format::number((minutes / Decimal::from(60)).round_dp(2)));
    bar("Approved hours".to_owned(), "approved time, as billed, by contract", approved_minutes, parts.collect(), shown)
}

/// Value by bucket: time at its frozen rates, expenses and milestones.
pub fn value(rows: &[BucketRow], currency: Currency) -> Bar {
    let counted = |row: &&BucketRow| {
        !matches!(row.kind, UnitKind::Retainer | UnitKind::Advance) && row.amount.amount > Decimal::ZERO
    };
    let mut parts: Vec<(&'static str, &'static str, Decimal)> = Vec::new();
    for row in rows.iter().filter(counted) {
        match parts.iter_mut().find(|part| part.0 == row.bucket.name()) {
            Some(part) => part.2 += row.amount.amount,
            None => parts.push((row.bucket.name(), row.bucket.label(), row.amount.amount)),
        }
    }
    let whole = parts.iter().map(|part| part.2).sum();
    let source = "time at its frozen rates, expenses and milestones, net";
    bar("Work and milestones".to_owned(), source, whole, parts, |amount| money(amount, currency))
}

/// Contracted money by where it is, over lines that name a sum.
pub fn contracted(title: &str, lines: &[&LineRow], currency: Currency) -> Bar {
    let sum = |of: fn(&LineRow) -> Decimal| -> Decimal {
        lines.iter().filter(|line| line.contracted.is_some()).map(|line| of(line)).sum()
    };
    let parts = vec![
        ("billed", "Billed", sum(|line| line.billed.amount)),
        ("on_document", "On documents, not posted", sum(|line| line.on_document.amount)),
        ("unbilled", "Earned, waits for the next run", sum(|line| line.waiting.amount)),
        (
            "not_due",
            "Not earned yet",
            sum(|line| line.open.map_or(Decimal::ZERO, |open| open.amount - line.waiting.amount)),
        ),
    ];
    let whole = sum(|line| line.contracted.map_or(Decimal::ZERO, |sum| sum.amount));
    let source = "fixed prices and caps, net of posted credits";
    bar(title.to_owned(), source, whole, parts, |amount| money(amount, currency))
}

/// The hours bought with retainers.
pub fn retainers(rows: &[BucketRow]) -> Option<Bar> {
    let bought: Vec<&BucketRow> = rows.iter().filter(|row| row.kind == UnitKind::Retainer).collect();
    let whole: Decimal = bought.iter().map(|row| row.quantity).sum();
    let parts = bought.iter().map(|row| (row.bucket.name(), row.bucket.label(), row.quantity)).collect();
    let shown = |hours: Decimal| format!("{} h", format::number(hours));
    let source = "hours invoiced in advance";
    (!bought.is_empty()).then(|| bar("Retainer hours".to_owned(), source, whole, parts, shown))
}

fn money(amount: Decimal, currency: Currency) -> String {
    format!("{} {currency}", format::amount(&Money::new(amount, currency)))
}

fn bar(
    title: String,
    source: &'static str,
    whole: Decimal,
    parts: Vec<(&'static str, &'static str, Decimal)>,
    shown: impl Fn(Decimal) -> String,
) -> Bar {
    let mut from = Decimal::ZERO;
    let mut views = Vec::with_capacity(parts.len());
    for (code, label, amount) in parts.into_iter().filter(|part| !part.2.is_zero()) {
        let share = if whole > Decimal::ZERO { amount / whole * Decimal::ONE_HUNDRED } else { Decimal::ZERO };
        let width = share.round_dp(3).clamp(Decimal::ZERO, Decimal::ONE_HUNDRED - from);
        views.push(Part {
            code,
            label,
            text: shown(amount),
            from: from.to_string(),
            width: width.to_string(),
            percent: format!("{} %", format::number(share.round_dp(1))),
        });
        from += width;
    }
    let told: Vec<String> = views.iter().map(|part| format!("{} {}", part.label, part.percent)).collect();
    Bar {
        words: format!("Of {} {title}: {}", shown(whole), told.join(", ")),
        whole: shown(whole),
        title,
        source,
        parts: views,
    }
}

/// A contract as a row of the list.
pub fn row(statement: &Statement) -> ContractRow {
    let lines: Vec<&LineRow> = statement.lines.iter().collect();
    ContractRow {
        href: format!("/console/conservation/{}", utf8_percent_encode(&statement.contract, NON_ALPHANUMERIC)),
        contract: statement.contract.clone(),
        customer: statement.customer.clone(),
        hours: hours(&statement.buckets, statement.approved_minutes),
        money: contracted("Contracted", &lines, statement.currency),
        wrong: statement.imbalances.len(),
    }
}

/// The bars of the firm in one currency; its contracts' lines are added up.
pub fn firm(firm: &FirmStatement, contracts: &[Statement]) -> Vec<Bar> {
    let mine = contracts.iter().filter(|statement| statement.currency == firm.currency);
    let lines: Vec<&LineRow> = mine.flat_map(|statement| &statement.lines).collect();
    let title = format!("Contracted, {}", firm.currency);
    let mut bars = vec![
        contracted(&title, &lines, firm.currency),
        hours(&firm.buckets, firm.approved_minutes),
        value(&firm.buckets, firm.currency),
    ];
    bars.extend(retainers(&firm.buckets));
    bars
}

/// The bars of one contract.
pub fn contract(statement: &Statement) -> Vec<Bar> {
    let mut bars =
        vec![hours(&statement.buckets, statement.approved_minutes), value(&statement.buckets, statement.currency)];
    bars.extend(retainers(&statement.buckets));
    bars
}

/// The bar of each contracted line.
pub fn lines(statement: &Statement) -> Vec<Bar> {
    let named = statement.lines.iter().filter(|line| line.contracted.is_some());
    named.map(|line| contracted(&format!("{} {}", line.line, line.label), &[line], statement.currency)).collect()
}

/// What does not balance.
pub fn wrong(statement: &Statement) -> Vec<Wrong> {
    let of = |imbalance: &api::read::conservation::Imbalance| Wrong {
        label: imbalance.label.clone(),
        message: imbalance.message.clone(),
        of: imbalance.of.clone(),
        cause: format!("event {} ({})", imbalance.cause.seq, imbalance.cause.kind),
    };
    statement.imbalances.iter().map(of).collect()
}

/// Lines without a contracted sum, in one line each.
pub fn unnamed(statement: &Statement) -> Vec<(String, Amount)> {
    let named = statement.lines.iter().filter(|line| line.contracted.is_none());
    named.map(|line| (format!("{} {}", line.line, line.label), Amount::from(&line.billed))).collect()
}
