//! Rows of queries: payments and the books.

use quoin_sdk::{
    Change, Currency, Date, Decimal, Fault, FaultKind, Header, Link, Money, Payment, PaymentStatus, ProjectFinancials,
    exact,
};
use serde::Deserialize;

/// A payment applied to one invoice. Query columns, all text.
#[derive(Debug, Clone, Deserialize)]
pub struct PaymentRow {
    /// Internal id of the payment.
    pub payment: String,
    /// Internal id of the invoice.
    pub invoice: String,
    /// What was applied, in the transaction's currency.
    pub amount: String,
    /// ISO 4217 code.
    pub currency: String,
    /// `YYYY-MM-DD`.
    pub valuedate: String,
    /// One letter; every payment has one.
    pub status: String,
    /// `T` or `F`.
    #[serde(default)]
    pub voided: Option<String>,
    /// `YYYY-MM-DD HH24:MI:SS` in the user's zone.
    pub stamp: String,
}

/// An invoice that was made by hand. Query columns, all text.
#[derive(Debug, Clone, Deserialize)]
pub struct InvoiceRow {
    /// Internal id of the invoice.
    pub invoice: String,
    /// Internal id of the job.
    pub job: String,
    /// `YYYY-MM-DD HH24:MI:SS` in the user's zone.
    pub stamp: String,
}

/// Cost and revenue of a contract line. Query columns, all text.
#[derive(Debug, Clone, Deserialize)]
pub struct FinancialsRow {
    /// Internal id of the job.
    pub job: String,
    /// Contract line.
    pub line: String,
    /// Cost, in the subsidiary's currency.
    pub cost: String,
    /// Revenue, likewise.
    pub revenue: String,
    /// ISO 4217 code of the subsidiary's currency.
    pub currency: String,
    /// Last posting date, `YYYY-MM-DD`.
    pub asof: String,
    /// Last modification, `YYYY-MM-DD HH24:MI:SS` in the user's zone.
    pub stamp: String,
}

/// The id of one application: payment and invoice, because one payment may settle several invoices.
pub fn application_id(row: &PaymentRow) -> String {
    format!("{}:{}", row.payment, row.invoice)
}

/// A payment.
pub fn payment(row: &PaymentRow) -> Result<Change, Fault> {
    let payment = Payment {
        details: None,
        header: Header::default(),
        invoice: Link::External(row.invoice.clone()),
        amount: money(&row.amount, &row.currency, "/amount")?,
        value_date: date(&row.valuedate, "/value_date")?,
        fx: None,
        status: status(row),
    };
    Change::upsert(application_id(row), Some(row.stamp.clone()), &payment)
}

/// Not deposited (B) and deposited (C) are money received. What is not known is pending.
fn status(row: &PaymentRow) -> PaymentStatus {
    if row.voided.as_deref() == Some("T") {
        return PaymentStatus::Reversed;
    }
    match row.status.as_str() {
        "B" | "C" => PaymentStatus::Settled,
        "V" => PaymentStatus::Reversed,
        "R" => PaymentStatus::Failed,
        _ => PaymentStatus::Pending,
    }
}

/// The books of a contract line.
pub fn financials(row: &FinancialsRow) -> Result<Change, Fault> {
    let financials = ProjectFinancials {
        header: Header::default(),
        project: Link::External(row.job.clone()),
        contract_line: row.line.clone(),
        as_of: date(&row.asof, "/as_of")?,
        cost_to_date: money(&row.cost, &row.currency, "/cost_to_date")?,
        revenue_to_date: Some(money(&row.revenue, &row.currency, "/revenue_to_date")?),
    };
    Change::upsert(format!("{}:{}", row.job, row.line), Some(row.stamp.clone()), &financials)
}

fn money(amount: &str, currency: &str, path: &str) -> Result<Money, Fault> {
    let amount: Decimal = exact::parse(amount).ok_or_else(|| unreadable("an amount", amount, path))?;
    let currency = Currency::from_code(currency).ok_or_else(|| unreadable("an ISO 4217 currency", currency, path))?;
    Ok(Money::new(amount, currency))
}

fn date(text: &str, path: &str) -> Result<Date, Fault> {
    text.parse().map_err(|_| unreadable("a date", text, path))
}

fn unreadable(what: &str, text: &str, path: &str) -> Fault {
    Fault::new(FaultKind::Other, "UNREADABLE_VALUE", format!("NetSuite sent '{text}' where {what} belongs")).at(path)
}
