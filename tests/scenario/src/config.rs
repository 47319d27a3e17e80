//! The operator's part: one configuration and the secrets it needs.

use std::path::Path;

/// Plugin behind each role.
pub const CRM: &str = "salesforce";
/// Plugin behind each role.
pub const PSA: &str = "kantata";
/// Plugin behind each role.
pub const TIME: &str = "jira";

/// The deal.
pub const QUOTE: &str = "Q-2026-0042";
/// The senior.
pub const ANA: &str = "ana@advisory.example";
/// The consultant.
pub const BEN: &str = "ben@advisory.example";

/// What proves the CRM's webhooks.
pub const WEBHOOK_SECRET: &str = "a-shared-secret-of-the-scenario";

/// The billing policy that the configuration names.
pub const POLICY: &str = include_str!("policy.toml");

/// What differs from run to run.
pub struct Values<'a> {
    /// Folder of components.
    pub plugins: &'a Path,
    /// Folder of compiled components, shared by all runs of a workspace.
    pub compiled: &'a Path,
    /// CRM's address.
    pub crm: &'a str,
    /// PSA's address.
    pub psa: &'a str,
    /// The ERP's connection, from `plugin = …` on.
    pub erp: &'a str,
    /// Time system's address.
    pub time: &'a str,
    /// The operator's token.
    pub token: &'a str,
    /// Milliseconds between polls.
    pub poll_ms: u64,
    /// Business time at the start.
    pub now: &'a str,
}

/// A token nobody can guess.
pub fn token() -> String {
    let mut bytes = [0_u8; 24];
    // Without random bytes the token is worthless, and the host is ours and on loopback.
    let _filled = aws_lc_rs::rand::fill(&mut bytes);
    hex::encode(bytes)
}

/// Names and values for the vault, but the ERP's.
pub fn secrets() -> Vec<(String, String)> {
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        own("crm/api/client_id", "3MVG9.simulated.consumer.key"),
        own("crm/api/client_secret", "simulated-consumer-secret"),
        own("crm/webhook/value", WEBHOOK_SECRET),
        own("psa/api/value", "kantata-token"),
        own("time/api/username", "integration@advisory.example"),
        own("time/api/password", "jira-token"),
    ]
}

/// The configuration file.
pub fn text(values: &Values<'_>) -> String {
    let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, values.token.as_bytes()));
    let Values { crm, psa, erp, time, poll_ms, now, .. } = values;
    let (plugins, compiled) = (values.plugins.display(), values.compiled.display());
    format!(
        r#"# Written by the scenario: four systems, one legal entity.
[host]
data_dir = "data"
plugins_dir = "{plugins}"
compiled_dir = "{compiled}"
listen = "127.0.0.1:0"

[clock]
settable = true
start = "{now}"

[[token]]
name = "scenario"
role = "admin"
sha256 = "{digest}"
approves = ["finance director"]

[entity.DE01]
name = "Advisory DE GmbH"
country = "DE"
currency = "EUR"
zone = "Europe/Berlin"
vat_id = "DE123456789"
address = {{ purpose = "registered", lines = ["Hafenstrasse 1"], city = "Hamburg", postal_code = "20457", country = "DE" }}
tax = {{ category = "S", rate_percent = "19" }}
close_day = 5
close_time = "18:00"

[policy]
book = "policy.toml"
tax_countries = ["DE"]
contract_types = ["sow", "msa"]

[[connection]]
id = "crm"
plugin = "{CRM}"
poll_ms = {poll_ms}
allow_private = ["127.0.0.1"]
[connection.config]
base_url = "{crm}"
[connection.credential.api]
scheme = "oauth2_client_credentials"
token_url = "{crm}/services/oauth2/token"

[[connection]]
id = "psa"
plugin = "{PSA}"
poll_ms = {poll_ms}
allow_private = ["127.0.0.1"]
[connection.config]
base_url = "{psa}"
vat_field_id = "9001"
status_keys = {{ shell_created = "110", active = "305", on_hold = "410", cancelled = "501" }}
[connection.credential.api]
scheme = "bearer"

[[connection]]
id = "erp"
{erp}
[[connection]]
id = "time"
plugin = "{TIME}"
poll_ms = {poll_ms}
allow_private = ["127.0.0.1"]
[connection.config]
base_url = "{time}"
project_key = "ADV"
[connection.credential.api]
scheme = "basic"

[[route]]
role = "crm"
connection = "crm"
[[route]]
role = "psa"
connection = "psa"
[[route]]
role = "erp"
connection = "erp"
[[route]]
role = "time"
connection = "time"
"#
    )
}
