//! What a connector package is: its manifest (`connector.toml`), read and checked; its place in a
//! registry; what a new version changes for those who run the old one.
//!
//! Lives here: pure data and rules about a package. Never enters: IO, a component's execution.

pub mod coordinate;
pub mod manifest;
pub mod publication;

pub use coordinate::PluginName;
pub use manifest::{
    ConfigField, ConfigKind, CredentialSlot, Cursor, Limits, Manifest, ManifestError, Network, ObjectContract,
    PackageKind, Repeat, Scheme, WebhookContract,
};
