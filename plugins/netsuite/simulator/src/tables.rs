//! The account as SuiteQL sees it: tables built from records, lists and journals.
//!
//! Signs are the database's: sales lines have negative quantities and amounts, and in
//! `transactionaccountingline` debits are positive, credits negative.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::account::{Account, Record, is_void};
use crate::doc::{self, Doc};
use crate::lists;
use crate::suiteql::{Cell, Row, Table, Tables};

const TRANSACTION: &[&str] = &[
    "id",
    "type",
    "tranid",
    "trandate",
    "entity",
    "status",
    "externalid",
    "currency",
    "foreigntotal",
    "foreignamountunpaid",
    "duedate",
    "otherrefnum",
    "memo",
    "posting",
    "voided",
    "createddate",
    "lastmodifieddate",
    "custbody_quoin_contract",
    "custbody_quoin_document_type",
];

const LINE: &[&str] = &[
    "transaction",
    "id",
    "linesequencenumber",
    "mainline",
    "taxline",
    "item",
    "quantity",
    "rate",
    "netamount",
    "foreignamount",
    "entity",
    "subsidiary",
    "memo",
    "isclosed",
    "custcol_quoin_contract_line",
    "custcol_quoin_line_id",
    "custcol_quoin_method",
];

const ACCOUNTING: &[&str] =
    &["transaction", "transactionline", "accountingbook", "account", "debit", "credit", "amount", "posting"];

const LINK: &[&str] = &[
    "previousdoc",
    "previousline",
    "previoustype",
    "nextdoc",
    "nextline",
    "nexttype",
    "linktype",
    "foreignamount",
    "lastmodifieddate",
];

const ENTITY: &[&str] = &[
    "id",
    "entityid",
    "companyname",
    "externalid",
    "vatregnumber",
    "isinactive",
    "customer",
    "parent",
    "datecreated",
    "lastmodifieddate",
    "custentity_quoin_contract",
];

impl Tables for Account {
    fn table(&self, name: &str) -> Option<Table> {
        let table = match name {
            "transaction" => Table::new(TRANSACTION, self.transactions()),
            "transactionline" => Table::new(LINE, self.transaction_lines()),
            "transactionaccountingline" => Table::new(ACCOUNTING, self.postings()),
            "nexttransactionlinelink" | "previoustransactionlinelink" => Table::new(LINK, self.links()),
            "customer" => Table::new(ENTITY, self.records_of("customer").map(entity).collect()),
            "job" => Table::new(ENTITY, self.records_of("job").map(entity).collect()),
            _ => return self.list_table(name),
        };
        Some(table)
    }
}

fn row(cells: Vec<(&str, Cell)>) -> Row {
    cells.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect()
}

/// Stamps are kept in whole seconds.
fn stamp(at: Timestamp) -> Cell {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    Cell::Stamp(civil.with().subsec_nanosecond(0).build().unwrap_or(civil))
}

fn text(doc: &Doc, name: &str) -> Cell {
    Cell::text(doc::text(doc, name))
}

fn reference(doc: &Doc, name: &str) -> Cell {
    doc::reference(doc, name).map_or(Cell::Null, Cell::id)
}

fn date(doc: &Doc, name: &str) -> Cell {
    doc::date(doc, name).map_or(Cell::Null, Cell::Date)
}

fn shown(doc: &Doc, name: &str) -> Cell {
    Cell::text(doc.get(name).and_then(|value| value.get("refName")).and_then(Value::as_str))
}

fn entity(record: &Record) -> Row {
    let fields = &record.fields;
    row(vec![
        ("id", Cell::id(record.id)),
        ("entityid", text(fields, "entityId")),
        ("companyname", text(fields, "companyName")),
        ("externalid", Cell::text(record.external_id.as_deref())),
        ("vatregnumber", text(fields, "vatRegNumber")),
        ("isinactive", Cell::flag(doc::flag(fields, "isInactive"))),
        ("customer", reference(fields, "parent")),
        ("parent", reference(fields, "parent")),
        ("datecreated", stamp(record.created)),
        ("lastmodifieddate", stamp(record.modified)),
        ("custentity_quoin_contract", text(fields, "custentity_quoin_contract")),
    ])
}

impl Account {
    fn all_transactions(&self) -> impl Iterator<Item = &Record> {
        ["salesOrder", "invoice", "creditMemo", "customerPayment"].into_iter().flat_map(|name| self.records_of(name))
    }

    fn transactions(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.all_transactions().map(|record| self.transaction(record)).collect();
        rows.extend(self.journals.iter().map(|journal| {
            row(vec![
                ("id", Cell::id(journal.id)),
                ("type", Cell::text(Some("Journal"))),
                ("tranid", Cell::Text(journal.number.clone())),
                ("trandate", Cell::Date(journal.date)),
                ("status", Cell::text(Some("B"))),
                ("df:status", Cell::text(Some("Journal : Approved for Posting"))),
                ("posting", Cell::flag(true)),
                ("voided", Cell::flag(false)),
                ("createddate", stamp(journal.modified)),
                ("lastmodifieddate", stamp(journal.modified)),
            ])
        }));
        rows
    }

    fn transaction(&self, record: &Record) -> Row {
        let fields = &record.fields;
        let payment = record.record_type.name == "customerPayment";
        let (party, total) = if payment { ("customer", "payment") } else { ("entity", "total") };
        let (status, status_name) = self.status(record);
        row(vec![
            ("id", Cell::id(record.id)),
            ("type", Cell::text(Some(record.record_type.code))),
            ("tranid", text(fields, "tranId")),
            ("trandate", date(fields, "tranDate")),
            ("entity", reference(fields, party)),
            ("df:entity", shown(fields, party)),
            ("status", Cell::text(Some(status))),
            ("df:status", Cell::text(Some(status_name))),
            ("externalid", Cell::text(record.external_id.as_deref())),
            ("currency", reference(fields, "currency")),
            ("df:currency", shown(fields, "currency")),
            ("foreigntotal", Cell::Number(doc::amount(fields, total))),
            ("foreignamountunpaid", self.unpaid(record)),
            ("duedate", date(fields, "dueDate")),
            ("otherrefnum", text(fields, "otherRefNum")),
            ("memo", text(fields, "memo")),
            ("posting", Cell::flag(record.record_type.name != "salesOrder")),
            ("voided", Cell::flag(is_void(record))),
            ("createddate", stamp(record.created)),
            ("lastmodifieddate", stamp(record.modified)),
            ("custbody_quoin_contract", text(fields, "custbody_quoin_contract")),
            ("custbody_quoin_document_type", text(fields, "custbody_quoin_document_type")),
        ])
    }

    fn unpaid(&self, record: &Record) -> Cell {
        if record.record_type.name == "invoice" { Cell::Number(self.open_amount(record)) } else { Cell::Null }
    }

    /// The one-letter status and what it is called.
    fn status(&self, record: &Record) -> (&'static str, &'static str) {
        match record.record_type.name {
            "invoice" if self.open_amount(record).is_zero() => ("B", "Invoice : Paid In Full"),
            "invoice" => ("A", "Invoice : Open"),
            "creditMemo" => ("A", "Credit Memo : Open"),
            "customerPayment" if is_void(record) => ("V", "Customer Payment : Voided"),
            "customerPayment" => ("C", "Customer Payment : Deposited"),
            _ if doc::lines(&record.fields, "item").all(|line| doc::flag(line, "isClosed")) => {
                ("H", "Sales Order : Closed")
            }
            _ => ("F", "Sales Order : Pending Billing"),
        }
    }

    fn transaction_lines(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for record in self.all_transactions() {
            let job = doc::reference(&record.fields, "job").map(Cell::id);
            for (line, number) in doc::lines(&record.fields, "item").zip(1_u64..) {
                let sign = if record.record_type.name == "creditMemo" { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
                let amount = Cell::Number(sign * doc::amount(line, "amount"));
                rows.push(row(vec![
                    ("transaction", Cell::id(record.id)),
                    ("id", Cell::id(number)),
                    ("linesequencenumber", Cell::id(number)),
                    ("mainline", Cell::flag(false)),
                    ("taxline", Cell::flag(false)),
                    ("item", reference(line, "item")),
                    ("df:item", shown(line, "item")),
                    ("quantity", Cell::Number(sign * doc::amount(line, "quantity"))),
                    ("rate", Cell::Number(doc::amount(line, "rate"))),
                    ("netamount", amount.clone()),
                    ("foreignamount", amount),
                    ("entity", job.clone().unwrap_or_else(|| reference(&record.fields, "entity"))),
                    ("subsidiary", reference(&record.fields, "subsidiary")),
                    ("memo", text(line, "description")),
                    ("isclosed", Cell::flag(doc::flag(line, "isClosed"))),
                    ("custcol_quoin_contract_line", text(line, "custcol_quoin_contract_line")),
                    ("custcol_quoin_line_id", text(line, "custcol_quoin_line_id")),
                    ("custcol_quoin_method", text(line, "custcol_quoin_method")),
                ]));
            }
        }
        rows.extend(self.journals.iter().flat_map(|journal| {
            let company =
                self.record("job", journal.job).map_or(Cell::Null, |job| reference(&job.fields, "subsidiary"));
            [(1, journal.cost), (2, -journal.revenue)].map(|(number, amount)| {
                row(vec![
                    ("transaction", Cell::id(journal.id)),
                    ("id", Cell::id(number)),
                    ("linesequencenumber", Cell::id(number)),
                    ("mainline", Cell::flag(false)),
                    ("taxline", Cell::flag(false)),
                    ("netamount", Cell::Number(amount)),
                    ("foreignamount", Cell::Number(amount)),
                    ("entity", Cell::id(journal.job)),
                    ("subsidiary", company.clone()),
                    ("custcol_quoin_contract_line", Cell::Text(journal.line.clone())),
                ])
            })
        }));
        rows
    }

    fn postings(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for record in self.all_transactions().filter(|record| record.record_type.name != "salesOrder") {
            // Debit of the first account is positive on an invoice; a credit memo turns every sign.
            let sign = if record.record_type.name == "invoice" { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
            if record.record_type.name == "customerPayment" {
                let paid = doc::amount(&record.fields, "payment");
                rows.push(posting(record.id, 0, lists::UNDEPOSITED, paid));
                rows.push(posting(record.id, 1, lists::RECEIVABLE, -paid));
                continue;
            }
            rows.push(posting(record.id, 0, lists::RECEIVABLE, sign * doc::amount(&record.fields, "total")));
            let mut last = 0;
            for (line, number) in doc::lines(&record.fields, "item").zip(1_u64..) {
                let item = doc::reference(line, "item");
                let account = self.lists.items.iter().find(|known| Some(known.id) == item).map(|item| item.account);
                let amount = -sign * doc::amount(line, "amount");
                rows.push(posting(record.id, number, account.unwrap_or(lists::DEFERRED), amount));
                last = number;
            }
            rows.push(posting(
                record.id,
                last + 1,
                lists::TAX_PAYABLE,
                -sign * doc::amount(&record.fields, "taxTotal"),
            ));
        }
        for journal in &self.journals {
            rows.push(posting(journal.id, 1, lists::COST, journal.cost));
            rows.push(posting(journal.id, 2, lists::INCOME, -journal.revenue));
        }
        rows
    }

    fn links(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for record in self.all_transactions() {
            for (line, number) in doc::lines(&record.fields, "apply").zip(1_u64..) {
                rows.push(row(vec![
                    ("previousdoc", reference(line, "doc")),
                    ("previousline", Cell::id(0)),
                    ("previoustype", Cell::text(Some("CustInvc"))),
                    ("nextdoc", Cell::id(record.id)),
                    ("nextline", Cell::id(number)),
                    ("nexttype", Cell::text(Some(record.record_type.code))),
                    ("linktype", Cell::text(Some("Payment"))),
                    ("foreignamount", Cell::Number(doc::amount(line, "amount"))),
                    ("lastmodifieddate", stamp(record.modified)),
                ]));
            }
        }
        rows
    }

    fn list_table(&self, name: &str) -> Option<Table> {
        let lists = &self.lists;
        let name_of = |text: &'static str| Cell::text(Some(text));
        Some(match name {
            "subsidiary" => listed(&["id", "name", "currency", "isinactive"], &lists.subsidiaries, |s| {
                vec![Cell::id(s.id), name_of(s.name), Cell::id(s.currency), Cell::flag(false)]
            }),
            "currency" => listed(&["id", "symbol", "name"], &lists.currencies, |c| {
                vec![Cell::id(c.id), name_of(c.symbol), name_of(c.symbol)]
            }),
            "term" => listed(&["id", "name", "daysuntilnetdue"], &lists.terms, |t| {
                vec![Cell::id(t.id), name_of(t.name), Cell::Number(Decimal::from(t.days))]
            }),
            "salestaxitem" => listed(&["id", "itemid", "rate", "isinactive"], &lists.tax_codes, |t| {
                vec![Cell::id(t.id), name_of(t.name), Cell::Number(t.rate), Cell::flag(!t.active)]
            }),
            "item" => listed(&["id", "itemid", "isinactive"], &lists.items, |i| {
                vec![Cell::id(i.id), name_of(i.name), Cell::flag(false)]
            }),
            "account" => listed(&["id", "acctnumber", "fullname", "accttype"], &lists.accounts, |a| {
                vec![Cell::id(a.id), name_of(a.number), name_of(a.name), name_of(a.kind)]
            }),
            _ => return None,
        })
    }
}

/// A table of list entries; `cells` gives each entry's values in the order of the columns.
fn listed<T>(columns: &[&str], entries: &[T], cells: impl Fn(&T) -> Vec<Cell>) -> Table {
    let rows = entries.iter().map(|entry| row(columns.iter().copied().zip(cells(entry)).collect()));
    Table::new(columns, rows.collect())
}

fn posting(transaction: u64, line: u64, account: u64, amount: Decimal) -> Row {
    let (debit, credit) = if amount.is_sign_negative() {
        (Cell::Null, Cell::Number(-amount))
    } else {
        (Cell::Number(amount), Cell::Null)
    };
    row(vec![
        ("transaction", Cell::id(transaction)),
        ("transactionline", Cell::id(line)),
        ("accountingbook", Cell::id(1)),
        ("account", Cell::id(account)),
        ("debit", debit),
        ("credit", credit),
        ("amount", Cell::Number(amount)),
        ("posting", Cell::flag(true)),
    ])
}
