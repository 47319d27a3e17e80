//! The org's objects and their fields, as its administrator set them up.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A field's type, by the names that `describe` gives.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldType {
    /// The record's id.
    Id,
    /// A reference, and the name under which SOQL follows it.
    Reference {
        /// Object it points at.
        to: &'static str,
        /// Relationship name.
        as_: &'static str,
    },
    /// Text of at most so many characters.
    Text(usize),
    /// Long text of at most so many characters: cannot be filtered by.
    LongText(usize),
    /// One of these values; anything else is refused.
    Picklist(&'static [&'static str]),
    /// True or false.
    Boolean,
    /// A number with so many decimals.
    Number(u8),
    /// An amount in the record's currency.
    Currency,
    /// A share in percent.
    Percent,
    /// A day.
    Date,
    /// A moment, to the second.
    DateTime,
}

impl FieldType {
    /// The name in `describe`.
    pub fn name(&self) -> &'static str {
        match self {
            FieldType::Id => "id",
            FieldType::Reference { .. } => "reference",
            FieldType::Text(_) => "string",
            FieldType::LongText(_) => "textarea",
            FieldType::Picklist(_) => "picklist",
            FieldType::Boolean => "boolean",
            FieldType::Number(_) => "double",
            FieldType::Currency => "currency",
            FieldType::Percent => "percent",
            FieldType::Date => "date",
            FieldType::DateTime => "datetime",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "string" => FieldType::Text(255),
            "textarea" => FieldType::LongText(32_768),
            "picklist" => FieldType::Picklist(&[]),
            "boolean" => FieldType::Boolean,
            "double" => FieldType::Number(2),
            "currency" => FieldType::Currency,
            "percent" => FieldType::Percent,
            "date" => FieldType::Date,
            "datetime" => FieldType::DateTime,
            _ => return None,
        })
    }
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// API name.
    pub name: String,
    /// Type.
    pub kind: FieldType,
    /// May be written through the API.
    pub writable: bool,
    /// Must have a value at creation.
    pub required: bool,
    /// Can be used as the key of an upsert.
    pub external_id: bool,
}

/// An object.
#[derive(Debug, Clone)]
pub struct Object {
    /// API name.
    pub name: &'static str,
    /// First three characters of its ids.
    pub prefix: &'static str,
    /// Its fields, in order.
    pub fields: Vec<Field>,
    /// Child relationships: name in SOQL, child object, the child's reference field.
    pub children: &'static [(&'static str, &'static str, &'static str)],
}

impl Object {
    /// A field by its name; names are not case sensitive.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The reference field behind a relationship name.
    pub fn relationship(&self, name: &str) -> Option<(&Field, &'static str)> {
        self.fields.iter().find_map(|field| match field.kind {
            FieldType::Reference { to, as_ } if as_.eq_ignore_ascii_case(name) => Some((field, to)),
            _ => None,
        })
    }
}

/// All objects of the org.
#[derive(Debug, Clone)]
pub struct Schema {
    objects: BTreeMap<&'static str, Object>,
}

fn plain(name: &str, kind: FieldType) -> Field {
    Field { name: name.into(), kind, writable: true, required: false, external_id: false }
}

fn required(name: &str, kind: FieldType) -> Field {
    Field { required: true, ..plain(name, kind) }
}

fn external_id(name: &str, characters: usize) -> Field {
    Field { external_id: true, ..plain(name, FieldType::Text(characters)) }
}

fn system(name: &str, kind: FieldType) -> Field {
    Field { writable: false, ..plain(name, kind) }
}

/// Fields that every object has.
fn standard() -> Vec<Field> {
    vec![
        system("Id", FieldType::Id),
        system("IsDeleted", FieldType::Boolean),
        system("CreatedDate", FieldType::DateTime),
        system("LastModifiedDate", FieldType::DateTime),
        system("SystemModstamp", FieldType::DateTime),
    ]
}

/// Stages of the org's sales process, with whether they close and win the deal.
pub const STAGES: &[(&str, bool, bool)] = &[
    ("Prospecting", false, false),
    ("Qualification", false, false),
    ("Proposal/Price Quote", false, false),
    ("Negotiation", false, false),
    ("Negotiation/Review", false, false),
    ("Closed Won", true, true),
    ("Closed Lost", true, false),
];

const STAGE_NAMES: &[&str] = &[
    "Prospecting",
    "Qualification",
    "Proposal/Price Quote",
    "Negotiation",
    "Negotiation/Review",
    "Closed Won",
    "Closed Lost",
];

impl Schema {
    /// The org as the connector's README asks an administrator to set it up.
    pub fn new() -> Self {
        let objects = [account(), opportunity(), line_item(), product()];
        Self { objects: objects.into_iter().map(|object| (object.name, object)).collect() }
    }

    /// An object by its name; names are not case sensitive.
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.objects.values().find(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// All objects.
    pub fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    fn object_mut(&mut self, name: &str) -> Option<&mut Object> {
        self.objects.values_mut().find(|object| object.name.eq_ignore_ascii_case(name))
    }

    /// An administrator renames a field.
    pub fn rename(&mut self, object: &str, field: &str, to: &str) -> bool {
        let field = self.object_mut(object).and_then(|o| o.fields.iter_mut().find(|f| f.name == field));
        field.map(|field| field.name = to.into()).is_some()
    }

    /// An administrator changes a field's type, or makes it required.
    pub fn change(&mut self, object: &str, field: &str, kind: Option<&str>, required: Option<bool>) -> bool {
        let Some(field) = self.object_mut(object).and_then(|o| o.fields.iter_mut().find(|f| f.name == field)) else {
            return false;
        };
        match kind.map(FieldType::parse) {
            Some(Some(kind)) => field.kind = kind,
            Some(None) => return false,
            None => {}
        }
        field.required = required.unwrap_or(field.required);
        true
    }

    /// An administrator adds a field.
    pub fn add(&mut self, object: &str, field: &str, kind: &str, required: bool) -> bool {
        let (Some(kind), Some(object)) = (FieldType::parse(kind), self.object_mut(object)) else { return false };
        object.fields.push(Field { required, ..plain(field, kind) });
        true
    }
}

fn account() -> Object {
    let mut fields = standard();
    fields.extend([
        required("Name", FieldType::Text(255)),
        plain("ParentId", FieldType::Reference { to: "Account", as_: "Parent" }),
        plain("BillingStreet", FieldType::Text(255)),
        plain("BillingCity", FieldType::Text(40)),
        plain("BillingPostalCode", FieldType::Text(20)),
        plain("BillingCountryCode", FieldType::Text(2)),
        plain("CurrencyIsoCode", FieldType::Text(3)),
        external_id("VAT_Id__c", 20),
        external_id("Quoin_Id__c", 36),
        plain("Payment_Terms_Days__c", FieldType::Number(0)),
        plain("Credit_Status__c", FieldType::Picklist(&["OK", "Warning", "Hold", "Blocked"])),
        plain("Credit_Reason__c", FieldType::Text(255)),
    ]);
    Object { name: "Account", prefix: "001", fields, children: &[("Opportunities", "Opportunity", "AccountId")] }
}

fn opportunity() -> Object {
    let mut fields = standard();
    fields.extend([
        required("Name", FieldType::Text(120)),
        plain("AccountId", FieldType::Reference { to: "Account", as_: "Account" }),
        required("StageName", FieldType::Picklist(STAGE_NAMES)),
        required("CloseDate", FieldType::Date),
        plain("Amount", FieldType::Currency),
        plain("CurrencyIsoCode", FieldType::Text(3)),
        system("IsClosed", FieldType::Boolean),
        system("IsWon", FieldType::Boolean),
        system("LastStageChangeDate", FieldType::DateTime),
        external_id("Quote_Number__c", 40),
        plain("Quote_Version__c", FieldType::Number(0)),
        plain("Selling_Entity__c", FieldType::Text(10)),
        plain("Contract_Type__c", FieldType::Picklist(&["sow", "msa", "change_order"])),
        plain("Project_Template__c", FieldType::Text(40)),
        plain("Template_Version__c", FieldType::Number(0)),
        plain("Start_Date__c", FieldType::Date),
        plain("Target_Margin__c", FieldType::Percent),
        plain("Billed_With__c", FieldType::Text(60)),
        plain("Advances__c", FieldType::LongText(32_768)),
        external_id("Quoin_Key__c", 255),
        plain("Quoin_Stage__c", FieldType::Text(80)),
        plain("Quoin_Reason__c", FieldType::LongText(4_000)),
        plain("Quoin_Project_Code__c", FieldType::Text(80)),
        plain("Quoin_Invoice_Number__c", FieldType::Text(80)),
        plain("Quoin_Invoice_Status__c", FieldType::Text(40)),
        plain("Quoin_Invoice_Net__c", FieldType::Currency),
        plain("Quoin_Invoice_Gross__c", FieldType::Currency),
        plain("Quoin_Invoice_Open__c", FieldType::Currency),
        plain("Quoin_Invoice_Due__c", FieldType::Date),
        plain("Quoin_Revenue__c", FieldType::LongText(32_768)),
    ]);
    let children: &[_] = &[("OpportunityLineItems", "OpportunityLineItem", "OpportunityId")];
    Object { name: "Opportunity", prefix: "006", fields, children }
}

fn line_item() -> Object {
    let mut fields = standard();
    fields.extend([
        required("OpportunityId", FieldType::Reference { to: "Opportunity", as_: "Opportunity" }),
        plain("Product2Id", FieldType::Reference { to: "Product2", as_: "Product2" }),
        plain("SortOrder", FieldType::Number(0)),
        plain("Description", FieldType::Text(255)),
        required("Quantity", FieldType::Number(2)),
        plain("UnitPrice", FieldType::Currency),
        plain("TotalPrice", FieldType::Currency),
        plain("ServiceDate", FieldType::Date),
        plain("CurrencyIsoCode", FieldType::Text(3)),
        external_id("Line_Id__c", 40),
        plain("Billing_Model__c", FieldType::Picklist(&["Time and Materials", "Fixed Fee", "Retainer"])),
        plain("NTE_Limit__c", FieldType::Currency),
        plain("NTE_Mode__c", FieldType::Picklist(&["block", "fit", "spill", "warn"])),
        plain("Overage_Rate__c", FieldType::Currency),
        plain("Cost_Estimate__c", FieldType::Currency),
        plain("Tax_Category__c", FieldType::Text(2)),
        plain("Tax_Rate__c", FieldType::Percent),
        plain("Tax_Exemption_Reason__c", FieldType::Text(255)),
        plain("Terms__c", FieldType::LongText(32_768)),
        plain("Discount", FieldType::Percent),
        plain("Discount_Reason__c", FieldType::Text(255)),
    ]);
    Object { name: "OpportunityLineItem", prefix: "00k", fields, children: &[] }
}

fn product() -> Object {
    let mut fields = standard();
    fields.extend([required("Name", FieldType::Text(255)), plain("ProductCode", FieldType::Text(255))]);
    Object { name: "Product2", prefix: "01t", fields, children: &[] }
}

/// What a new record holds where the writer says nothing.
pub fn default_value(kind: &FieldType) -> Value {
    match kind {
        FieldType::Boolean => json!(false),
        _ => Value::Null,
    }
}
