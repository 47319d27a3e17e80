//! Why an amount is on an invoice, as the pages tell it.

use api::format;
use api::read::explanation::{ExplainedLine, Figure, InvoiceExplanation, Part, Reason, served, trail};
use quoin_canonical::{Currency, Money};

use super::{Amount, document};

/// One line, explained.
pub struct LineView {
    /// Line id.
    pub id: String,
    /// What it is for.
    pub description: String,
    /// Contract line.
    pub contract_line: String,
    /// Quantity with its unit.
    pub quantity: String,
    /// Price per unit.
    pub price: String,
    /// Net, rounded.
    pub net: Amount,
    /// Sum of its parts before it was rounded.
    pub exact: String,
    /// Tax, in words.
    pub tax: String,
    /// What it sums.
    pub parts: Vec<PartView>,
    /// How many billing events the account does not hold.
    pub missing: usize,
}

/// One amount on a line.
pub struct PartView {
    /// What is charged.
    pub what: String,
    /// When the service was given.
    pub served: String,
    /// Hours charged, or empty.
    pub hours: String,
    /// Price.
    pub price: String,
    /// Exact amount.
    pub exact: String,
    /// Share of the rounded line.
    pub net: String,
    /// Everything that led to it.
    pub trail: Vec<Reason>,
    /// The billing event.
    pub event: String,
}

/// A figure of the document and the sum behind it.
pub struct FigureView {
    /// Which.
    pub name: String,
    /// How much.
    pub amount: Amount,
    /// The rule and the sum.
    pub because: String,
}

/// The lines of an explained invoice.
pub fn lines(explained: &InvoiceExplanation) -> Vec<LineView> {
    explained.explanation.lines.iter().map(line).collect()
}

/// Its totals.
pub fn figures(explained: &InvoiceExplanation) -> Vec<FigureView> {
    explained.explanation.totals.iter().map(figure).collect()
}

/// One figure.
pub fn figure(figure: &Figure) -> FigureView {
    FigureView {
        name: super::words(&figure.name),
        amount: Amount::from(&figure.amount),
        because: figure.because.clone(),
    }
}

/// One line, explained.
pub fn line(line: &ExplainedLine) -> LineView {
    let currency = line.net.currency;
    let rate = line.tax.rate_percent.map_or(String::new(), |rate| format!(" {} %", format::number(rate)));
    LineView {
        id: line.id.clone(),
        description: line.description.clone(),
        contract_line: line.contract_line.clone(),
        quantity: document::quantity(&line.quantity),
        price: money(line.unit_price, currency),
        net: Amount::from(&line.net),
        exact: format::price(line.exact),
        tax: format!("{:?}{rate}", line.tax.category),
        parts: line.parts.iter().map(part).collect(),
        missing: line.missing.len(),
    }
}

fn money(amount: quoin_canonical::Decimal, currency: Currency) -> String {
    format::amount(&Money::new(amount, currency))
}

fn part(part: &Part) -> PartView {
    let sixty = quoin_canonical::Decimal::from(60);
    let hours = part.minutes.as_ref().map(|minutes| (minutes.here / sixty).round_dp(4));
    PartView {
        what: part.what.clone(),
        served: served(part.service),
        hours: hours.map_or(String::new(), format::number),
        price: format::price(part.unit_price),
        exact: format::price(part.amount),
        net: format::price(part.net),
        trail: trail(part),
        event: part.event.to_string(),
    }
}
