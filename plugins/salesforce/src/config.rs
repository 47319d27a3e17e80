//! A connection's configuration, and this org's own names for things.

use std::collections::BTreeMap;

use quoin_sdk::{Currency, Fault, FaultKind, Host};
use serde::Deserialize;

/// What `connector.toml` declares.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// My Domain URL.
    pub base_url: String,
    /// REST API version, such as `66.0`.
    #[serde(default = "default_version")]
    pub api_version: String,
    /// Currency of an org without multiple currencies.
    #[serde(default)]
    currency: Option<String>,
    /// Id of the org, for outbound messages.
    #[serde(default)]
    pub organization_id: Option<String>,
    /// Field names of this org, by `Object.Field` of the connector.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// Meaning of this org's billing models.
    #[serde(default)]
    pub billing_models: BTreeMap<String, String>,
    /// Meaning of this org's open stages.
    #[serde(default)]
    pub stages: BTreeMap<String, String>,
    /// What sales reads for each delivery stage.
    #[serde(default)]
    pub stage_labels: BTreeMap<String, String>,
}

fn default_version() -> String {
    "66.0".into()
}

impl Config {
    /// Reads it.
    ///
    /// # Errors
    /// Kind `config`.
    pub fn of(host: &dyn Host) -> Result<Self, Fault> {
        let mut config: Self = quoin_sdk::config(host)?;
        config.base_url = config.base_url.trim_end_matches('/').to_owned();
        config.currency = config.currency.filter(|code| !code.is_empty());
        config.organization_id = config.organization_id.filter(|id| !id.is_empty());
        config.currency()?;
        Ok(config)
    }

    /// The org's only currency; `None` when every record names its own.
    ///
    /// # Errors
    /// Kind `config` when the code is no currency.
    pub fn currency(&self) -> Result<Option<Currency>, Fault> {
        let Some(code) = &self.currency else { return Ok(None) };
        let currency = Currency::from_code(code).ok_or_else(|| {
            Fault::new(FaultKind::Config, "CURRENCY", format!("'{code}' in 'currency' is no ISO 4217 code"))
        })?;
        Ok(Some(currency))
    }

    /// This org's name of a field; `None` when the org does without it.
    pub fn field<'a>(&'a self, object: &str, field: &'a str) -> Option<&'a str> {
        // Every field of every row is asked for; most orgs rename none.
        if self.fields.is_empty() {
            return Some(field);
        }
        let own = self.fields.get(&format!("{object}.{field}")).map_or(field, String::as_str);
        (!own.is_empty()).then_some(own)
    }

    /// The connector's name of one of this org's fields: for faults that name it.
    pub fn known_field<'a>(&'a self, object: &str, own: &'a str) -> &'a str {
        self.fields
            .iter()
            .filter_map(|(known, name)| Some((known.strip_prefix(object)?.strip_prefix('.')?, name)))
            .find(|(_, name)| name.as_str() == own)
            .map_or(own, |(known, _)| known)
    }
}
