//! `connector.toml`: who a plugin is, what it reads and writes, where it may reach, which
//! credentials it names, how its cursors and repeats work.

use serde::{Deserialize, Serialize};

/// A package manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Package id: lower-case letters, digits and hyphens. Equals the plugin's folder name.
    pub id: String,
    /// What it is called in front of people.
    pub name: String,
    /// Semantic version of the plugin.
    pub version: String,
    /// `connector` or `transform`.
    #[serde(default)]
    pub kind: PackageKind,
    /// Contract version it was built for, such as `1.0`.
    pub contract: String,
    /// One sentence.
    pub description: String,
    /// SPDX licence.
    pub license: String,
    /// What it may reach.
    #[serde(default)]
    pub network: Network,
    /// Credential slots it names in requests.
    #[serde(default, rename = "credential")]
    pub credentials: Vec<CredentialSlot>,
    /// Configuration fields of a connection.
    #[serde(default, rename = "config")]
    pub config: Vec<ConfigField>,
    /// Canonical objects it reads or writes.
    #[serde(default, rename = "object")]
    pub objects: Vec<ObjectContract>,
    /// Inbound webhooks, where it takes them.
    #[serde(default)]
    pub webhook: Option<WebhookContract>,
    /// Limits it asks for; the operator's grant may be lower.
    #[serde(default)]
    pub limits: Limits,
}

/// Connector (talks to a system) or transform (pure).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum PackageKind {
    #[default]
    Connector,
    Transform,
}

/// Where a plugin may reach.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// URL origins, `https://host[:port]`. `{field}` takes the value of a configuration field,
    /// which may itself be a whole origin: `{base_url}`.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Path prefixes to which a POST is a read (query languages, RPC): `POST /services/…/suiteql`. Under a
    /// read grant only GET, HEAD and these may leave.
    #[serde(default)]
    pub reading_posts: Vec<String>,
}

/// A credential slot: the plugin knows its name, never its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialSlot {
    /// Name, used in requests and in the connection's configuration.
    pub slot: String,
    /// Schemes the vendor accepts, the recommended one first.
    pub schemes: Vec<Scheme>,
    /// What an operator must know to fill it.
    pub help: String,
}

/// Authentication schemes that the host implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// A fixed header with a secret value.
    StaticHeader,
    /// HTTP Basic (RFC 7617).
    Basic,
    /// A fixed bearer token (RFC 6750).
    Bearer,
    /// OAuth 2.0 client credentials (RFC 6749 section 4.4), secret in the form.
    Oauth2ClientCredentials,
    /// OAuth 2.0 client credentials with a signed assertion (RFC 7523 section 2.2).
    Oauth2ClientAssertion,
    /// OAuth 2.0 JWT bearer grant (RFC 7523 section 2.1).
    Oauth2JwtBearer,
    /// OAuth 2.0 refresh token (RFC 6749 section 6), rotating.
    Oauth2Refresh,
    /// OAuth 1.0a with HMAC-SHA256 (RFC 5849).
    Oauth1,
    /// A secret used only to prove inbound webhooks.
    WebhookSecret,
}

/// One configuration field of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigField {
    /// Name.
    pub field: String,
    /// Kind of value.
    #[serde(default)]
    pub kind: ConfigKind,
    /// Must be given.
    #[serde(default)]
    pub required: bool,
    /// Used when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// What it means.
    pub help: String,
    /// An example value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// Kinds of configuration values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ConfigKind {
    #[default]
    String,
    /// An absolute http(s) URL without path.
    Url,
    Integer,
    Boolean,
    /// Text to text, such as field or choice mappings.
    Map,
}

/// What a plugin does with one canonical object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectContract {
    /// Canonical object kind.
    pub name: String,
    /// Can be read by page and by id.
    #[serde(default)]
    pub read: bool,
    /// Can be written.
    #[serde(default)]
    pub write: bool,
    /// How reading moves on; required when read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// How a repeated write is recognised; required when written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
}

/// The contract of a cursor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Vendor field it follows.
    pub field: String,
    /// What breaks ties of that field.
    pub tie_break: String,
    /// Seconds read again before the last stamp, for late commits.
    #[serde(default)]
    pub overlap_seconds: u32,
    /// Whether deletes are seen.
    #[serde(default)]
    pub deletes: bool,
}

/// How the vendor lets us recognise that a write already happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// Create-or-update by our key.
    NativeUpsert,
    /// The server refuses a second record with our marker.
    UniqueMarker,
    /// We can search for our marker.
    ProbeOnly,
    /// Nothing: the host refuses unattended retries.
    None,
}

/// Inbound webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookContract {
    /// Slot whose secret proves a delivery.
    pub secret_slot: String,
    /// Largest body accepted, in bytes.
    pub max_body_bytes: u32,
    /// How the vendor proves it, for people.
    pub proof: String,
}

/// Limits of one call and of the connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Linear memory of one instance, MiB.
    pub memory_mib: u32,
    /// Wall time of one call, milliseconds.
    pub call_ms: u32,
    /// Requests to the vendor in flight per connection (vendors meter the account).
    pub concurrent_requests: u32,
    /// Largest answer taken from the vendor, bytes.
    pub response_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_mib: 64, call_ms: 30_000, concurrent_requests: 4, response_bytes: 16 << 20 }
    }
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not this shape; the text names line and field.
    #[error("connector.toml cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Readable but inconsistent.
    #[error("connector.toml, {field}: {message}")]
    Invalid {
        /// The field.
        field: String,
        /// What is wrong and how to mend it.
        message: String,
    },
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`ManifestError`] with the field and what to do.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Manifest = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// What it asks an operator for, a line each: what it does with which objects, and what it reaches.
    pub fn asks(&self) -> Vec<String> {
        let objects = |wanted: fn(&ObjectContract) -> bool| {
            let names: Vec<&str> =
                self.objects.iter().filter(|object| wanted(object)).map(|object| object.name.as_str()).collect();
            names.join(", ")
        };
        let converts = if self.kind == PackageKind::Transform { objects(|_| true) } else { String::new() };
        let slots: Vec<&str> = self.credentials.iter().map(|slot| slot.slot.as_str()).collect();
        let asked = [
            ("reads", objects(|object| object.read)),
            ("writes", objects(|object| object.write)),
            ("converts", converts),
            ("reaches", self.network.origins.join(", ")),
            ("credentials", slots.join(", ")),
        ];
        asked.into_iter().filter(|(_, what)| !what.is_empty()).map(|(name, what)| format!("{name}: {what}")).collect()
    }

    /// The contract for an object, when the plugin handles it.
    pub fn object(&self, name: &str) -> Option<&ObjectContract> {
        self.objects.iter().find(|object| object.name == name)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let invalid = |field: &str, message: String| ManifestError::Invalid { field: field.into(), message };
        let id_ok =
            !self.id.is_empty() && self.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !id_ok {
            return Err(invalid("id", format!("'{}' may hold only a-z, 0-9 and '-'", self.id)));
        }
        if !self.contract.starts_with("1.") {
            return Err(invalid(
                "contract",
                format!("built for contract {}, this host speaks 1.0; rebuild with an SDK 1.x", self.contract),
            ));
        }
        if self.kind == PackageKind::Transform {
            self.check_transform()?;
        }
        for object in &self.objects {
            if object.read && object.cursor.is_none() {
                return Err(invalid(
                    &format!("object.{}.cursor", object.name),
                    "a readable object declares its cursor".into(),
                ));
            }
            if object.write && object.repeat.is_none() {
                return Err(invalid(
                    &format!("object.{}.repeat", object.name),
                    "a writable object declares how a repeat is recognised".into(),
                ));
            }
        }
        Ok(())
    }

    /// A transform is pure: it reaches nothing, and neither reads nor writes.
    fn check_transform(&self) -> Result<(), ManifestError> {
        let wrong = [
            ("network", !self.network.origins.is_empty() || !self.network.reading_posts.is_empty(), "reaches nothing"),
            ("credential", !self.credentials.is_empty(), "has no credentials"),
            ("config", !self.config.is_empty(), "has no connection, so nothing fills its fields"),
            ("webhook", self.webhook.is_some(), "takes no webhooks"),
            ("object", self.objects.iter().any(|object| object.read || object.write), "neither reads nor writes"),
        ];
        if let Some((field, _, why)) = wrong.into_iter().find(|(_, is, _)| *is) {
            let message = format!("a transform {why}; take it out, or make it a connector");
            return Err(ManifestError::Invalid { field: field.into(), message });
        }
        if self.objects.is_empty() {
            let message = "a transform names what it converts: [[object]] name = \"invoice\"".into();
            return Err(ManifestError::Invalid { field: "object".into(), message });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSFORM: &str = "id = \"x\"\nname = \"X\"\nversion = \"1.0.0\"\nkind = \"transform\"\ncontract = \"1.0\"\n\
                             description = \"d\"\nlicense = \"MIT\"\n";

    #[test]
    fn a_transform_reaches_nothing_and_names_what_it_converts() {
        let with = |more: &str| Manifest::parse(&format!("{TRANSFORM}{more}")).map(|manifest| manifest.id);
        assert_eq!(with("[[object]]\nname = \"invoice\"\n").unwrap(), "x");
        let object = "[[object]]\nname = \"invoice\"\n";
        for (more, field) in [
            ("", "object: a transform names"),
            ("[[object]]\nname = \"invoice\"\nread = true\n", "object: a transform neither reads"),
            (&*format!("{object}[network]\norigins = [\"https://a.example\"]\n"), "network"),
            (&*format!("{object}[[config]]\nfield = \"f\"\nhelp = \"h\"\n"), "config"),
            (&*format!("{object}[[credential]]\nslot = \"api\"\nschemes = [\"bearer\"]\nhelp = \"h\"\n"), "credential"),
        ] {
            let error = with(more).unwrap_err().to_string();
            assert!(error.contains(&format!("connector.toml, {field}")), "{more}: {error}");
        }
    }
}
