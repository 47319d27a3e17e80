//! NetSuite's shapes, spelled as NetSuite spells them.

use std::collections::BTreeMap;

use quoin_sdk::{Date, Decimal};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A reference to another record. What the record is called also comes, and is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ref {
    /// Internal id.
    #[serde(default, deserialize_with = "id_text")]
    pub id: String,
}

impl Ref {
    /// A reference by internal id.
    pub fn to(id: impl AsRef<str>) -> Self {
        Self { id: id.as_ref().to_owned() }
    }
}

/// Ids are documented as text and sometimes come as numbers.
fn id_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

/// A list below a record; `items` only with `expandSubResources=true`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sublist<T> {
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
}

impl<T> Sublist<T> {
    /// A list of these lines.
    pub fn of(items: Vec<T>) -> Self {
        Self { items }
    }
}

/// Custom fields, by script id.
pub type CustomFields = BTreeMap<String, Value>;

/// What every answer about a record tells.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    pub id: String,
    pub external_id: Option<String>,
    pub last_modified_date: Option<String>,
}

/// `customer`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_person: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsidiary: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_reg_number: Option<String>,
    #[serde(with = "quoin_sdk::exact", skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_hold_override: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_inactive: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_book: Option<Sublist<AddressBookLine>>,
}

/// A line of a customer's address book.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AddressBookLine {
    pub default_billing: bool,
    pub default_shipping: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub address_book_address: Address,
}

/// An address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addressee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr3: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Ref>,
}

/// `job`: a project.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Job {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsidiary: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_inactive: Option<bool>,
    #[serde(flatten)]
    pub custom: CustomFields,
}

/// `billingSchedule` of type fixed bid, milestone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BillingSchedule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_type: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milestone: Option<Sublist<MilestoneLine>>,
}

/// A milestone of a billing schedule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MilestoneLine {
    /// Percent of the line it bills.
    #[serde(with = "quoin_sdk::exact")]
    pub milestone_amount: Decimal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milestone_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
}

/// `salesOrder`, `invoice` and `creditMemo`: they differ in few fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tran_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsidiary: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_from: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tran_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_ref_num: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    pub item: Sublist<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<Sublist<Apply>>,
    /// Net; computed by NetSuite.
    #[serde(with = "quoin_sdk::exact", skip_serializing)]
    pub subtotal: Option<Decimal>,
    /// Tax; computed by NetSuite.
    #[serde(with = "quoin_sdk::exact", skip_serializing)]
    pub tax_total: Option<Decimal>,
    /// Gross; computed by NetSuite.
    #[serde(with = "quoin_sdk::exact", skip_serializing)]
    pub total: Option<Decimal>,
    /// Whether it was voided.
    #[serde(skip_serializing)]
    pub voided: bool,
    #[serde(flatten)]
    pub custom: CustomFields,
}

/// A line of a document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Line {
    /// Number of the line; given by NetSuite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(with = "quoin_sdk::exact", skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Decimal>,
    #[serde(with = "quoin_sdk::exact", skip_serializing_if = "Option::is_none")]
    pub rate: Option<Decimal>,
    #[serde(with = "quoin_sdk::exact", skip_serializing_if = "Option::is_none")]
    pub amount: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_schedule: Option<Ref>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_closed: Option<bool>,
    #[serde(flatten)]
    pub custom: CustomFields,
}

/// What a credit memo is applied to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Apply {
    pub doc: Ref,
    pub apply: bool,
    #[serde(with = "quoin_sdk::exact")]
    pub amount: Decimal,
}

/// An answer of SuiteQL. Every value is text; a null column is absent.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound = "T: Deserialize<'de>")]
pub struct QueryPage<T> {
    pub items: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// A refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ErrorBody {
    pub title: String,
    #[serde(rename = "o:errorDetails")]
    pub details: Vec<ErrorDetail>,
}

/// One reason of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ErrorDetail {
    pub detail: String,
    #[serde(rename = "o:errorCode")]
    pub code: String,
    #[serde(rename = "o:errorPath")]
    pub path: Option<String>,
}

/// `governanceLimits`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GovernanceLimits {
    pub account_concurrency_limit: Option<u32>,
}
