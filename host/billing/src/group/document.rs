//! The parts of several contracts as one document, and what each part is on it.

use std::collections::BTreeMap;

use quoin_canonical::{Date, Decimal, Header, Id, Invoice, InvoiceLine, Money, Period, TaxSubtotal, Totals};

use super::{Group, Part, WaitingPart};
use crate::document::{breakdown, checked};
use crate::event::PartShare;
use crate::policy::{Context, Refusal};
use crate::rounding::allocate;

/// Makes one document of all parts that wait, in the order of their contracts, and checks it against
/// EN 16931. Lines are sums of their own, so nets total; tax is rounded once per category and rate
/// over all parts (rule RD4), and each part gets its share of it to the cent.
///
/// # Errors
/// `EN16931` when a rule of the standard does not hold; `PAYMENT_TERMS` when there is no due date.
pub(super) fn build(group: &Group, ctx: &Context) -> Result<Option<(Invoice, Vec<Part>)>, Refusal> {
    let mut parts: Vec<(&Id, &WaitingPart)> = group.waiting.iter().collect();
    parts.sort_by_key(|(id, part)| (&part.contract, part.invoice.issued_on, *id));
    let Some((_, newest)) = parts.iter().max_by_key(|(_, part)| part.invoice.issued_on) else { return Ok(None) };
    let currency = group.terms.currency;
    let lines = lines(&parts);
    let tax = breakdown(&lines, ctx, currency);
    let sum =
        |of: fn(&Totals) -> Money| -> Decimal { parts.iter().map(|(_, part)| of(&part.invoice.totals).amount).sum() };
    let (net, taxed, prepaid) = (sum(|totals| totals.net), total(&tax), sum(|totals| totals.prepaid));
    let id = Id::derived(&["group invoice", &group.terms.key, &group.round().to_string()]);
    let mut invoice = Invoice {
        header: Header { id: Some(id.clone()), ..Header::default() },
        due_on: due_on(newest.invoice.issued_on, &parts)?,
        project: None,
        project_code: None,
        contract_number: group.terms.name.clone(),
        period: period(&lines),
        tax,
        totals: totals(net, taxed, prepaid, currency),
        lines,
        ..newest.invoice.clone()
    };
    invoice.number = None;
    checked(&invoice, ctx)?;
    let shares = shares(&invoice, &id, &parts, ctx);
    Ok(Some((invoice, shares)))
}

/// All lines, numbered through; each says its contract.
fn lines(parts: &[(&Id, &WaitingPart)]) -> Vec<InvoiceLine> {
    let of_part = |part: &WaitingPart| {
        let contract = part.contract.clone();
        let line = move |line: &InvoiceLine| InvoiceLine {
            description: format!("{contract}: {}", line.description),
            contract_number: Some(contract.clone()),
            ..line.clone()
        };
        part.invoice.lines.iter().map(line).collect::<Vec<_>>()
    };
    let all = parts.iter().flat_map(|(_, part)| of_part(part));
    all.enumerate().map(|(at, line)| InvoiceLine { id: (at + 1).to_string(), ..line }).collect()
}

/// The shortest terms of all parts count, from the day of issue.
fn due_on(issued_on: Date, parts: &[(&Id, &WaitingPart)]) -> Result<Date, Refusal> {
    let days = |part: &WaitingPart| part.invoice.issued_on.until(part.invoice.due_on).map_or(0, |span| span.get_days());
    let least = parts.iter().map(|(_, part)| days(part)).min().unwrap_or_default();
    issued_on.checked_add(jiff::Span::new().days(i64::from(least))).map_err(|_| {
        Refusal::new("PAYMENT_TERMS", format!("{least} days after {issued_on} is no date; correct the payment terms"))
            .field("/payment_terms_days")
    })
}

fn period(lines: &[InvoiceLine]) -> Option<Period> {
    let periods = || lines.iter().filter_map(|line| line.service_period);
    Some(Period { from: periods().map(|period| period.from).min()?, to: periods().map(|period| period.to).max()? })
}

fn total(rows: &[TaxSubtotal]) -> Decimal {
    rows.iter().map(|row| row.tax.amount).sum()
}

fn totals(net: Decimal, tax: Decimal, prepaid: Decimal, currency: quoin_canonical::Currency) -> Totals {
    let money = |amount| Money::new(amount, currency);
    Totals {
        net: money(net),
        tax: money(tax),
        gross: money(net + tax),
        prepaid: money(prepaid),
        due: money(net + tax - prepaid),
    }
}

/// What each part is on the document. The exact tax of a part is rounded down or up so that the parts
/// total the document's (rule RD5).
fn shares(whole: &Invoice, id: &Id, parts: &[(&Id, &WaitingPart)], ctx: &Context) -> Vec<Part> {
    let own: Vec<Vec<TaxSubtotal>> =
        parts.iter().map(|(_, part)| breakdown(&part.invoice.lines, ctx, whole.currency)).collect();
    let mut taxes: BTreeMap<(usize, usize), Decimal> = BTreeMap::new();
    for row in &whole.tax {
        let same = |other: &TaxSubtotal| other.category == row.category && other.rate_percent == row.rate_percent;
        let found: Vec<(usize, usize)> =
            own.iter().enumerate().filter_map(|(part, rows)| Some((part, rows.iter().position(same)?))).collect();
        let rate = row.rate_percent.unwrap_or_default() / Decimal::ONE_HUNDRED;
        let exact: Vec<Decimal> = found.iter().map(|(part, at)| own[*part][*at].taxable.amount * rate).collect();
        taxes.extend(found.into_iter().zip(allocate(row.tax.amount, &exact, whole.currency)));
    }
    let share = |(part, rows): (usize, Vec<TaxSubtotal>)| {
        let with_tax = |(at, row): (usize, TaxSubtotal)| {
            let tax = taxes.get(&(part, at)).copied().unwrap_or_default();
            TaxSubtotal { tax: Money::new(tax, whole.currency), ..row }
        };
        let tax: Vec<TaxSubtotal> = rows.into_iter().enumerate().map(with_tax).collect();
        let (invoice, waiting) = parts[part];
        let Totals { net, prepaid, .. } = &waiting.invoice.totals;
        Part {
            contract: waiting.contract.clone(),
            invoice: invoice.clone(),
            share: PartShare {
                document: id.clone(),
                issued_on: whole.issued_on,
                due_on: whole.due_on,
                totals: totals(net.amount, total(&tax), prepaid.amount, whole.currency),
                tax,
            },
        }
    };
    own.into_iter().enumerate().map(share).collect()
}
