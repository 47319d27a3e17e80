//! Reading by SuiteQL: payments applied to invoices, the books of contract lines, invoices made by hand.
//!
//! A stream is read in sweeps. A sweep follows modification stamp and keys to its end; the next one
//! begins five minutes before the last stamp seen, because a change can be committed after a later
//! one was read. Stamps are kept as text in the time zone of the integration's user, and only ever
//! compared with stamps of the same user.

use std::fmt::Write;

use quoin_sdk::jiff::ToSpan;
use quoin_sdk::jiff::civil::DateTime;
use quoin_sdk::{Change, Fault, FaultKind, Page, ReadRequest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{Api, MAX_ROWS, quoted};
use crate::config::Custom;
use crate::map::held;
use crate::map::rows::{
    FinancialsRow, InvoiceRow, PaymentRow, application_id, financials as financials_change, payment,
};
use crate::wire::Document;

/// Seconds read again before the last stamp; `connector.toml` names the same.
const OVERLAP_SECONDS: i64 = 300;

/// Documents read at once: each is a request of its own.
const DOCUMENTS_PER_PAGE: u32 = 20;

/// The format of stamps, in the query and in the cursor.
const STAMP: &str = "YYYY-MM-DD HH24:MI:SS";

/// Where a page ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Where this sweep begins.
    since: Option<String>,
    /// The last row of the sweep so far: stamp, then keys.
    after: Option<(String, String, String)>,
}

/// A row with its place in the order.
trait Row: DeserializeOwned {
    fn place(&self) -> (String, String, String);
    fn change(&self, api: &Api<'_>) -> Result<Change, Fault>;
}

impl Row for PaymentRow {
    fn place(&self) -> (String, String, String) {
        (self.stamp.clone(), self.payment.clone(), self.invoice.clone())
    }
    fn change(&self, _: &Api<'_>) -> Result<Change, Fault> {
        payment(self)
    }
}

impl Row for FinancialsRow {
    fn place(&self) -> (String, String, String) {
        (self.stamp.clone(), self.job.clone(), self.line.clone())
    }
    fn change(&self, _: &Api<'_>) -> Result<Change, Fault> {
        financials_change(self)
    }
}

impl Row for InvoiceRow {
    fn place(&self) -> (String, String, String) {
        (self.stamp.clone(), self.invoice.clone(), self.job.clone())
    }
    fn change(&self, api: &Api<'_>) -> Result<Change, Fault> {
        let found = api.find::<Document>("invoice", &self.invoice)?;
        found.map_or_else(|| Ok(Change::delete(&self.invoice, None)), |found| held::invoice(&api.config, &found))
    }
}

/// Columns that a sweep goes by: stamp, first key (a number), second key.
struct Order {
    stamp: &'static str,
    first: &'static str,
    second: String,
    second_is_text: bool,
}

impl Order {
    /// What is still to come in this sweep; empty when everything is.
    fn condition(&self, position: &Position) -> Result<String, Fault> {
        let moment = |text: &str| -> Result<String, Fault> {
            parse(text)?;
            Ok(format!("TO_TIMESTAMP({}, '{STAMP}')", quoted(text)))
        };
        if let Some((stamp, first, second)) = &position.after {
            let at = moment(stamp)?;
            let (first_value, second_value) =
                (key(first)?, if self.second_is_text { quoted(second) } else { key(second)? });
            let Order { stamp, first, second, .. } = self;
            return Ok(format!(
                "({stamp} > {at} OR ({stamp} = {at} AND ({first} > {first_value} \
                 OR ({first} = {first_value} AND {second} > {second_value}))))"
            ));
        }
        match &position.since {
            Some(since) => Ok(format!("{} >= {}", self.stamp, moment(since)?)),
            None => Ok(String::new()),
        }
    }

    fn order_by(&self) -> String {
        format!("ORDER BY {}, {}, {}", self.stamp, self.first, self.second)
    }
}

/// An internal id as a literal.
fn key(text: &str) -> Result<String, Fault> {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(bad_cursor(text))
    }
}

fn parse(stamp: &str) -> Result<DateTime, Fault> {
    stamp.parse().ok().filter(|at| written(*at) == stamp).ok_or_else(|| bad_cursor(stamp))
}

/// A moment as the sweep's query writes it.
fn written(at: DateTime) -> String {
    format!("{} {:.0}", at.date(), at.time())
}

fn bad_cursor(text: &str) -> Fault {
    Fault::new(
        FaultKind::Config,
        "CURSOR",
        format!("'{text}' is no part of a cursor of this connector; reset the stream"),
    )
}

/// Payments, one change per payment and invoice.
pub fn payments(api: &Api<'_>, request: &ReadRequest) -> Result<Page, Fault> {
    let order =
        Order { stamp: "p.lastmodifieddate", first: "p.id", second: "l.previousdoc".into(), second_is_text: false };
    let select = format!(
        "SELECT p.id AS payment, l.previousdoc AS invoice, l.foreignamount AS amount, c.symbol AS currency, \
         TO_CHAR(p.trandate, 'YYYY-MM-DD') AS valuedate, p.status AS status, p.voided AS voided, \
         TO_CHAR(p.lastmodifieddate, '{STAMP}') AS stamp \
         FROM transaction p JOIN nexttransactionlinelink l ON l.nextdoc = p.id JOIN currency c ON c.id = p.currency \
         WHERE p.type = 'CustPymt' AND l.linktype = 'Payment' AND l.previoustype = 'CustInvc'"
    );
    if request.ids.is_empty() {
        let page = Sweep { api, order: &order, request };
        return page.read::<PaymentRow>(|condition, order_by| format!("{select}{} {order_by}", and(&condition)));
    }
    let mut ids = String::new();
    for id in &request.ids {
        let payment = key(id.split(':').next().unwrap_or_default())?;
        write!(ids, "{}{payment}", if ids.is_empty() { "" } else { ", " }).map_err(|_| bad_cursor(id))?;
    }
    let rows = api.ask::<PaymentRow>(&format!("{select} AND p.id IN ({ids}) {}", order.order_by()), MAX_ROWS)?.items;
    let wanted = |row: &&PaymentRow| request.ids.iter().any(|id| *id == row.payment || *id == application_id(row));
    rows.iter().filter(wanted).map(payment).collect::<Result<Vec<_>, _>>().map(Page::of)
}

/// Invoices of our projects that were not written by us: somebody made them by hand, and may bill what
/// we are about to bill. By id, any document.
pub fn invoices(api: &Api<'_>, request: &ReadRequest) -> Result<Page, Fault> {
    if !request.ids.is_empty() {
        let changes: Result<Vec<Change>, Fault> = request.ids.iter().map(|id| document(api, id)).collect();
        return changes.map(Page::of);
    }
    let order =
        Order { stamp: "MAX(t.lastmodifieddate)", first: "t.id", second: "l.entity".into(), second_is_text: false };
    let from = format!(
        "SELECT t.id AS invoice, l.entity AS job, TO_CHAR(MAX(t.lastmodifieddate), '{STAMP}') AS stamp \
         FROM transaction t JOIN transactionline l ON l.transaction = t.id JOIN job j ON j.id = l.entity \
         WHERE t.type = 'CustInvc' AND t.externalid IS NULL AND j.{} IS NOT NULL GROUP BY t.id, l.entity",
        api.field(Custom::JobContract),
    );
    let request = &ReadRequest { limit: request.limit.min(DOCUMENTS_PER_PAGE), ..request.clone() };
    Sweep { api, order: &order, request }.read::<InvoiceRow>(|condition, order_by| {
        let having = if condition.is_empty() { String::new() } else { format!(" HAVING {condition}") };
        format!("{from}{having} {order_by}")
    })
}

/// A document as NetSuite holds it; deleted when it is gone.
fn document(api: &Api<'_>, id: &str) -> Result<Change, Fault> {
    let id = key(id)?;
    for record in ["invoice", "creditMemo"] {
        if let Some(found) = api.find::<Document>(record, &id)? {
            return held::document(&api.config, &found, record == "creditMemo");
        }
    }
    Ok(Change::delete(id, None))
}

/// The books, one change per project and contract line.
pub fn financials(api: &Api<'_>, request: &ReadRequest) -> Result<Page, Fault> {
    let line = format!("l.{}", api.field(Custom::ContractLine));
    let order =
        Order { stamp: "MAX(t.lastmodifieddate)", first: "l.entity", second: line.clone(), second_is_text: true };
    let from = format!(
        "SELECT l.entity AS job, {line} AS line, c.symbol AS currency, \
         SUM(CASE WHEN a.accttype IN ('COGS', 'Expense', 'OthExpense') THEN p.amount ELSE 0 END) AS cost, \
         SUM(CASE WHEN a.accttype IN ('Income', 'OthIncome') THEN -p.amount ELSE 0 END) AS revenue, \
         TO_CHAR(MAX(t.trandate), 'YYYY-MM-DD') AS asof, TO_CHAR(MAX(t.lastmodifieddate), '{STAMP}') AS stamp \
         FROM transactionaccountingline p \
         JOIN transaction t ON t.id = p.transaction \
         JOIN transactionline l ON l.transaction = p.transaction AND l.id = p.transactionline \
         JOIN job j ON j.id = l.entity \
         JOIN account a ON a.id = p.account \
         JOIN subsidiary s ON s.id = l.subsidiary \
         JOIN currency c ON c.id = s.currency \
         WHERE p.posting = 'T' AND {line} IS NOT NULL \
         AND a.accttype IN ('COGS', 'Expense', 'OthExpense', 'Income', 'OthIncome')"
    );
    let group = format!("GROUP BY l.entity, {line}, c.symbol");
    if request.ids.is_empty() {
        let page = Sweep { api, order: &order, request };
        return page.read::<FinancialsRow>(|condition, order_by| {
            let having = if condition.is_empty() { String::new() } else { format!(" HAVING {condition}") };
            format!("{from} {group}{having} {order_by}")
        });
    }
    let mut wanted = String::new();
    for id in &request.ids {
        let (job, contract_line) = id.split_once(':').ok_or_else(|| bad_cursor(id))?;
        let or = if wanted.is_empty() { "" } else { " OR " };
        write!(wanted, "{or}(l.entity = {} AND {line} = {})", key(job)?, quoted(contract_line))
            .map_err(|_| bad_cursor(id))?;
    }
    let rows =
        api.ask::<FinancialsRow>(&format!("{from} AND ({wanted}) {group} {}", order.order_by()), MAX_ROWS)?.items;
    rows.iter().map(financials_change).collect::<Result<Vec<_>, _>>().map(Page::of)
}

fn and(condition: &str) -> String {
    if condition.is_empty() { String::new() } else { format!(" AND {condition}") }
}

/// One page of a sweep.
struct Sweep<'s> {
    api: &'s Api<'s>,
    order: &'s Order,
    request: &'s ReadRequest,
}

impl Sweep<'_> {
    fn read<R: Row>(&self, query: impl Fn(String, String) -> String) -> Result<Page, Fault> {
        let position: Position = self.request.position()?.unwrap_or_default();
        let text = query(self.order.condition(&position)?, self.order.order_by());
        let page = self.api.ask::<R>(&text, self.request.limit)?;
        let changes = page.items.iter().map(|row| row.change(self.api)).collect::<Result<Vec<_>, _>>()?;
        let last = page.items.last().map(Row::place).or(position.after);
        let next = if page.has_more {
            Position { since: position.since, after: last }
        } else {
            Position { since: later(position.since, last)?, after: None }
        };
        Page { more: page.has_more, ..Page::of(changes) }.ending_at(&next)
    }
}

/// Where the next sweep begins: before the last stamp of this one, and never before this one began.
fn later(since: Option<String>, last: Option<(String, String, String)>) -> Result<Option<String>, Fault> {
    let Some((stamp, _, _)) = last else { return Ok(since) };
    let begin = parse(&stamp)?.checked_sub(OVERLAP_SECONDS.seconds()).map_err(|_| bad_cursor(&stamp))?;
    let begin = written(begin);
    Ok(Some(match since {
        Some(since) if since > begin => since,
        _ => begin,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_sweep_begins_before_the_last_stamp_but_never_goes_back() {
        let at = |stamp: &str| Some((stamp.to_owned(), "1".to_owned(), "2".to_owned()));
        let since = |text: &str| Some(text.to_owned());
        let cases = [
            (None, None, None),
            (None, at("2026-04-20 10:00:00"), since("2026-04-20 09:55:00")),
            (since("2026-04-20 09:55:00"), None, since("2026-04-20 09:55:00")),
            (since("2026-04-20 09:55:00"), at("2026-04-20 09:56:00"), since("2026-04-20 09:55:00")),
            (since("2026-04-20 09:55:00"), at("2026-05-01 00:02:00"), since("2026-04-30 23:57:00")),
        ];
        for (begun, last, expected) in cases {
            assert_eq!(later(begun.clone(), last.clone()), Ok(expected), "{begun:?} {last:?}");
        }
    }

    #[test]
    fn nothing_of_a_cursor_reaches_a_query_unchecked() {
        let order = Order { stamp: "s", first: "a", second: "b".into(), second_is_text: true };
        let position = |stamp: &str, first: &str, second: &str| Position {
            since: None,
            after: Some((stamp.into(), first.into(), second.into())),
        };
        let good = order.condition(&position("2026-04-20 10:00:00", "7", "it's")).unwrap();
        assert!(good.contains("b > 'it''s'"), "{good}");
        assert!(order.condition(&position("now()", "7", "L1")).is_err());
        assert!(order.condition(&position("2026-04-20 10:00:00", "7 OR 1=1", "L1")).is_err());
    }
}
