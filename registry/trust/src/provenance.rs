//! The note of origin beside an installed plugin, and whom an operator trusts. Enough to verify a
//! plugin on a machine without a network.

use aws_lc_rs::digest::{SHA256, digest};
use quoin_package::PluginName;
use serde::{Deserialize, Serialize};

use crate::TrustError;
use crate::bundle::Bundle;
use crate::key::PublicKey;
use crate::statement::{Release, SubjectDigests};

/// Whom an operator trusts: everything of `namespace` that `key` signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// Namespace in the registry.
    pub namespace: String,
    /// The publisher's public key, learnt from the publisher and not from the registry.
    pub key: PublicKey,
}

/// Where an installed plugin came from: `<id>.provenance.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Address of the registry.
    pub registry: String,
    /// The plugin.
    pub plugin: PluginName,
    /// Its version.
    pub version: String,
    /// SHA-256 of the OCI manifest, hexadecimal.
    pub manifest_sha256: String,
    /// SHA-256 of the component, hexadecimal.
    pub component_sha256: String,
    /// The publisher's signature.
    pub bundle: Bundle,
}

impl Provenance {
    /// Reads a note.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<Self, TrustError> {
        serde_json::from_str(text).map_err(|error| TrustError::Malformed("the provenance", error.to_string()))
    }

    /// Checks that a trusted publisher of the plugin's namespace signed exactly these bytes.
    ///
    /// # Errors
    /// What does not fit, and for a publisher that nobody trusts what to write into the configuration.
    pub fn verify(&self, component: &[u8], publishers: &[Publisher]) -> Result<PublicKey, TrustError> {
        let found = hex::encode(digest(&SHA256, component));
        if found != self.component_sha256 {
            return Err(TrustError::OtherSubject {
                signed: format!("a component sha256:{}", self.component_sha256),
                wanted: format!("the file's sha256:{found}"),
            });
        }
        let namespace = self.plugin.namespace();
        let trusted = publishers.iter().filter(|publisher| publisher.namespace == namespace);
        let keys: Vec<PublicKey> = trusted.map(|publisher| publisher.key).collect();
        let release = Release { plugin: self.plugin.clone(), version: self.version.clone() };
        let digests = SubjectDigests { manifest: self.manifest_sha256.clone(), component: found };
        self.bundle.verify_release(&keys, &release, &digests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    #[test]
    fn only_a_publisher_of_the_namespace_counts() {
        let key = SigningKey::generate().unwrap();
        let component = b"component";
        let digests = SubjectDigests { manifest: "a".repeat(64), component: hex::encode(digest(&SHA256, component)) };
        let plugin: PluginName = "acme/books".parse().unwrap();
        let release = Release { plugin: plugin.clone(), version: "1.0.0".into() };
        let note = Provenance {
            registry: "https://registry.example".into(),
            plugin,
            version: "1.0.0".into(),
            manifest_sha256: digests.manifest.clone(),
            component_sha256: digests.component.clone(),
            bundle: Bundle::release(&key, &release, &digests).unwrap(),
        };
        let note = Provenance::read(&serde_json::to_string(&note).unwrap()).unwrap();
        let publisher = |namespace: &str| [Publisher { namespace: namespace.into(), key: key.public() }];
        assert_eq!(note.verify(component, &publisher("acme")), Ok(key.public()));
        assert!(note.verify(component, &publisher("other")).is_err());
        assert!(note.verify(b"another", &publisher("acme")).is_err());
        let renamed = Provenance { version: "2.0.0".into(), ..note };
        assert!(renamed.verify(component, &publisher("acme")).is_err());
    }
}
