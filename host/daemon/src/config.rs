//! The configuration file: what it may say, and what is wrong with it when something is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quoin_canonical::{Address, Currency, LegalEntity, Rounding, TaxTreatment};
use reconcile::drift::Ownership;
use serde::Deserialize;
use serde_json::Value;

/// Largest configuration file, in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// `quoin.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// This host.
    pub host: Host,
    /// The business clock.
    #[serde(default)]
    pub clock: ClockConfig,
    /// Who may use the API and the console.
    #[serde(default, rename = "token")]
    pub tokens: Vec<Token>,
    /// Our legal entities, by code.
    #[serde(default, rename = "entity")]
    pub entities: BTreeMap<String, Entity>,
    /// What may be sold and billed.
    #[serde(default)]
    pub policy: Policy,
    /// Connected systems.
    #[serde(default, rename = "connection")]
    pub connections: Vec<Connection>,
    /// Which connection serves a role.
    #[serde(default, rename = "route")]
    pub routes: Vec<Route>,
    /// Whose word counts on a field: rows in place of, or beside, the shipped ones.
    #[serde(default, rename = "ownership")]
    pub ownership: Vec<reconcile::drift::Field>,
    /// Whose signatures on plugins count.
    #[serde(default, rename = "publisher")]
    pub publishers: Vec<quoin_trust::Publisher>,
    /// Registries whose logs are followed: what is revoked there stops here.
    #[serde(default, rename = "registry")]
    pub registries: Vec<Registry>,
}

/// A registry whose log is followed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Name, for secrets: with `token = true` the vault holds `registry-<name>/api/value`.
    pub name: String,
    /// Address, as `quoin install` was given it.
    pub url: String,
    /// Whether it wants a token to be read.
    #[serde(default)]
    pub token: bool,
    /// Milliseconds between two looks: so long a revoked version may still serve.
    #[serde(default = "default_follow_ms")]
    pub follow_ms: u64,
    /// Private networks it may be in, such as `127.0.0.1`. None by default.
    #[serde(default)]
    pub allow_private: Vec<String>,
}

fn default_follow_ms() -> u64 {
    60_000
}

/// This host.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Where the journal, the vault and the compile cache live. Relative to the file.
    pub data_dir: PathBuf,
    /// Where plugins are loaded from: `<id>.wasm`. Relative to the file.
    pub plugins_dir: PathBuf,
    /// Where compiled plugins are kept; `compiled` in the data folder when not given. Relative to the file.
    #[serde(default)]
    pub compiled_dir: Option<PathBuf>,
    /// Milliseconds between two looks into the plugin folder: a new file there is loaded and serves. 0 looks only
    /// at the start.
    #[serde(default = "default_plugins_watch_ms")]
    pub plugins_watch_ms: u64,
    /// Whether every plugin must be signed by one of the `[[publisher]]` entries.
    #[serde(default)]
    pub signed_plugins_only: bool,
    /// Address to listen on.
    #[serde(default = "default_listen")]
    pub listen: String,
    /// Our own address as vendors call it; `http://<listen>` when not given.
    #[serde(default)]
    pub public_url: Option<String>,
    /// Further process definitions (`*.yaml`), beside the shipped ones. Relative to the file.
    #[serde(default)]
    pub processes_dir: Option<PathBuf>,
}

fn default_plugins_watch_ms() -> u64 {
    2_000
}

fn default_listen() -> String {
    "127.0.0.1:8080".to_owned()
}

/// The business clock.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockConfig {
    /// Whether operators may move it forward (demonstrations and rehearsals only).
    #[serde(default)]
    pub settable: bool,
    /// Where a settable clock starts, RFC 3339.
    #[serde(default)]
    pub start: Option<String>,
}

/// A bearer token of the API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Who holds it; shown in the audit.
    pub name: String,
    /// `viewer`, `operator` or `admin`.
    pub role: String,
    /// SHA-256 of the token, hex.
    pub sha256: String,
    /// Roles of the billing policy in which they approve documents.
    #[serde(default)]
    pub approves: Vec<String>,
}

/// One of our legal entities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Registered name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA zone: a business date is a date in this zone.
    pub zone: String,
    /// VAT id.
    pub vat_id: String,
    /// Registered address.
    #[serde(default)]
    pub address: Address,
    /// Tax charged by default.
    pub tax: TaxTreatment,
    /// Rounding of its documents.
    #[serde(default)]
    pub rounding: Rounding,
    /// A month closes on this day of the next month.
    #[serde(default = "default_close_day")]
    pub close_day: i8,
    /// At this time, `HH:MM`.
    #[serde(default = "default_close_time")]
    pub close_time: String,
}

fn default_close_day() -> i8 {
    5
}

fn default_close_time() -> String {
    "18:00".to_owned()
}

impl Entity {
    fn legal_entity(&self, code: &str) -> Result<LegalEntity, ConfigError> {
        let at = |field: &str| format!("entity.{code}.{field}");
        let currency = Currency::from_code(&self.currency).ok_or_else(|| {
            ConfigError::at(at("currency"), format!("'{}' is no ISO 4217 currency code", self.currency))
        })?;
        process::dates::at_time("2026-01-01", &self.close_time, &self.zone)
            .map_err(|message| ConfigError::at(at("zone"), message))?;
        if !(1..=28).contains(&self.close_day) {
            return Err(ConfigError::at(at("close_day"), "a month closes on a day from 1 to 28 of the next"));
        }
        Ok(LegalEntity {
            code: code.to_owned(),
            name: self.name.clone(),
            country: self.country.clone(),
            currency,
            zone: self.zone.clone(),
            vat_id: self.vat_id.clone(),
            address: self.address.clone(),
            rounding: self.rounding,
            default_tax: self.tax.clone(),
            closed_through: None,
        })
    }
}

/// What may be sold and billed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Countries whose tax we know how to charge.
    pub tax_countries: Vec<String>,
    /// Contract types we deliver under.
    pub contract_types: Vec<String>,
    /// Days after which a set-up that finance could not mend is taken back: the project's shell is closed.
    pub withdraw_after_days: u16,
    /// The billing policy: a book of versions, checked by `quoin policy check`. Relative to the file.
    /// Every choice has its default where none is named.
    pub book: Option<PathBuf>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tax_countries: Vec::new(),
            contract_types: Vec::new(),
            // Two weeks: long enough for a person on leave to be stood in for.
            withdraw_after_days: 14,
            book: None,
        }
    }
}

/// One connected system.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Id, unique.
    pub id: String,
    /// Plugin that speaks to it.
    pub plugin: String,
    /// Configuration fields of the plugin.
    #[serde(default)]
    pub config: BTreeMap<String, Value>,
    /// How each credential slot authenticates; secrets live in the vault.
    #[serde(default, rename = "credential")]
    pub credentials: BTreeMap<String, Credential>,
    /// Private networks this connection may reach, such as `127.0.0.1`. None by default.
    #[serde(default)]
    pub allow_private: Vec<String>,
    /// Origins it may reach; those that its plugin's manifest names when not given.
    #[serde(default)]
    pub origins: Option<Vec<String>>,
    /// Further origins for token endpoints alone.
    #[serde(default)]
    pub token_origins: Vec<String>,
    /// Requests per second it may send, averaged; no such budget when not given.
    #[serde(default)]
    pub requests_per_second: Option<f64>,
    /// The vendor's idempotency header, where it has one and the plugin does not name it.
    #[serde(default)]
    pub idempotency_header: Option<String>,
    /// Certificates of further authorities to trust, PEM.
    #[serde(default)]
    pub extra_ca_pem: Option<String>,
    /// Milliseconds between polls of each stream the plugin reads.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// Canonical objects it may read; all that the plugin declares when not given.
    #[serde(default)]
    pub read: Option<Vec<String>>,
    /// Canonical objects it may write; all that the plugin declares when not given.
    #[serde(default)]
    pub write: Option<Vec<String>>,
}

fn default_poll_ms() -> u64 {
    30_000
}

/// How a credential slot authenticates: the scheme and its parameters that are no secrets.
#[derive(Debug, Clone, Deserialize)]
pub struct Credential {
    /// Scheme, one of those the plugin's manifest lists.
    pub scheme: quoin_package::Scheme,
    /// Parameters of the scheme.
    #[serde(flatten)]
    pub parameters: BTreeMap<String, Value>,
}

/// Which connection serves a role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `crm`, `psa`, `erp` or `time`.
    pub role: String,
    /// The connection.
    pub connection: String,
    /// Only for this legal entity; for all when not given.
    #[serde(default)]
    pub entity: Option<String>,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Not TOML, or not this shape; the text shows line and column.
    #[error("{path}: {error}")]
    Syntax {
        /// Which file.
        path: String,
        /// Where and what.
        error: Box<toml::de::Error>,
    },
    /// Readable but wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong and how to mend it.
        message: String,
    },
}

impl ConfigError {
    pub(crate) fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }
}

impl Config {
    /// Reads and checks a configuration file. Paths in it become relative to the file's folder.
    ///
    /// # Errors
    /// [`ConfigError`] naming file, line or field.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable { path: path.display().to_string(), reason };
        let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > MAX_CONFIG_BYTES {
            return Err(unreadable(format!("{size} bytes; the limit is {MAX_CONFIG_BYTES}")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let mut config: Config = toml::from_str(&text)
            .map_err(|error| ConfigError::Syntax { path: path.display().to_string(), error: Box::new(error) })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.host.data_dir = folder.join(&config.host.data_dir);
        config.host.plugins_dir = folder.join(&config.host.plugins_dir);
        config.host.compiled_dir = config.host.compiled_dir.map(|dir| folder.join(dir));
        config.host.processes_dir = config.host.processes_dir.map(|dir| folder.join(dir));
        config.policy.book = config.policy.book.map(|book| folder.join(book));
        config.check()?;
        Ok(config)
    }

    /// Our address as vendors call it.
    pub fn public_url(&self) -> String {
        self.host.public_url.clone().unwrap_or_else(|| format!("http://{}", self.host.listen))
    }

    /// Whose word counts, field by field: the shipped policy with this file's rows.
    ///
    /// # Errors
    /// The first row that is wrong.
    pub fn field_owners(&self) -> Result<Ownership, ConfigError> {
        let policy = Ownership::shipped().and_then(|shipped| shipped.with(&self.ownership));
        policy.map_err(|error| ConfigError::at("ownership", error.to_string()))
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.field_owners()?;
        for (index, connection) in self.connections.iter().enumerate() {
            let at = format!("connection[{index}] '{}'", connection.id);
            if self.connections.iter().filter(|other| other.id == connection.id).count() > 1 {
                return Err(ConfigError::at(at, "another connection has this id; ids are unique"));
            }
            let plain = connection.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if connection.id.is_empty() || !plain {
                return Err(ConfigError::at(at, "an id holds letters, digits and hyphens only"));
            }
        }
        for (index, registry) in self.registries.iter().enumerate() {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if registry.name.is_empty() || !registry.name.chars().all(plain) {
                return Err(ConfigError::at(
                    format!("registry[{index}].name"),
                    "a name holds letters, digits and hyphens only",
                ));
            }
            if registry.follow_ms == 0 {
                return Err(ConfigError::at(
                    format!("registry[{index}].follow_ms"),
                    "0 would ask without a pause; write 1000 or more",
                ));
            }
        }
        for (index, route) in self.routes.iter().enumerate() {
            let at = |field: &str| format!("route[{index}].{field}");
            if !self.connections.iter().any(|connection| connection.id == route.connection) {
                let known: Vec<&str> = self.connections.iter().map(|connection| connection.id.as_str()).collect();
                let message =
                    format!("there is no connection '{}'; configured: {}", route.connection, known.join(", "));
                return Err(ConfigError::at(at("connection"), message));
            }
            if !["crm", "psa", "erp", "time"].contains(&route.role.as_str()) {
                return Err(ConfigError::at(
                    at("role"),
                    format!("'{}' is no role; use crm, psa, erp or time", route.role),
                ));
            }
        }
        self.legal_entities().map(|_| ())
    }

    /// The legal entities, checked.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn legal_entities(&self) -> Result<BTreeMap<String, LegalEntity>, ConfigError> {
        self.entities.iter().map(|(code, entity)| Ok((code.clone(), entity.legal_entity(code)?))).collect()
    }
}
