//! One company's account: its records, and the one way to change them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::body::{Strictness, merge, parse};
use crate::doc::{self, Doc, number};
use crate::lists::Lists;
use crate::refusal::Refusal;
use crate::rules;
use crate::schema::{Pool, RecordType};

/// A record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Internal id, unique in the account.
    pub id: u64,
    /// Its type.
    pub record_type: &'static RecordType,
    /// The client's own key.
    pub external_id: Option<String>,
    /// Fields.
    pub fields: Doc,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
}

impl Record {
    /// What lists and references show.
    pub fn name(&self) -> String {
        let field = |name| doc::text(&self.fields, name).map(str::to_owned);
        field("tranId")
            .or_else(|| field("name"))
            .or_else(|| field("companyName"))
            .unwrap_or_else(|| self.id.to_string())
    }
}

/// A journal entry of the accountants, on a project's contract line.
#[derive(Debug, Clone)]
pub struct Journal {
    /// Internal id.
    pub id: u64,
    /// Number.
    pub number: String,
    /// Posting date.
    pub date: Date,
    /// Project.
    pub job: u64,
    /// Contract line.
    pub line: String,
    /// Cost, base currency.
    pub cost: Decimal,
    /// Revenue recognised, base currency.
    pub revenue: Decimal,
    /// When it was posted.
    pub modified: Timestamp,
}

/// How tax is rounded on a document: a preference of the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TaxRounding {
    /// Once per tax code, on the sum of its lines.
    #[default]
    PerCode,
    /// On each line, then added up.
    PerLine,
}

/// What a write asks for.
#[derive(Debug)]
pub struct Write<'a> {
    /// Record type.
    pub record_type: &'static RecordType,
    /// The record to change; `None` makes one.
    pub id: Option<u64>,
    /// External id from the URL.
    pub external_id: Option<&'a str>,
    /// Body.
    pub body: &'a Value,
    /// Sublists to replace as a whole.
    pub replace: &'a [String],
    /// What happens to unknown properties.
    pub strictness: Strictness,
}

/// What a write did.
#[derive(Debug)]
pub struct Written {
    /// Internal id.
    pub id: u64,
    /// What happened, in the ledger's words; `None` when nothing changed.
    pub effect: Option<String>,
    /// Properties passed over.
    pub warnings: Vec<String>,
}

/// The account.
#[derive(Debug, Default)]
pub struct Account {
    /// What the administrator set up.
    pub lists: Lists,
    /// Journal entries.
    pub journals: Vec<Journal>,
    /// Last day of the last closed period.
    pub closed_through: Option<Date>,
    /// How tax is rounded.
    pub tax_rounding: TaxRounding,
    records: BTreeMap<u64, Record>,
    last_id: u64,
    numbers: BTreeMap<&'static str, u32>,
}

/// Records get ids above those of the lists, so that no test mixes them up unseen.
const FIRST_ID: u64 = 1_000;

impl Account {
    /// Every record of a type, by id.
    pub fn records_of(&self, name: &str) -> impl Iterator<Item = &Record> {
        self.records.values().filter(move |record| record.record_type.name == name)
    }

    /// A record by type and internal id.
    pub fn record(&self, name: &str, id: u64) -> Option<&Record> {
        self.records.get(&id).filter(|record| record.record_type.name == name)
    }

    /// A record by type and external id, whatever the case, as the vendor compares them.
    pub fn by_external(&self, name: &str, external_id: &str) -> Option<&Record> {
        let mut own = self.records_of(name);
        own.find(|record| record.external_id.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(external_id)))
    }

    /// A transaction by type and number.
    pub fn by_number(&self, name: &str, number: &str) -> Option<&Record> {
        self.records_of(name).find(|record| doc::text(&record.fields, "tranId") == Some(number))
    }

    /// Gives out the next internal id.
    pub fn next_id(&mut self) -> u64 {
        self.last_id = self.last_id.max(FIRST_ID) + 1;
        self.last_id
    }

    /// Gives out the next number of a series.
    pub fn next_number(&mut self, prefix: &'static str) -> String {
        let last = self.numbers.entry(prefix).or_default();
        *last += 1;
        format!("{prefix}{last:04}")
    }

    /// Makes or changes a record, or changes nothing and says why.
    ///
    /// # Errors
    /// The vendor's refusal.
    pub fn write(&mut self, write: &Write<'_>, now: Timestamp) -> Result<Written, Refusal> {
        let parsed = parse(self, write.record_type, write.body, write.strictness)?;
        let old = write.id.and_then(|id| self.records.get(&id)).cloned();
        let external_id = write.external_id.map(str::to_owned).or(parsed.external_id);
        self.check_external(write.record_type, old.as_ref(), external_id.as_deref())?;
        let before = old.as_ref().map(|record| record.fields.clone()).unwrap_or_default();
        let mut fields = merge(&before, parsed.fields, write.replace);
        rules::check(self, write.record_type, old.as_ref(), &mut fields, now)?;
        let external_id = external_id.or_else(|| old.as_ref().and_then(|record| record.external_id.clone()));
        let warnings = parsed.warnings;
        if let Some(old) = &old
            && old.fields == fields
            && old.external_id == external_id
        {
            return Ok(Written { id: old.id, effect: None, warnings });
        }
        let (id, effect) = self.keep(write.record_type, old, external_id, fields, now);
        Ok(Written { id, effect: Some(effect), warnings })
    }

    fn keep(
        &mut self,
        record_type: &'static RecordType,
        old: Option<Record>,
        external_id: Option<String>,
        mut fields: Doc,
        now: Timestamp,
    ) -> (u64, String) {
        let touched: Vec<u64> = doc::lines(&fields, "apply").filter_map(|line| doc::reference(line, "doc")).collect();
        let (id, created, effect) = match old {
            Some(old) => (old.id, old.created, format!("{}_update", record_type.effect)),
            None => {
                if record_type.pool == Pool::Transaction {
                    let number = self.next_number(record_type.prefix);
                    fields.insert("tranId".into(), number.into());
                } else if record_type.name == "customer" && !fields.contains_key("entityId") {
                    let number = self.next_number(record_type.prefix);
                    fields.insert("entityId".into(), number.into());
                }
                (self.next_id(), now, record_type.effect.to_owned())
            }
        };
        self.records.insert(id, Record { id, record_type, external_id, fields, created, modified: now });
        for id in touched {
            self.touch(id, now);
        }
        (id, effect)
    }

    /// A record that another one was applied to counts as changed.
    pub fn touch(&mut self, id: u64, now: Timestamp) {
        if let Some(record) = self.records.get_mut(&id) {
            record.modified = now;
        }
    }

    /// Changes a field outside the record service, as the user interface does.
    pub fn set_field(&mut self, id: u64, name: &str, value: Value, now: Timestamp) {
        if let Some(record) = self.records.get_mut(&id) {
            record.fields.insert(name.to_owned(), value);
            record.modified = now;
        }
    }

    /// Removes a record nothing depends on.
    ///
    /// # Errors
    /// The vendor's refusal.
    pub fn delete(&mut self, record_type: &RecordType, id: u64) -> Result<Record, Refusal> {
        if matches!(record_type.name, "invoice" | "creditMemo" | "customerPayment") {
            return Err(Refusal::user_error("This transaction cannot be deleted because it is posted."));
        }
        let wanted = id.to_string();
        let depends = |record: &Record| {
            record.id != id
                && Value::Object(record.fields.clone()).to_string().contains(&format!("\"id\":\"{wanted}\""))
        };
        if self.records.values().any(depends) {
            return Err(Refusal::user_error("This record cannot be deleted because it has dependent records."));
        }
        self.records.remove(&id).ok_or_else(|| Refusal::no_record(&wanted))
    }

    fn check_external(
        &self,
        record_type: &RecordType,
        old: Option<&Record>,
        external_id: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(external_id) = external_id else { return Ok(()) };
        let taken = self.records.values().any(|record| {
            record.record_type.pool == record_type.pool
                && (record_type.pool != Pool::Other || record.record_type.name == record_type.name)
                && record.external_id.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(external_id))
                && old.is_none_or(|old| old.id != record.id)
        });
        if taken {
            return Err(Refusal::user_error("This entity already exists.").at_path("externalId"));
        }
        Ok(())
    }

    /// What was applied to an invoice: `(transaction, amount)`, voided payments left out.
    pub fn applied_to(&self, invoice: u64) -> Vec<(&Record, Decimal)> {
        let mut applied = Vec::new();
        for record in self.records.values().filter(|record| !is_void(record)) {
            for line in doc::lines(&record.fields, "apply") {
                if doc::flag(line, "apply") && doc::reference(line, "doc") == Some(invoice) {
                    applied.push((record, doc::amount(line, "amount")));
                }
            }
        }
        applied
    }

    /// What is still to be paid on an invoice.
    pub fn open_amount(&self, invoice: &Record) -> Decimal {
        let applied: Decimal = self.applied_to(invoice.id).iter().map(|(_, amount)| *amount).sum();
        doc::amount(&invoice.fields, "total") - applied
    }

    /// The record as the record service shows it: computed fields filled in.
    pub fn shown(&self, record: &Record) -> Doc {
        let mut shown = record.fields.clone();
        match record.record_type.name {
            "invoice" => {
                let open = self.open_amount(record);
                shown.insert("amountRemaining".into(), number(open));
                shown.insert("amountPaid".into(), number(doc::amount(&record.fields, "total") - open));
                let status = if open.is_zero() { "Paid In Full" } else { "Open" };
                shown.insert("status".into(), json!({"id": status, "refName": status}));
            }
            "creditMemo" | "customerPayment" => {
                let applied: Decimal =
                    doc::lines(&record.fields, "apply").map(|line| doc::amount(line, "amount")).sum();
                let whole = if record.record_type.name == "creditMemo" { "total" } else { "payment" };
                shown.insert("applied".into(), number(applied));
                shown.insert("unapplied".into(), number(doc::amount(&record.fields, whole) - applied));
            }
            _ => {}
        }
        shown
    }
}

/// Whether a transaction was voided.
pub fn is_void(record: &Record) -> bool {
    doc::flag(&record.fields, "voided")
}
