//! What an operator and a manifest say about one connection, as plain data.

use std::collections::BTreeMap;

use quoin_package::{Manifest, Scheme};
use serde::{Deserialize, Serialize};

/// One connection. `{field}` templates are filled already (`policy::network::fill_origins`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionConfig {
    /// Name; the first part of its secrets' names.
    pub connection: String,
    /// Origins that the package declares.
    pub manifest_origins: Vec<String>,
    /// Origins that the operator grants. A request needs both lists; empty means nothing.
    pub granted_origins: Vec<String>,
    /// Further origins for token endpoints alone; requests of the plugin never reach them.
    pub token_origins: Vec<String>,
    /// Paths to which a POST is a read: `POST /path` or `/path`.
    pub reading_posts: Vec<String>,
    /// What each version of the package declares, by the SHA-256 of its component, where several serve: then a
    /// request needs its own version's list, and `manifest_origins` and `reading_posts` are those of all together.
    pub versions: BTreeMap<String, VersionNetwork>,
    /// Private addresses, networks or exact origins that the operator opens: `127.0.0.1`,
    /// `10.1.0.0/16`, `http://erp.intern:8080`.
    pub allow_private: Vec<String>,
    /// Credential slots.
    pub credentials: Vec<CredentialConfig>,
    /// Requests per second, averaged; bursts of one second's worth. None is no such budget.
    pub requests_per_second: Option<f64>,
    /// Requests in flight at most.
    pub max_concurrent_requests: u32,
    /// Largest answer, in bytes after decompression.
    pub response_limit_bytes: u64,
    /// Largest request body, in bytes.
    pub request_limit_bytes: u64,
    /// Longest wait for a connection (name, TCP and TLS), in milliseconds.
    pub connect_timeout_ms: u32,
    /// Longest wait for a whole answer, in milliseconds; a request may ask for less.
    pub request_timeout_ms: u32,
    /// The vendor's idempotency header, where it has one.
    pub idempotency_header: Option<String>,
    /// Certificates of further authorities to trust, PEM.
    pub extra_ca_pem: Option<String>,
}

/// What one version of a package declares about the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VersionNetwork {
    /// Origins.
    pub origins: Vec<String>,
    /// Paths to which a POST is a read.
    pub reading_posts: Vec<String>,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            connection: String::new(),
            manifest_origins: Vec::new(),
            granted_origins: Vec::new(),
            token_origins: Vec::new(),
            reading_posts: Vec::new(),
            versions: BTreeMap::new(),
            allow_private: Vec::new(),
            credentials: Vec::new(),
            requests_per_second: None,
            max_concurrent_requests: 4,
            response_limit_bytes: 16 << 20,
            request_limit_bytes: 16 << 20,
            connect_timeout_ms: 10_000,
            request_timeout_ms: 30_000,
            idempotency_header: None,
            extra_ca_pem: None,
        }
    }
}

impl ConnectionConfig {
    /// Whether every configured slot is one that the package declares, in a scheme that its vendor
    /// accepts.
    ///
    /// # Errors
    /// [`ConfigError`] naming the slot and what it may be.
    pub fn check_slots(&self, manifest: &Manifest) -> Result<(), ConfigError> {
        let refuse = |slot: &str, message: String| ConfigError {
            connection: self.connection.clone(),
            field: format!("credential '{slot}'"),
            message,
        };
        for (index, configured) in self.credentials.iter().enumerate() {
            let slot = configured.slot.as_str();
            let Some(declared) = manifest.credentials.iter().find(|declared| declared.slot == slot) else {
                let known: Vec<&str> = manifest.credentials.iter().map(|declared| declared.slot.as_str()).collect();
                return Err(refuse(
                    slot,
                    format!("package '{}' declares no such slot; it has: {}", manifest.id, known.join(", ")),
                ));
            };
            if !declared.schemes.contains(&configured.scheme) {
                return Err(refuse(
                    slot,
                    format!("{:?} is not accepted; use one of {:?}", configured.scheme, declared.schemes),
                ));
            }
            if self.credentials.iter().take(index).any(|earlier| earlier.slot == slot) {
                return Err(refuse(slot, "it is configured twice; keep one".into()));
            }
        }
        Ok(())
    }
}

/// One credential slot. Secrets are not here: they lie in the vault as
/// `<connection>/<slot>/<part>`, with the parts that the scheme needs.
///
/// | scheme | secret parts | parameters |
/// |---|---|---|
/// | `static_header` | `value` | `header`, `prefix` |
/// | `basic` | `username`, `password` | |
/// | `bearer` | `value` | |
/// | `oauth2_client_credentials` | `client_id`, `client_secret` | `token_url`, `scope`, `audience`, `client_auth`, `token_encoding` |
/// | `oauth2_client_assertion` | `client_id`, `private_key` | `token_url`, `audience`, `scope`, `key_id`, `algorithm`, `subject`, `lifetime_seconds` |
/// | `oauth2_jwt_bearer` | `client_id`, `private_key` | `token_url`, `audience`, `subject`, `scope`, `key_id`, `algorithm`, `lifetime_seconds` |
/// | `oauth2_refresh` | `refresh_token`, `client_id`, `client_secret` (optional) | `token_url`, `scope`, `client_auth`, `token_encoding` |
/// | `oauth1` | `consumer_key`, `consumer_secret`, `token`, `token_secret` | `realm` |
/// | `webhook_secret` | `value` | never attached to a request |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialConfig {
    /// Name that the plugin uses.
    pub slot: String,
    /// How it is attached.
    pub scheme: Scheme,
    /// Origins that may receive it; empty is every origin of the connection.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Header of `static_header`.
    #[serde(default)]
    pub header: Option<String>,
    /// What stands before the value in that header, with its space: `Token `.
    #[serde(default)]
    pub prefix: String,
    /// Token endpoint.
    #[serde(default)]
    pub token_url: Option<String>,
    /// `aud` of an assertion (default: the token endpoint), or the form field `audience`.
    #[serde(default)]
    pub audience: Option<String>,
    /// `sub` of an assertion. Default: the client for a client assertion; a bearer grant without it
    /// takes the secret part `username`.
    #[serde(default)]
    pub subject: Option<String>,
    /// Scopes, separated by spaces. A form field; in a client assertion, a claim.
    #[serde(default)]
    pub scope: Option<String>,
    /// `kid` of an assertion.
    #[serde(default)]
    pub key_id: Option<String>,
    /// How assertions are signed. Default: PS256 for a client assertion, RS256 for a bearer grant.
    #[serde(default)]
    pub algorithm: Option<AssertionAlgorithm>,
    /// Life of an assertion, in seconds.
    #[serde(default = "assertion_lifetime_seconds")]
    pub lifetime_seconds: u32,
    /// `realm` of OAuth 1; sent, never signed.
    #[serde(default)]
    pub realm: Option<String>,
    /// Where the token endpoint wants the client's secret.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How the token endpoint wants its fields.
    #[serde(default)]
    pub token_encoding: TokenEncoding,
}

/// Three minutes: what vendors recommend, and room for clocks that differ a little.
fn assertion_lifetime_seconds() -> u32 {
    180
}

impl CredentialConfig {
    /// A slot with no parameters.
    pub fn new(slot: impl Into<String>, scheme: Scheme) -> Self {
        Self {
            slot: slot.into(),
            scheme,
            origins: Vec::new(),
            header: None,
            prefix: String::new(),
            token_url: None,
            audience: None,
            subject: None,
            scope: None,
            key_id: None,
            algorithm: None,
            lifetime_seconds: assertion_lifetime_seconds(),
            realm: None,
            client_auth: ClientAuth::default(),
            token_encoding: TokenEncoding::default(),
        }
    }
}

/// Signature algorithms of assertions (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AssertionAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256; the key in PKCS#8.
    ES256,
}

/// Where a client's id and secret stand in a token request (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// Among the fields.
    #[default]
    Form,
    /// In an `Authorization: Basic` header.
    Basic,
}

/// How the fields of a token request are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEncoding {
    /// As an HTML form, which RFC 6749 asks for.
    #[default]
    Form,
    /// As JSON, which some vendors document.
    Json,
}

/// Why a connection cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("connection '{connection}', {field}: {message}")]
pub struct ConfigError {
    /// Which connection.
    pub connection: String,
    /// Which field.
    pub field: String,
    /// What is wrong and how to mend it.
    pub message: String,
}
