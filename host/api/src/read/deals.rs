//! Deals: in a list, and one in full with its money.

use billing::Account;
use ports::Ledger;
use quoin_canonical::{Currency, Decimal, InvoiceType, Money, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::account::{self, Hours};
use super::entry::Entry;
use super::exceptions::{self, ExceptionView};
use super::invoices::{self, InvoiceRow};
use super::links::{self, RecordLink};
use super::stages::{self, Stage};
use super::{pick, schema, timeline};
use crate::Problem;
use crate::page::Page;

/// A deal in one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deal {
    /// Business key: the quote number.
    #[schema(examples("Q-2026-0042"))]
    pub key: String,
    /// Title.
    pub name: String,
    /// Customer.
    pub customer: String,
    /// Net value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::MoneySchema>)]
    pub value: Option<Money>,
    /// How far it is.
    #[schema(examples("active"))]
    pub stage: String,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_since: Option<Timestamp>,
    /// Project code, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_code: Option<String>,
    /// When the quote was accepted here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// The last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_at: Option<Timestamp>,
    /// Exceptions that are open.
    pub open_exceptions: u64,
}

impl Deal {
    /// Reads the ledger's row of a deal; what is missing stays empty, so that no deal is hidden.
    pub fn from_row(key: &str, row: &Value) -> Self {
        let text = |name: &str| pick::text(row, &[&format!("/{name}")]);
        let instant = |name: &str| text(name).and_then(|text| text.parse().ok());
        Self {
            key: key.to_owned(),
            name: text("name").unwrap_or_default(),
            customer: text("customer").unwrap_or_default(),
            value: row_value(row),
            stage: text("stage").unwrap_or_else(|| "unknown".into()),
            stage_since: instant("stage_since"),
            project_code: text("project_code"),
            opened_at: instant("opened_at"),
            last_event_at: instant("last_event_at"),
            open_exceptions: row["open_exceptions"].as_u64().unwrap_or(0),
        }
    }
}

fn row_value(row: &Value) -> Option<Money> {
    let apart = || {
        let currency = Currency::from_code(row["currency"].as_str()?)?;
        Some(Money::new(pick::decimal(row, &["/value"])?, currency))
    };
    pick::money(row, &["/value"]).or_else(apart)
}

/// A deal in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DealDetail {
    /// The line of the list.
    pub deal: Deal,
    /// Its money; every figure names its source.
    pub figures: Vec<Figure>,
    /// How far it is, stage by stage.
    pub stages: Vec<Stage>,
    /// Its invoices and credit notes, oldest first.
    pub invoices: Vec<InvoiceRow>,
    /// Revenue indicators per contract line, the latest of each.
    #[schema(value_type = Vec<Object>)]
    pub revenue: Vec<quoin_canonical::RevenueIndicator>,
    /// Approved hours by bucket, once there is a billing account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// What waits for a person.
    pub exceptions: Vec<ExceptionView>,
    /// Which records of the connected systems stand behind it.
    #[serde(default)]
    pub links: Vec<RecordLink>,
}

/// One amount about a deal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Figure {
    /// Stable name.
    #[schema(examples("billed"))]
    pub code: String,
    /// What it is called.
    pub label: String,
    /// The amount.
    #[schema(value_type = schema::MoneySchema)]
    pub value: Money,
    /// Where it comes from.
    pub source: String,
}

/// A page of deals by key, after a key.
pub async fn list(ledger: &dyn Ledger, after: &str, limit: usize) -> Page<Deal> {
    let rows = ledger.documents("deal", "", after, limit).await;
    let deals = rows.iter().map(|(key, row)| Deal::from_row(key, row)).collect();
    Page::cut(deals, limit, |deal: &Deal| deal.key.clone())
}

/// A deal in full, by its key.
///
/// # Errors
/// 404 when there is none.
pub async fn one(ledger: &dyn Ledger, key: &str) -> Result<DealDetail, Problem> {
    let entries = timeline::whole(ledger, key).await.items;
    from_entries(ledger, key, &entries).await
}

/// The same, when the whole timeline is at hand.
///
/// # Errors
/// 404 when there is no such deal.
pub async fn from_entries(ledger: &dyn Ledger, key: &str, entries: &[Entry]) -> Result<DealDetail, Problem> {
    let (row, _) = ledger.document("deal", key).await.ok_or_else(|| {
        Problem::not_found("deal", key, "deals go by their quote number; GET /api/v1/deals lists them")
    })?;
    let deal = Deal::from_row(key, &row);
    let account = account::load(ledger, key).await;
    let invoices = invoices::of_deal(ledger, entries, account.as_ref()).await;
    Ok(DealDetail {
        figures: figures(&deal, &invoices, account.as_ref()),
        stages: stages::of(entries, &invoices),
        revenue: account.as_ref().map(account::revenue).unwrap_or_default(),
        hours: account.as_ref().map(account::hours),
        exceptions: exceptions::list(ledger, false, Some(key)).await,
        links: links::of(ledger, entries).await,
        invoices,
        deal,
    })
}

/// What was sold, billed and paid, what is open, held and not yet billed.
fn figures(deal: &Deal, invoices: &[InvoiceRow], account: Option<&Account>) -> Vec<Figure> {
    let Some(sold) = deal.value else { return Vec::new() };
    let currency = sold.currency;
    let sum = |of: fn(&InvoiceRow) -> Decimal| {
        let amounts = invoices.iter().filter(|row| row.gross.currency == currency).map(of);
        Money::new(amounts.sum(), currency)
    };
    let figure = |code: &str, label: &str, value: Money, source: &str| Figure {
        code: code.into(),
        label: label.into(),
        value,
        source: source.into(),
    };
    let mut figures = vec![
        figure("sold", "Sold", sold, "net value of the accepted quote"),
        figure("billed", "Billed", sum(|row| row.signed(row.net)), "posted invoices less credit notes, net of tax"),
        figure(
            "billed_gross",
            "Billed with tax",
            sum(|row| row.signed(row.gross)),
            "posted invoices less credit notes, gross",
        ),
        figure("paid", "Paid", sum(InvoiceRow::settled), "payments on posted invoices, gross"),
        figure("open", "Open", sum(|row| row.signed(row.open)), "still to pay on posted invoices, gross"),
    ];
    if let Some(account) = account {
        for (code, label, value, source) in account::figures(account) {
            figures.push(figure(code, label, value, source));
        }
    }
    figures
}

impl InvoiceRow {
    /// An amount of the document with the sign of its type: a credit note takes away.
    fn signed(&self, money: Money) -> Decimal {
        if self.kind == InvoiceType::CreditNote { -money.amount } else { money.amount }
    }

    /// What it adds to the money received: what is no longer open, less what a credit note took off
    /// without anybody paying.
    fn settled(&self) -> Decimal {
        self.signed(self.gross) - self.signed(self.open)
    }
}
