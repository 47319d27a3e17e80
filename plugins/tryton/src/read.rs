//! Reading: the payments of invoices, company by company.
//!
//! A payment is a line of the books that is linked to an invoice, and linking it writes the invoice.
//! So a company is read in sweeps: a sweep follows the ids of lines to their end, among those whose
//! invoice was written since a moment; the next one begins five minutes before the newest invoice
//! seen, because a transaction can commit after one that began later.

use std::collections::{BTreeMap, BTreeSet};

use quoin_sdk::jiff::ToSpan;
use quoin_sdk::jiff::civil::DateTime;
use quoin_sdk::{Fault, Page, ReadRequest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Api, Context};
use crate::map::payment::payment;
use crate::names;
use crate::wire::{Id, Moment, PaymentRow};

const PAYMENT: &str = "account.move.line";
const FIELDS: [&str; 7] = [
    "create_date",
    "credit",
    "amount_second_currency",
    "date",
    "invoice_payment",
    "invoice_payment.write_date",
    "invoice_payment.currency.code",
];

/// References that this connection wrote: canonical ids. Payments of other documents concern no deal.
const OURS: &str = "________-____-____-____-____________";

/// Seconds read again before the newest invoice; `connector.toml` names the same.
const OVERLAP_SECONDS: i64 = 300;

/// Where a page ended: a sweep per company, by the name of the company.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position(BTreeMap<String, Sweep>);

/// Where one company's sweep stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sweep {
    /// Lines of invoices written from here on.
    since: Option<DateTime>,
    /// The last line of the sweep so far.
    after: Option<Id>,
    /// When the newest invoice so far was written.
    newest: Option<DateTime>,
}

impl Sweep {
    fn conditions(&self) -> Vec<Value> {
        let since = self.since.map(|since| json!(["invoice_payments.write_date", ">=", Moment::of(since)]));
        since.into_iter().chain(self.after.map(|after| json!(["id", ">", after]))).collect()
    }

    /// After these rows; `more` when the sweep goes on.
    fn past(mut self, rows: &[PaymentRow], more: bool) -> Self {
        let newest = rows.iter().filter_map(|row| row.paid.write_date.as_ref()?.value()).max();
        self.newest = self.newest.max(newest);
        if more {
            self.after = rows.last().map(|row| row.id).or(self.after);
            return self;
        }
        let begin = self.newest.and_then(|newest| newest.checked_sub(OVERLAP_SECONDS.seconds()).ok());
        Self { since: self.since.max(begin), after: None, newest: self.newest }
    }
}

/// Payments of invoices to customers, one change for each line of the books.
pub fn payments(api: &Api<'_>, request: &ReadRequest) -> Result<Page, Fault> {
    if !request.ids.is_empty() {
        return by_id(api, request);
    }
    let mut position: Position = request.position()?.unwrap_or_default();
    let mut changes = Vec::new();
    let mut more = false;
    for name in companies(api) {
        let left = request.limit.saturating_sub(u32::try_from(changes.len()).unwrap_or(u32::MAX));
        if left == 0 {
            more = true;
            break;
        }
        let sweep = position.0.remove(name).unwrap_or_default();
        let rows = rows(api, name, sweep.conditions(), left)?;
        let unfinished = rows.len() >= usize::try_from(left).unwrap_or(usize::MAX);
        more |= unfinished;
        for row in &rows {
            changes.push(payment(row)?);
        }
        position.0.insert(name.clone(), sweep.past(&rows, unfinished));
    }
    Page { more, ..Page::of(changes) }.ending_at(&position)
}

fn by_id(api: &Api<'_>, request: &ReadRequest) -> Result<Page, Fault> {
    let ids: Vec<Id> = request.ids.iter().filter_map(|id| id.parse().ok()).collect();
    let mut changes = Vec::new();
    for name in companies(api) {
        for row in rows(api, name, vec![json!(["id", "in", ids])], request.limit)? {
            changes.push(payment(&row)?);
        }
    }
    Ok(Page::of(changes))
}

/// Names of the companies, each once: several selling entities may share one.
fn companies<'a>(api: &'a Api<'_>) -> BTreeSet<&'a String> {
    api.config.companies.values().collect()
}

fn rows(api: &Api<'_>, company: &str, conditions: Vec<Value>, limit: u32) -> Result<Vec<PaymentRow>, Fault> {
    let company = names::company(api, company)?;
    let mut domain = vec![
        json!(["invoice_payments.company", "=", company]),
        json!(["invoice_payments.type", "=", "out"]),
        json!(["invoice_payments.reference", "like", OURS]),
        json!(["credit", ">", {"__class__": "Decimal", "decimal": "0"}]),
    ];
    domain.extend(conditions);
    api.search(PAYMENT, Value::Array(domain), &FIELDS, limit, Context::of(company))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: Id, at: &str) -> PaymentRow {
        let written = Moment::of(at.parse().unwrap());
        serde_json::from_value(json!({
            "id": id, "create_date": written, "credit": {"__class__": "Decimal", "decimal": "1"},
            "date": {"__class__": "date", "year": 2026, "month": 4, "day": 20},
            "invoice_payment": 9, "invoice_payment.": {"write_date": written, "currency.": {"code": "EUR"}},
        }))
        .unwrap()
    }

    #[test]
    fn a_sweep_begins_before_the_newest_invoice_but_never_goes_back() {
        let at = |time: &str| -> DateTime { time.parse().unwrap() };
        let first = Sweep::default().past(&[row(3, "2026-04-20T10:00:00"), row(7, "2026-04-20T09:00:00")], true);
        assert_eq!((first.since, first.after), (None, Some(7)));
        let ended = first.past(&[row(8, "2026-04-20T09:30:00")], false);
        assert_eq!(
            (ended.since, ended.after),
            (Some(at("2026-04-20T09:55:00")), None),
            "the newest of all pages counts"
        );
        let idle = ended.clone().past(&[], false);
        assert_eq!(idle, ended);
        assert_eq!(
            idle.conditions(),
            [
                json!(["invoice_payments.write_date", ">=", {"__class__": "datetime", "year": 2026, "month": 4, "day": 20, "hour": 9,
                "minute": 55, "second": 0, "microsecond": 0}])
            ]
        );
    }
}
