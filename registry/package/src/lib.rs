//! What a connector package is: its manifest (`connector.toml`), read and checked.
//!
//! Lives here: pure data and rules about a package. Never enters: IO, a component's execution.

pub mod manifest;

pub use manifest::{
    ConfigField, ConfigKind, CredentialSlot, Cursor, Limits, Manifest, ManifestError, Network, ObjectContract,
    PackageKind, Repeat, Scheme, WebhookContract,
};
