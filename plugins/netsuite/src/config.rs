//! The connection's configuration, and the vendor ids it maps to.

use std::collections::BTreeMap;

use quoin_sdk::{BillingMethod, Currency, Fault, FaultKind, TaxCategory, TaxTreatment, Unit};
use serde::Deserialize;

use crate::wire::Ref;

/// The fields of `connector.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub base_url: String,
    pub account: String,
    pub subsidiaries: BTreeMap<String, String>,
    pub customer_subsidiary: Option<String>,
    pub currencies: BTreeMap<String, String>,
    pub items: BTreeMap<String, String>,
    pub tax_codes: BTreeMap<String, String>,
    pub terms: BTreeMap<String, String>,
    pub fields: BTreeMap<String, String>,
}

/// A custom field of the account, by what it means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Custom {
    Contract,
    DocumentType,
    JobContract,
    ContractLine,
    LineId,
    Method,
    Unit,
    Cap,
    CapMode,
    Terms,
    ServiceFrom,
    ServiceTo,
}

impl Custom {
    /// Every field, with its key in the configuration, its script id, and the record type (for a
    /// column: the first one) that carries it.
    pub const ALL: [(Custom, &'static str, &'static str, &'static str); 12] = [
        (Custom::Contract, "contract", "custbody_quoin_contract", "salesOrder"),
        (Custom::DocumentType, "document_type", "custbody_quoin_document_type", "invoice"),
        (Custom::JobContract, "job_contract", "custentity_quoin_contract", "job"),
        (Custom::ContractLine, "contract_line", "custcol_quoin_contract_line", "salesOrder"),
        (Custom::LineId, "line_id", "custcol_quoin_line_id", "invoice"),
        (Custom::Method, "method", "custcol_quoin_method", "salesOrder"),
        (Custom::Unit, "unit", "custcol_quoin_unit", "invoice"),
        (Custom::Cap, "cap", "custcol_quoin_cap", "salesOrder"),
        (Custom::CapMode, "cap_mode", "custcol_quoin_cap_mode", "salesOrder"),
        (Custom::Terms, "terms", "custcol_quoin_terms", "salesOrder"),
        (Custom::ServiceFrom, "service_from", "custcol_quoin_service_from", "invoice"),
        (Custom::ServiceTo, "service_to", "custcol_quoin_service_to", "invoice"),
    ];
}

impl Config {
    /// Refuses what would make a malformed request: script ids go into queries.
    pub fn checked(self) -> Result<Self, Fault> {
        if self.base_url.is_empty() {
            return Err(missing("base_url", "set it, such as https://1234567.suitetalk.api.netsuite.com"));
        }
        for (key, id) in &self.fields {
            let known = Custom::ALL.iter().any(|(_, name, _, _)| name == key);
            let plain =
                id.starts_with("cust") && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            if !known || !plain {
                let message = format!(
                    "fields.{key} = '{id}': the key must be one of the README's, the value a script id such as custcol_line"
                );
                return Err(Fault::new(FaultKind::Config, "CONFIG", message));
            }
        }
        Ok(self)
    }

    /// The script id of a custom field.
    pub fn field(&self, custom: Custom) -> &str {
        let (_, key, default, _) = Custom::ALL[custom as usize];
        self.fields.get(key).map_or(default, String::as_str)
    }

    /// The subsidiary of a selling entity.
    pub fn subsidiary(&self, code: &str) -> Result<Ref, Fault> {
        let id = self.subsidiaries.get(code);
        let hint = || missing(&format!("subsidiaries.{code}"), "map the selling entity to the id of its subsidiary");
        id.map(Ref::to).ok_or_else(|| hint().at("/selling_entity"))
    }

    /// The primary subsidiary of new customers.
    pub fn customer_subsidiary(&self) -> Result<Ref, Fault> {
        if let Some(id) = &self.customer_subsidiary {
            return Ok(Ref::to(id));
        }
        let mut ids: Vec<&String> = self.subsidiaries.values().collect();
        ids.dedup();
        match ids.as_slice() {
            [id] => Ok(Ref::to(id)),
            _ => Err(missing(
                "customer_subsidiary",
                "several subsidiaries are mapped: say which one new customers belong to",
            )),
        }
    }

    /// A currency.
    pub fn currency(&self, currency: Currency) -> Result<Ref, Fault> {
        let id = self.currencies.get(currency.code());
        let hint = || missing(&format!("currencies.{currency}"), "map the currency to its internal id");
        id.map(Ref::to).ok_or_else(|| hint().at("/currency"))
    }

    /// Payment terms, where they are mapped.
    pub fn terms(&self, days: u16) -> Option<Ref> {
        self.terms.get(&days.to_string()).map(Ref::to)
    }

    /// The item a billing method is sold as.
    pub fn item(&self, billing: &BillingMethod, path: &str) -> Result<Ref, Fault> {
        let method = method(billing);
        let id = self.items.get(method);
        id.map(Ref::to).ok_or_else(|| missing(&format!("items.{method}"), "map the billing method to an item").at(path))
    }

    /// The item mapped to a unit, where one is.
    pub fn item_of_unit(&self, unit: Unit) -> Option<Ref> {
        let code = serde_json::to_value(unit).ok()?;
        self.items.get(code.as_str()?).map(Ref::to)
    }

    /// The tax code of a treatment: by category and rate, else by category alone. The standard
    /// category always needs its rate: it stands for several.
    pub fn tax_code(&self, tax: &TaxTreatment, path: &str) -> Result<Ref, Fault> {
        let category = format!("{:?}", tax.category);
        let key = match tax.rate_percent {
            Some(rate) => format!("{category}:{}", rate.normalize()),
            None => category.clone(),
        };
        let alone = if tax.category == TaxCategory::S { None } else { self.tax_codes.get(&category) };
        let id = self.tax_codes.get(&key).or(alone);
        id.map(Ref::to)
            .ok_or_else(|| missing(&format!("tax_codes.{key}"), "map the VAT category and rate to a tax code").at(path))
    }
}

/// The canonical name of a billing method.
pub fn method(billing: &BillingMethod) -> &'static str {
    match billing {
        BillingMethod::TimeAndMaterials { .. } => "time_and_materials",
        BillingMethod::FixedFee { .. } => "fixed_fee",
        BillingMethod::Retainer(_) => "retainer",
    }
}

fn missing(field: &str, hint: &str) -> Fault {
    Fault::new(FaultKind::Config, "CONFIG_MISSING", format!("the connection's configuration lacks {field}: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_custom_field_stands_at_its_own_place() {
        for (at, (custom, _, _, _)) in Custom::ALL.iter().enumerate() {
            assert_eq!(*custom as usize, at, "{custom:?}");
        }
    }

    #[test]
    fn tax_codes_are_chosen_by_category_and_rate() {
        let codes = [("S:19", "5"), ("S:7.5", "6"), ("AE", "8"), ("Z:0", "7"), ("S", "never")];
        let tax_codes = codes.iter().map(|(key, id)| ((*key).to_owned(), (*id).to_owned())).collect();
        let config = Config { tax_codes, ..Config::default() };
        let cases = [
            (TaxCategory::S, Some("19"), Some("5")),
            (TaxCategory::S, Some("19.00"), Some("5")),
            (TaxCategory::S, Some("7.50"), Some("6")),
            (TaxCategory::S, Some("20"), None),
            (TaxCategory::AE, Some("0"), Some("8")),
            (TaxCategory::AE, None, Some("8")),
            (TaxCategory::Z, Some("0.0"), Some("7")),
            (TaxCategory::O, None, None),
        ];
        for (category, rate, id) in cases {
            let rate_percent = rate.map(|rate| rate.parse().unwrap());
            let tax = TaxTreatment { category, rate_percent, exemption_reason: None };
            let found = config.tax_code(&tax, "/lines/0/tax").ok().map(|code| code.id);
            assert_eq!(found.as_deref(), id, "{category:?} {rate:?}");
        }
    }
}
