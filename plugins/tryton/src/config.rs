//! The connection's configuration: our words to Tryton's names.

use std::collections::BTreeMap;

use quoin_sdk::{BillingMethod, Fault, FaultKind, TaxCategory, TaxTreatment, Unit};
use serde::Deserialize;

/// The fields of `connector.toml`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub base_url: String,
    pub database: String,
    pub companies: BTreeMap<String, String>,
    pub products: BTreeMap<String, String>,
    pub taxes: BTreeMap<String, String>,
    pub payment_terms: BTreeMap<String, String>,
    pub units: BTreeMap<String, String>,
    pub vat_type: Option<String>,
    pub accept_warnings: Option<BTreeMap<String, String>>,
}

/// Tryton's own names of units.
const UNITS: [(Unit, &str); 10] = [
    (Unit::Hour, "Hour"),
    (Unit::Minute, "Minute"),
    (Unit::Day, "Day"),
    (Unit::WorkingDay, "Day"),
    (Unit::Week, "Week"),
    (Unit::Month, "Month"),
    (Unit::Year, "Year"),
    (Unit::One, "Unit"),
    (Unit::LumpSum, "Unit"),
    (Unit::Kilometre, "Kilometer"),
];

impl Config {
    /// Refuses what would make a malformed address.
    pub fn checked(self) -> Result<Self, Fault> {
        if self.base_url.is_empty() {
            return Err(missing("base_url", "set it, such as https://erp.example.com"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if self.database.is_empty() || !self.database.chars().all(plain) {
            return Err(missing("database", "set it to the database's name: letters, digits and -._~ only"));
        }
        Ok(self)
    }

    /// Name of a selling entity's company.
    pub fn company(&self, code: &str) -> Result<&str, Fault> {
        let name = self.companies.get(code).map(String::as_str);
        name.ok_or_else(|| {
            missing(&format!("companies.{code}"), "map the selling entity to its company").at("/selling_entity")
        })
    }

    /// Name of the only company, where there is only one.
    pub fn only_company(&self) -> Option<&str> {
        let mut names: Vec<&String> = self.companies.values().collect();
        names.dedup();
        match names.as_slice() {
            [name] => Some(name),
            _ => None,
        }
    }

    /// Code of the product that a billing method is sold as.
    pub fn product(&self, billing: &BillingMethod, path: &str) -> Result<&str, Fault> {
        let method = method(billing);
        let code = self.products.get(method).map(String::as_str);
        code.ok_or_else(|| missing(&format!("products.{method}"), "map the billing method to a product").at(path))
    }

    /// Code of the product for a unit, where one is mapped.
    pub fn product_of_unit(&self, unit: Unit) -> Option<&str> {
        self.products.get(&unit_code(unit)).map(String::as_str)
    }

    /// Name of a unit.
    pub fn unit(&self, unit: Unit, path: &str) -> Result<&str, Fault> {
        let code = unit_code(unit);
        let own = UNITS.iter().find(|(known, _)| *known == unit).map(|(_, name)| *name);
        let name = self.units.get(&code).map(String::as_str).or(own);
        name.ok_or_else(|| missing(&format!("units.{code}"), "map the unit to one of Tryton's").at(path))
    }

    /// Name of the tax of a treatment: by category and rate, else by category alone. The standard
    /// category always needs its rate: it stands for several.
    pub fn tax(&self, tax: &TaxTreatment, path: &str) -> Result<&str, Fault> {
        let category = format!("{:?}", tax.category);
        let key = match tax.rate_percent {
            Some(rate) => format!("{category}:{}", rate.normalize()),
            None => category.clone(),
        };
        let alone = if tax.category == TaxCategory::S { None } else { self.taxes.get(&category) };
        let name = self.taxes.get(&key).or(alone).map(String::as_str);
        name.ok_or_else(|| missing(&format!("taxes.{key}"), "map the VAT category and rate to a tax").at(path))
    }

    /// Name of the payment term for so many days.
    pub fn payment_term(&self, days: i64, path: &str) -> Result<&str, Fault> {
        let name = self.payment_terms.get(&days.to_string()).map(String::as_str);
        name.ok_or_else(|| missing(&format!("payment_terms.{days}"), "map the days to a payment term").at(path))
    }

    /// Type of the identifier that holds a VAT id.
    pub fn vat_type(&self) -> &str {
        self.vat_type.as_deref().unwrap_or("eu_vat")
    }

    /// Whether a warning may be confirmed without a person. Its name is `<hash of records>.<name>`.
    pub fn accepts(&self, warning: &str) -> bool {
        let name = warning.rsplit('.').next().unwrap_or(warning);
        self.accept_warnings.as_ref().map_or(name == "invoice_payment_term", |accepted| accepted.contains_key(name))
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

/// The UN/ECE code of a unit.
pub fn unit_code(unit: Unit) -> String {
    match serde_json::to_value(unit) {
        Ok(serde_json::Value::String(code)) => code,
        _ => format!("{unit:?}"),
    }
}

fn missing(field: &str, hint: &str) -> Fault {
    Fault::new(FaultKind::Config, "CONFIG_MISSING", format!("the connection's configuration lacks {field}: {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_known_by_the_name_after_its_hash() {
        let config = Config::default();
        assert!(config.accepts("9601eb23.invoice_payment_term"));
        assert!(!config.accepts("9601eb23.invoice_similar"));
        let none = Config { accept_warnings: Some(BTreeMap::new()), ..Config::default() };
        assert!(!none.accepts("9601eb23.invoice_payment_term"));
    }

    #[test]
    fn a_database_name_cannot_leave_its_place_in_the_address() {
        for (database, good) in [("erp", true), ("erp-2.test", true), ("", false), ("a/b", false), ("a?b", false)] {
            let config =
                Config { base_url: "https://t.example".into(), database: database.into(), ..Config::default() };
            assert_eq!(config.checked().is_ok(), good, "{database}");
        }
    }
}
