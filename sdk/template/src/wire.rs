//! The vendor's shapes, spelled as the vendor spells them.

use quoin_sdk::Decimal;
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub struct Me {
    pub account: String,
    pub scopes: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Contacts {
    pub contacts: Vec<Contact>,
    #[serde(default)]
    pub more: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Contact {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    pub name: String,
    #[serde(rename = "vatNo", default, skip_serializing_if = "Option::is_none")]
    pub vat_no: Option<String>,
    /// Money comes as a JSON number; its digits are kept.
    #[serde(rename = "creditLimit", default, with = "quoin_sdk::exact", skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Decimal>,
    #[serde(rename = "currencyCode", default, skip_serializing_if = "Option::is_none")]
    pub currency_code: Option<String>,
    /// Our id, where the contact is ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marker: Option<String>,
    #[serde(default, skip_serializing)]
    pub changed: u64,
    #[serde(default, skip_serializing)]
    pub gone: bool,
}
