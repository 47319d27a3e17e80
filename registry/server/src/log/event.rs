//! What can happen.

use jiff::Timestamp;
use quoin_package::PluginName;
use quoin_package::publication::Changes;
use quoin_trust::{Certificate, PublicKey};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// SHA-256 of the line before, hexadecimal; of nothing for the first.
    pub prev: String,
    /// Who.
    pub by: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A namespace was given out.
    NamespaceCreated {
        /// Its name.
        namespace: String,
        /// Bytes its plugins may have together.
        quota_bytes: u64,
        /// Whether each version needs a certificate.
        certificate_required: bool,
    },
    /// Somebody may publish there.
    OwnerAdded {
        /// Where.
        namespace: String,
        /// Who.
        owner: String,
    },
    /// Somebody may no longer.
    OwnerRemoved {
        /// Where.
        namespace: String,
        /// Who.
        owner: String,
    },
    /// What this key signs counts.
    KeyAdded {
        /// Where.
        namespace: String,
        /// The key.
        key: PublicKey,
    },
    /// What this key signs no longer counts for new versions.
    KeyRemoved {
        /// Where.
        namespace: String,
        /// The key.
        key: PublicKey,
    },
    /// A token was given out. Its value is nowhere.
    TokenIssued {
        /// Its id.
        id: String,
        /// Whose.
        owner: String,
    },
    /// A token was taken back.
    TokenRevoked {
        /// Its id.
        id: String,
    },
    /// A version was admitted. This line is what makes it exist.
    VersionPublished(Box<Published>),
    /// A version was refused.
    VersionRefused {
        /// The plugin.
        plugin: String,
        /// The tag it was pushed under.
        version: String,
        /// Its manifest.
        manifest: Digest,
        /// What was told.
        reason: String,
    },
    /// Hidden from whoever looks for a version; who has it keeps it.
    VersionYanked {
        /// The plugin.
        plugin: PluginName,
        /// The version.
        version: Version,
        /// Why.
        reason: String,
    },
    /// No longer hidden.
    VersionRestored {
        /// The plugin.
        plugin: PluginName,
        /// The version.
        version: Version,
    },
    /// Works, but something else should be taken.
    VersionDeprecated {
        /// The plugin.
        plugin: PluginName,
        /// The version.
        version: Version,
        /// Why, and what to take instead.
        reason: String,
    },
    /// Harmful: handed out no more, and hosts should stop it.
    VersionRevoked {
        /// The plugin.
        plugin: PluginName,
        /// The version.
        version: Version,
        /// Why.
        reason: String,
    },
}

/// An admitted version, with the evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// The plugin.
    pub plugin: PluginName,
    /// The version.
    pub version: Version,
    /// Its OCI manifest.
    pub manifest: Digest,
    /// Its component.
    pub component: Digest,
    /// Bytes of the component.
    pub component_bytes: u64,
    /// The key that signed it.
    pub signed_by: PublicKey,
    /// The signature's manifest.
    pub signature: Digest,
    /// How the conformance suite ended, when a certificate came along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// What the admission found.
    pub evidence: Evidence,
    /// `connector.toml`, as the component describes itself.
    pub connector: String,
}

/// What the admission found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Contract version stamped into the component.
    pub contract: String,
    /// SDK and language stamped into it.
    pub sdk: String,
    /// Powers found on it.
    pub powers: Vec<String>,
    /// What it imports.
    pub imports: Vec<String>,
    /// The version it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<Version>,
    /// What changed since.
    #[serde(default)]
    pub changes: Changes,
}
