//! The vendor's shapes, spelled as the vendor spells them.
//!
//! What the vendor always sends has no default: when it is missing one day, that is a fault and not
//! an empty field.

use quoin_sdk::{Decimal, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub struct Me {
    pub account: String,
    pub scopes: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Contacts {
    pub contacts: Vec<Contact>,
    pub more: bool,
}

#[derive(Debug, Deserialize)]
pub struct Contact {
    pub id: String,
    pub name: String,
    #[serde(rename = "vatNo", default)]
    pub vat_no: Option<String>,
    /// Money comes as a JSON number; its digits are kept.
    #[serde(rename = "creditLimit", default, with = "quoin_sdk::exact")]
    pub credit_limit: Option<Decimal>,
    #[serde(rename = "currencyCode", default)]
    pub currency_code: Option<String>,
    pub changed: Timestamp,
    pub gone: bool,
}

/// What is sent to make or change a contact.
#[derive(Debug, Serialize)]
pub struct NewContact {
    pub name: String,
    #[serde(rename = "vatNo", skip_serializing_if = "Option::is_none")]
    pub vat_no: Option<String>,
    #[serde(rename = "creditLimit", with = "quoin_sdk::exact", skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Decimal>,
    #[serde(rename = "currencyCode", skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
    /// Our id: the vendor refuses a second contact with the same one.
    pub marker: String,
}

/// What the vendor answers to a write.
#[derive(Debug, Deserialize)]
pub struct Written {
    pub id: String,
}
