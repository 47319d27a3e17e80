//! The vendor's shapes, spelled as the vendor spells them.

use std::collections::BTreeMap;

use quoin_sdk::{Date, Decimal, Fault, FaultKind, Timestamp, exact};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::config::Config;

/// The opportunity.
pub const OPPORTUNITY: &str = "Opportunity";
/// The product line of an opportunity.
pub const LINE: &str = "OpportunityLineItem";
/// The account.
pub const ACCOUNT: &str = "Account";

/// Code of a fault: the org no longer sends a field that was asked for.
const GONE: &str = "FIELD_GONE";
/// Code of a fault: a field is of another type than it was.
const RETYPED: &str = "FIELD_TYPE";

/// Whether a fault is about the org's shape: it concerns every record, not the one that showed it.
pub fn is_drift(fault: &Fault) -> bool {
    [GONE, RETYPED].contains(&fault.code.as_str())
}

/// Fields of the opportunity that make a quote.
pub const QUOTE_FIELDS: &[&str] = &[
    "Id",
    "IsDeleted",
    "SystemModstamp",
    "Name",
    "AccountId",
    "StageName",
    "IsClosed",
    "IsWon",
    "LastStageChangeDate",
    "Quote_Number__c",
    "Quote_Version__c",
    "Selling_Entity__c",
    "Contract_Type__c",
    "Project_Template__c",
    "Template_Version__c",
    "Start_Date__c",
    "Target_Margin__c",
    "Billed_With__c",
    "Advances__c",
];

/// Fields of the account that make the quote's customer.
pub const ACCOUNT_FIELDS: &[&str] = &[
    "Name",
    "Parent.Name",
    "VAT_Id__c",
    "BillingStreet",
    "BillingCity",
    "BillingPostalCode",
    "BillingCountryCode",
    "Payment_Terms_Days__c",
    "Credit_Status__c",
    "Credit_Reason__c",
];

/// Fields of the product line that make a quote line.
pub const LINE_FIELDS: &[&str] = &[
    "Id",
    "OpportunityId",
    "SortOrder",
    "Line_Id__c",
    "Description",
    "Quantity",
    "UnitPrice",
    "TotalPrice",
    "ServiceDate",
    "Billing_Model__c",
    "NTE_Limit__c",
    "NTE_Mode__c",
    "Overage_Rate__c",
    "Cost_Estimate__c",
    "Tax_Category__c",
    "Tax_Rate__c",
    "Tax_Exemption_Reason__c",
    "Terms__c",
    "Discount",
    "Discount_Reason__c",
];

/// Fields of the opportunity that the connector writes, each with the canonical field behind it.
pub const STATUS_FIELDS: &[(&str, &str)] = &[
    (KEY_FIELD, "/header/id"),
    ("Quoin_Stage__c", "/stage"),
    ("Quoin_Reason__c", "/reason"),
    ("Quoin_Project_Code__c", "/project_code"),
    ("Quoin_Invoice_Number__c", "/invoice/number"),
    ("Quoin_Invoice_Status__c", "/invoice/status"),
    ("Quoin_Invoice_Net__c", "/invoice/net"),
    ("Quoin_Invoice_Gross__c", "/invoice/gross"),
    ("Quoin_Invoice_Open__c", "/invoice/open"),
    ("Quoin_Invoice_Due__c", "/invoice/due_on"),
    ("Quoin_Revenue__c", "/revenue"),
];

/// The field that holds the idempotency key of the last status written.
pub const KEY_FIELD: &str = "Quoin_Key__c";

/// A record's members, unread: numbers keep their digits.
pub type Members = BTreeMap<String, Box<RawValue>>;

/// A page of a query.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryPage {
    /// Whether it is the last.
    pub done: bool,
    /// Where the next is.
    #[serde(default)]
    pub next_records_url: Option<String>,
    /// Rows.
    pub records: Vec<Members>,
}

/// One refusal in an array of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApiError {
    /// `errorCode` at the top, `statusCode` in a collection's row.
    #[serde(alias = "statusCode")]
    pub error_code: String,
    /// Text.
    pub message: String,
    /// Fields at fault.
    pub fields: Vec<String>,
}

/// One row of a collection's answer.
#[derive(Debug, Deserialize)]
pub struct SaveResult {
    /// Whether it was saved.
    pub success: bool,
    /// Why not.
    #[serde(default)]
    pub errors: Vec<ApiError>,
}

/// `GET /services/data/vNN.0`.
#[derive(Debug, Deserialize)]
pub struct Resources {
    /// `https://login.salesforce.com/id/{organization}/{user}`.
    #[serde(default)]
    pub identity: String,
}

/// `describe`, as far as it is used.
#[derive(Debug, Deserialize)]
pub struct Describe {
    /// Fields.
    pub fields: Vec<DescribedField>,
}

/// A described field.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribedField {
    /// API name.
    pub name: String,
    /// Type.
    pub r#type: String,
    /// Longest text.
    #[serde(default)]
    pub length: u32,
    /// Digits.
    #[serde(default)]
    pub precision: u32,
    /// Decimals.
    #[serde(default)]
    pub scale: u32,
    /// May be empty.
    #[serde(default)]
    pub nillable: bool,
    /// May be changed by us.
    #[serde(default)]
    pub updateable: bool,
    /// Gets a value by itself when a record is made.
    #[serde(default)]
    pub defaulted_on_create: bool,
    /// May be set when a record is made.
    #[serde(default)]
    pub createable: bool,
    /// Choices.
    #[serde(default)]
    pub picklist_values: Vec<PicklistValue>,
}

/// A choice.
#[derive(Debug, Deserialize)]
pub struct PicklistValue {
    /// The stored value.
    pub value: String,
    /// Still offered.
    #[serde(default)]
    pub active: bool,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Number(#[serde(with = "exact")] Decimal);

/// A record of a query's answer, read field by field under the org's own names.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    object: &'static str,
    config: &'a Config,
    members: &'a Members,
}

impl<'a> Row<'a> {
    /// A record of an object.
    pub fn new(object: &'static str, config: &'a Config, members: &'a Members) -> Self {
        Self { object, config, members }
    }

    fn typed<T: for<'de> Deserialize<'de>>(&self, field: &str, kind: &str) -> Result<Option<T>, Fault> {
        let Some(own) = self.config.field(self.object, field) else { return Ok(None) };
        let raw = self.members.get(own).ok_or_else(|| {
            let message = format!("the answer lacks {}.{own}; check the field mapping against the org", self.object);
            Fault::new(FaultKind::Config, GONE, message)
        })?;
        serde_json::from_str(raw.get()).map_err(|_| {
            let message = format!("{}.{own} holds {:.60}, which is no {kind}", self.object, raw.get());
            Fault::new(FaultKind::InvalidData, RETYPED, message)
        })
    }

    /// A text; blank counts as none.
    pub fn text(&self, field: &str) -> Result<Option<String>, Fault> {
        let text: Option<String> = self.typed(field, "text")?;
        Ok(text.filter(|text| !text.trim().is_empty()))
    }

    /// A number, digit for digit.
    pub fn number(&self, field: &str) -> Result<Option<Decimal>, Fault> {
        Ok(self.typed::<Number>(field, "number")?.map(|number| number.0))
    }

    /// A whole number that is not negative.
    pub fn count<T: TryFrom<Decimal>>(&self, field: &str) -> Result<Option<T>, Fault> {
        let Some(number) = self.number(field)? else { return Ok(None) };
        let whole = if number.fract().is_zero() { T::try_from(number).ok() } else { None };
        whole.map(Some).ok_or_else(|| {
            let message = format!("{}.{field} is {number}; a small whole number is needed", self.object);
            Fault::new(FaultKind::InvalidData, "FIELD_VALUE", message)
        })
    }

    /// Yes or no; an empty field is no.
    pub fn flag(&self, field: &str) -> Result<bool, Fault> {
        Ok(self.typed(field, "boolean")?.unwrap_or(false))
    }

    /// A day.
    pub fn date(&self, field: &str) -> Result<Option<Date>, Fault> {
        self.typed(field, "date")
    }

    /// A moment, such as `2026-03-02T10:15:00.000+0000`.
    pub fn moment(&self, field: &str) -> Result<Option<Timestamp>, Fault> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let message = format!("{}.{field} holds '{text}', which is no date-time", self.object);
            Fault::new(FaultKind::InvalidData, "FIELD_VALUE", message)
        })
    }

    /// The members of a parent record; `None` when the reference is empty.
    pub fn parent(&self, relationship: &str) -> Result<Option<Members>, Fault> {
        let raw = self.members.get(relationship).ok_or_else(|| {
            let message = format!("the answer lacks {}.{relationship}, which was asked for", self.object);
            Fault::new(FaultKind::Config, GONE, message)
        })?;
        serde_json::from_str(raw.get()).map_err(|error| {
            Fault::new(FaultKind::InvalidData, RETYPED, format!("{}.{relationship}: {error}", self.object))
        })
    }
}

/// Writes a moment as SOQL takes it: in UTC, to the second, unquoted.
pub fn soql_moment(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Whether a text can be a record id: 15 or 18 letters and digits. Anything else never gets into a
/// query.
pub fn is_id(text: &str) -> bool {
    matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Text, date or choice.
    Text(String),
    /// Amount, digit for digit.
    Number(Decimal),
    /// Empties the field.
    Null,
}

/// A record to change: id and new values by field name.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Record id.
    pub id: String,
    /// New values.
    pub cells: Vec<(String, Cell)>,
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Number(number) => exact::serialize(number, serializer),
            Cell::Null => serializer.serialize_none(),
        }
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.cells.len() + 2))?;
        map.serialize_entry("attributes", &BTreeMap::from([("type", OPPORTUNITY)]))?;
        map.serialize_entry("id", &self.id)?;
        for (field, cell) in &self.cells {
            map.serialize_entry(field, cell)?;
        }
        map.end()
    }
}

/// The body of a collection update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection<'a> {
    /// Rows stand alone: one refusal does not undo the others.
    pub all_or_none: bool,
    /// Records.
    pub records: Vec<&'a Change>,
}

/// The body of the signed callout.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Callout {
    /// Number of the delivery, equal on its repeats.
    #[serde(default)]
    pub delivery_id: Option<String>,
    /// Changed records.
    pub records: Vec<CalloutRecord>,
}

/// A changed record.
#[derive(Debug, Deserialize)]
pub struct CalloutRecord {
    /// Object.
    pub object: String,
    /// Id.
    pub id: String,
}
