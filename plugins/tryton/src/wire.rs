//! Tryton's values and records, spelled as its JSON-RPC spells them. Decimals, dates and times
//! stand in objects with a `__class__`; a quantity is a bare number, written from its own digits.

use quoin_sdk::jiff::civil::DateTime;
use quoin_sdk::{Date, Decimal, exact};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// A record's id.
pub type Id = i64;

/// `{"__class__": "Decimal", "decimal": "12.30"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numeric {
    #[serde(rename = "__class__")]
    class: String,
    decimal: String,
}

impl Numeric {
    /// Of a decimal, digit for digit.
    pub fn of(value: Decimal) -> Self {
        Self { class: "Decimal".into(), decimal: value.to_string() }
    }

    /// The decimal; `None` when it has more digits than one holds.
    pub fn value(&self) -> Option<Decimal> {
        exact::parse(&self.decimal)
    }
}

/// `{"__class__": "date", "year": 2026, "month": 3, "day": 31}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    #[serde(rename = "__class__")]
    class: String,
    year: i16,
    month: i8,
    day: i8,
}

impl Day {
    /// Of a date.
    pub fn of(date: Date) -> Self {
        Self { class: "date".into(), year: date.year(), month: date.month(), day: date.day() }
    }

    /// The date; `None` when there is no such day.
    pub fn value(&self) -> Option<Date> {
        Date::new(self.year, self.month, self.day).ok()
    }
}

/// `{"__class__": "datetime", "year": 2026, ...}`, in the server's UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moment {
    #[serde(rename = "__class__")]
    class: String,
    year: i16,
    month: i8,
    day: i8,
    hour: i8,
    minute: i8,
    second: i8,
    microsecond: i32,
}

impl Moment {
    /// Of a time without zone, to the microsecond.
    pub fn of(time: DateTime) -> Self {
        Self {
            class: "datetime".into(),
            year: time.year(),
            month: time.month(),
            day: time.day(),
            hour: time.hour(),
            minute: time.minute(),
            second: time.second(),
            microsecond: time.subsec_nanosecond() / 1_000,
        }
    }

    /// The time; `None` when there is no such moment.
    pub fn value(&self) -> Option<DateTime> {
        let nanoseconds = self.microsecond.checked_mul(1_000)?;
        DateTime::new(self.year, self.month, self.day, self.hour, self.minute, self.second, nanoseconds).ok()
    }

    /// RFC 3339: a version that can be compared.
    pub fn text(&self) -> String {
        let Self { year, month, day, hour, minute, second, microsecond, .. } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}Z")
    }
}

/// A truth value: with PostgreSQL `true`, with SQLite `1`, and `null` for no.
pub fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Bool(value) => Ok(value),
        serde_json::Value::Number(number) => Ok(number.as_i64() != Some(0)),
        serde_json::Value::Null => Ok(false),
        other => Err(D::Error::custom(format!("{other} is neither true nor false"))),
    }
}

/// What Tryton does to the records behind a relation: `[["create", [...]]]`.
pub type Creating<T> = [(&'static str, Vec<T>); 1];

/// Makes these records behind a relation.
pub fn creating<T>(records: Vec<T>) -> Creating<T> {
    [("create", records)]
}

/// Links these records behind a relation.
pub fn adding(ids: Vec<Id>) -> Creating<Id> {
    [("add", ids)]
}

/// Anything of which only the id matters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Row {
    /// Its id.
    pub id: Id,
}

/// `party.party`, as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct NewParty {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_payment_term: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Creating<NewAddress>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifiers: Option<Creating<Identifier>>,
}

/// `party.address`, as written.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct NewAddress {
    pub street: String,
    pub postal_code: String,
    pub city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Id>,
    /// Invoices go here.
    pub invoice: bool,
}

/// `party.identifier`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub code: String,
}

/// `party.party`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct Party {
    pub id: Id,
    pub name: Option<String>,
    pub code: Option<String>,
    #[serde(deserialize_with = "truth")]
    pub active: bool,
    pub customer_payment_term: Option<Id>,
    pub account_receivable: Option<Id>,
    #[serde(rename = "identifiers.", default)]
    pub identifiers: Vec<Identifier>,
    pub write_date: Option<Moment>,
}

/// `project.work`, as written.
#[derive(Debug, Clone, Serialize)]
pub struct NewWork {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub name: String,
    pub company: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timesheet_available: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// `project.work`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct Work {
    pub id: Id,
    pub name: String,
    pub party: Option<Id>,
}

/// A line of `sale.sale` or `account.invoice`, as written.
#[derive(Debug, Clone, Serialize)]
pub struct NewLine {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub product: Id,
    /// A float to Tryton; its digits here.
    #[serde(with = "quoin_sdk::exact")]
    pub quantity: Decimal,
    pub unit: Id,
    pub unit_price: Numeric,
    pub description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub taxes: Creating<Id>,
    /// Revenue account; invoices only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Id>,
    /// `sale.line,7`; invoices only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// `sale.sale`, as written.
#[derive(Debug, Clone, Serialize)]
pub struct NewSale {
    pub company: Id,
    pub party: Id,
    pub invoice_address: Id,
    pub shipment_address: Id,
    pub currency: Id,
    pub payment_term: Id,
    pub reference: String,
    pub description: String,
    pub sale_date: Option<Day>,
    /// `manual`: this connector writes the invoices.
    pub invoice_method: &'static str,
    pub shipment_method: &'static str,
    pub lines: Creating<NewLine>,
}

/// `account.invoice`, as written.
#[derive(Debug, Clone, Serialize)]
pub struct NewInvoice {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub company: Id,
    pub party: Id,
    pub invoice_address: Id,
    pub currency: Id,
    pub account: Id,
    pub journal: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_term: Option<Id>,
    /// Without a term: when it is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_term_date: Option<Day>,
    pub reference: String,
    pub description: String,
    pub invoice_date: Day,
    pub lines: Creating<NewLine>,
}

/// `sale.sale` and `account.invoice`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct Document {
    pub id: Id,
    pub number: Option<String>,
    pub state: String,
    pub untaxed_amount: Numeric,
    pub tax_amount: Numeric,
    pub total_amount: Numeric,
    pub write_date: Option<Moment>,
}

/// `sale.line`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct SoldLine {
    pub id: Id,
    pub product: Option<Id>,
    pub note: Option<String>,
}

/// `product.product`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct Product {
    pub id: Id,
    pub code: Option<String>,
    pub sale_uom: Option<Id>,
    pub default_uom_category: Id,
    pub account_category: Option<Id>,
}

/// `product.uom`, as read.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Uom {
    pub id: Id,
    pub category: Id,
    /// Digits after the point that a quantity may have.
    pub digits: u32,
}

/// `product.category`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct Category {
    pub parent: Option<Id>,
    #[serde(deserialize_with = "truth")]
    pub account_parent: bool,
    pub account_revenue: Option<Id>,
}

/// `account.configuration`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct AccountDefaults {
    pub default_account_receivable: Option<Id>,
    pub default_category_account_revenue: Option<Id>,
}

/// `account.move.line`, as read: a line of the books that pays an invoice.
#[derive(Debug, Clone, Deserialize)]
pub struct PaymentRow {
    pub id: Id,
    pub create_date: Moment,
    /// In the company's currency.
    pub credit: Numeric,
    /// In a foreign invoice's currency; negative for a credit.
    pub amount_second_currency: Option<Numeric>,
    pub date: Day,
    pub invoice_payment: Id,
    #[serde(rename = "invoice_payment.")]
    pub paid: PaidInvoice,
}

/// The invoice of a [`PaymentRow`].
#[derive(Debug, Clone, Deserialize)]
pub struct PaidInvoice {
    /// Moves when a payment is linked.
    pub write_date: Option<Moment>,
    #[serde(rename = "currency.")]
    pub currency: CurrencyCode,
}

/// `currency.currency`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct CurrencyCode {
    pub code: String,
}

/// `party.address`, as read.
#[derive(Debug, Clone, Deserialize)]
pub struct PartyAddress {
    pub id: Id,
    #[serde(deserialize_with = "truth")]
    pub invoice: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_digits() {
        let line = NewLine {
            kind: "line",
            product: 1,
            quantity: "74.10".parse().unwrap(),
            unit: 9,
            unit_price: Numeric::of("150.00".parse().unwrap()),
            description: "d".into(),
            note: None,
            taxes: adding(vec![3]),
            account: None,
            origin: None,
        };
        let text = serde_json::to_string(&line).unwrap();
        assert!(text.contains(r#""quantity":74.10"#), "{text}");
        assert!(text.contains(r#""unit_price":{"__class__":"Decimal","decimal":"150.00"}"#), "{text}");
        assert!(text.contains(r#""taxes":[["add",[3]]]"#), "{text}");
        let day = serde_json::to_string(&Day::of("2026-03-31".parse().unwrap())).unwrap();
        assert_eq!(day, r#"{"__class__":"date","year":2026,"month":3,"day":31}"#);
    }

    #[test]
    fn truth_comes_in_both_databases_forms() {
        for (json, expected) in [("true", true), ("1", true), ("0", false), ("false", false), ("null", false)] {
            let address: PartyAddress = serde_json::from_str(&format!(r#"{{"id":1,"invoice":{json}}}"#)).unwrap();
            assert_eq!(address.invoice, expected, "{json}");
        }
    }
}
