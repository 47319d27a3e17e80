//! Invoices as documents.

use billing::Account;
use ports::Ledger;
use quoin_canonical::{Date, Invoice, InvoiceStatus, InvoiceType, Money};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::entry::Entry;
use super::{pick, schema};
use crate::Problem;

/// An invoice or credit note in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceRow {
    /// Number.
    #[schema(examples("INV-1001"))]
    pub number: String,
    /// Type: 380 invoice, 381 credit note, 386 prepayment (UNTDID 1001).
    #[schema(value_type = String, examples("380"))]
    pub kind: InvoiceType,
    /// Issue date.
    pub issued_on: Date,
    /// Due date.
    pub due_on: Date,
    /// Net.
    #[schema(value_type = schema::MoneySchema)]
    pub net: Money,
    /// Tax.
    #[schema(value_type = schema::MoneySchema)]
    pub tax: Money,
    /// Gross.
    #[schema(value_type = schema::MoneySchema)]
    pub gross: Money,
    /// Still to pay.
    #[schema(value_type = schema::MoneySchema)]
    pub open: Money,
    /// Where it stands.
    #[schema(value_type = String, examples("posted"))]
    pub status: InvoiceStatus,
}

/// An invoice in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InvoiceDetail {
    /// Number.
    pub number: String,
    /// Business key of its deal, or of the group of contracts that it bills.
    pub key: String,
    /// The contracts that it bills, where it bills several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<String>,
    /// Taken off by credit notes.
    #[schema(value_type = schema::MoneySchema)]
    pub credited: Money,
    /// Still to pay.
    #[schema(value_type = schema::MoneySchema)]
    pub open: Money,
    /// Where it stands now; the document itself never changes.
    #[schema(value_type = String, examples("partially_paid"))]
    pub status: InvoiceStatus,
    /// The canonical invoice: lines, tax breakdown, totals.
    #[schema(value_type = Object)]
    pub invoice: Invoice,
}

/// An invoice by its number.
///
/// # Errors
/// 404 when there is none; 500 when what is stored is no invoice.
pub async fn one(ledger: &dyn Ledger, number: &str) -> Result<InvoiceDetail, Problem> {
    let (row, _) = ledger.document("invoice", number).await.ok_or_else(|| {
        Problem::not_found("invoice", number, "invoices go by the number the ERP gave them; a deal lists its own")
    })?;
    let invoice: Invoice =
        serde_json::from_value(row["invoice"].clone()).map_err(|error| unreadable(number, &error))?;
    let key = row["key"].as_str().unwrap_or(&invoice.contract_number).to_owned();
    let (open, status) = (open(&row, &invoice), status(&row, &invoice));
    let mut contracts: Vec<String> = invoice.lines.iter().filter_map(|line| line.contract_number.clone()).collect();
    contracts.dedup();
    let credited = Money::new(pick::decimal(&row, &["/credited"]).unwrap_or_default(), invoice.currency);
    Ok(InvoiceDetail { number: number.to_owned(), key, contracts, credited, open, status, invoice })
}

fn unreadable(number: &str, error: &serde_json::Error) -> Problem {
    Problem::new(
        axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        "invoice-unreadable",
        format!("what is stored as invoice '{number}' cannot be read: {error}"),
        "this is a fault of the host: report it with the number",
    )
}

fn open(row: &Value, invoice: &Invoice) -> Money {
    let amount = pick::decimal(row, &["/open"]);
    pick::money(row, &["/open"])
        .unwrap_or_else(|| Money::new(amount.unwrap_or(invoice.totals.due.amount), invoice.currency))
}

fn status(row: &Value, invoice: &Invoice) -> InvoiceStatus {
    row.get("status").and_then(|status| serde_json::from_value(status.clone()).ok()).unwrap_or(invoice.status)
}

/// The invoices that a deal's events name, oldest first. Of one that bills several contracts, the deal
/// has its part.
pub async fn of_deal(ledger: &dyn Ledger, entries: &[Entry], account: Option<&Account>) -> Vec<InvoiceRow> {
    let mut numbers: Vec<String> = Vec::new();
    for entry in entries.iter().filter(|entry| entry.kind == "invoice.posted" || entry.kind == "billing.invoice_posted")
    {
        let number = pick::text(&entry.body, &["/invoice/number", "/number", "/invoice_number"]);
        if let Some(number) = number.filter(|number| !numbers.contains(number)) {
            numbers.push(number);
        }
    }
    let mut rows = Vec::with_capacity(numbers.len());
    for number in numbers {
        let part = account.and_then(|account| account.invoice_by_number(&number)).filter(|state| state.whole.is_some());
        if let Some(part) = part {
            rows.push(row(&number, &part.invoice, part.open(), part.status()));
        } else if let Some((row, _)) = ledger.document("invoice", &number).await
            && let Some(invoice) = row_of(&number, &row)
        {
            rows.push(invoice);
        }
    }
    rows
}

fn row_of(number: &str, row: &Value) -> Option<InvoiceRow> {
    let invoice: Invoice = serde_json::from_value(row.get("invoice")?.clone()).ok()?;
    let (open, status) = (open(row, &invoice), status(row, &invoice));
    Some(self::row(number, &invoice, open, status))
}

fn row(number: &str, invoice: &Invoice, open: Money, status: InvoiceStatus) -> InvoiceRow {
    InvoiceRow {
        number: number.to_owned(),
        kind: invoice.kind,
        issued_on: invoice.issued_on,
        due_on: invoice.due_on,
        net: invoice.totals.net,
        tax: invoice.totals.tax,
        gross: invoice.totals.gross,
        open,
        status,
    }
}
