//! A signature as it travels: a Sigstore bundle v0.3 with a DSSE envelope and a named public key.
//! Other tools read the format; ours needs nothing else to verify it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::key::{PublicKey, SigningKey};
use crate::statement::{Certificate, Release, Statement, SubjectDigests};
use crate::{CERTIFICATE_TYPE, PUBLISH_TYPE, TrustError};
use quoin_package::PluginName;

/// Media type of a Sigstore bundle, and the artifact type of the manifest that carries it.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Largest bundle that is read, bytes: a signed conformance report of a thousand cases has a tenth.
pub const MAX_BUNDLE_BYTES: usize = 1 << 20;

/// `payloadType` of in-toto statements.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signed statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    media_type: String,
    verification_material: Material,
    dsse_envelope: Envelope,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    public_key: Hint,
    #[serde(default)]
    tlog_entries: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hint {
    hint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Signature {
    sig: String,
    #[serde(default)]
    keyid: String,
}

impl Bundle {
    /// Signs a statement.
    ///
    /// # Errors
    /// When the statement cannot be written as JSON.
    pub fn sign(key: &SigningKey, statement: &Statement) -> Result<Self, TrustError> {
        let payload =
            serde_json::to_vec(statement).map_err(|error| TrustError::Malformed("the statement", error.to_string()))?;
        let id = key.public().id();
        let sig = STANDARD.encode(key.sign(&pre_authentication(PAYLOAD_TYPE, &payload)));
        Ok(Self {
            media_type: BUNDLE_MEDIA_TYPE.to_owned(),
            verification_material: Material { public_key: Hint { hint: id.clone() }, tlog_entries: Vec::new() },
            dsse_envelope: Envelope {
                payload: STANDARD.encode(&payload),
                payload_type: PAYLOAD_TYPE.to_owned(),
                signatures: vec![Signature { sig, keyid: id }],
            },
        })
    }

    /// Reads a bundle.
    ///
    /// # Errors
    /// When it is none, or larger than [`MAX_BUNDLE_BYTES`].
    pub fn read(bytes: &[u8]) -> Result<Self, TrustError> {
        let refuse = |why: String| TrustError::Malformed("the signature bundle", why);
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(refuse(format!("it has {} bytes; at most {MAX_BUNDLE_BYTES} are read", bytes.len())));
        }
        let bundle: Self = serde_json::from_slice(bytes).map_err(|error| refuse(error.to_string()))?;
        if bundle.media_type != BUNDLE_MEDIA_TYPE {
            return Err(refuse(format!("its mediaType is {}, not {BUNDLE_MEDIA_TYPE}", bundle.media_type)));
        }
        Ok(bundle)
    }

    /// The bundle as JSON.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn to_json(&self) -> Result<Vec<u8>, TrustError> {
        serde_json::to_vec(self).map_err(|error| TrustError::Malformed("the signature bundle", error.to_string()))
    }

    /// The statement and the key that signed it, when one of `keys` did.
    ///
    /// # Errors
    /// When none of the keys did, or the signed text is no statement.
    pub fn verify(&self, keys: &[PublicKey]) -> Result<(Statement, PublicKey), TrustError> {
        let envelope = &self.dsse_envelope;
        let decode = |text: &str| {
            STANDARD.decode(text).map_err(|error| TrustError::Malformed("the signature bundle", error.to_string()))
        };
        let payload = decode(&envelope.payload)?;
        let signed = pre_authentication(&envelope.payload_type, &payload);
        for signature in &envelope.signatures {
            let bytes = decode(&signature.sig)?;
            if let Some(key) = keys.iter().find(|key| key.verifies(&signed, &bytes)) {
                if envelope.payload_type != PAYLOAD_TYPE {
                    return Err(TrustError::Malformed("the signed statement", envelope.payload_type.clone()));
                }
                return Ok((Statement::read(&payload)?, *key));
            }
        }
        let trusted = keys.iter().map(PublicKey::id).collect::<Vec<_>>().join(", ");
        let trusted = if trusted.is_empty() { "there are none".to_owned() } else { trusted };
        Err(TrustError::UnknownSigner { trusted, hint: self.verification_material.public_key.hint.clone() })
    }

    /// Checks that one of `keys` published exactly this version with exactly these bytes.
    ///
    /// # Errors
    /// What does not fit.
    pub fn verify_release(
        &self,
        keys: &[PublicKey],
        wanted: &Release,
        digests: &SubjectDigests,
    ) -> Result<PublicKey, TrustError> {
        let (statement, key) = self.verify(keys)?;
        about(&statement, digests)?;
        let signed: Release = statement.predicate(PUBLISH_TYPE)?;
        if signed != *wanted {
            let show = |release: &Release| format!("{} {}", release.plugin, release.version);
            return Err(TrustError::OtherSubject { signed: show(&signed), wanted: show(wanted) });
        }
        Ok(key)
    }

    /// The certificate in this bundle, when one of `keys` signed it for exactly these bytes.
    ///
    /// # Errors
    /// What does not fit.
    pub fn verify_certificate(
        &self,
        keys: &[PublicKey],
        digests: &SubjectDigests,
    ) -> Result<(Certificate, PublicKey), TrustError> {
        let (statement, key) = self.verify(keys)?;
        about(&statement, digests)?;
        Ok((statement.predicate(CERTIFICATE_TYPE)?, key))
    }

    /// Signs "I publish these bytes as this version".
    ///
    /// # Errors
    /// When the statement cannot be written as JSON.
    pub fn release(key: &SigningKey, release: &Release, digests: &SubjectDigests) -> Result<Self, TrustError> {
        Self::sign(key, &Statement::new(&release.plugin, digests, PUBLISH_TYPE, release)?)
    }

    /// Signs "these bytes passed the suite".
    ///
    /// # Errors
    /// When the statement cannot be written as JSON.
    pub fn certificate(
        key: &SigningKey,
        plugin: &PluginName,
        certificate: &Certificate,
        digests: &SubjectDigests,
    ) -> Result<Self, TrustError> {
        Self::sign(key, &Statement::new(plugin, digests, CERTIFICATE_TYPE, certificate)?)
    }
}

fn about(statement: &Statement, digests: &SubjectDigests) -> Result<(), TrustError> {
    if statement.is_about(&digests.manifest) && statement.is_about(&digests.component) {
        return Ok(());
    }
    Err(TrustError::OtherSubject {
        signed: statement.subjects(),
        wanted: format!("sha256:{} and sha256:{}", digests.manifest, digests.component),
    })
}

/// What DSSE signs (DSSE v1.0.2, "PAE"): type and body with their lengths, so that neither can be read as the other.
fn pre_authentication(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(fill: &str) -> SubjectDigests {
        SubjectDigests { manifest: fill.repeat(64), component: "c".repeat(64) }
    }

    fn release(version: &str) -> Release {
        Release { plugin: "acme/books".parse().unwrap(), version: version.into() }
    }

    #[test]
    fn dsse_signs_lengths_too() {
        // The example of the DSSE specification.
        let signed = pre_authentication("http://example.com/HelloWorld", b"hello world");
        assert_eq!(signed, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn a_signature_counts_for_its_version_bytes_and_key_alone() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let bundle = Bundle::release(&key, &release("1.0.0"), &digests("a")).unwrap();
        let bundle = Bundle::read(&bundle.to_json().unwrap()).unwrap();
        let keys = [other.public(), key.public()];
        assert_eq!(bundle.verify_release(&keys, &release("1.0.0"), &digests("a")).unwrap(), key.public());
        let no = |result: Result<PublicKey, TrustError>| result.unwrap_err().to_string();
        assert!(no(bundle.verify_release(&keys, &release("1.0.1"), &digests("a"))).contains("1.0.1"));
        assert!(no(bundle.verify_release(&keys, &release("1.0.0"), &digests("b"))).contains("is about"));
        assert!(
            no(bundle.verify_release(&keys[..1], &release("1.0.0"), &digests("a"))).contains("none of the trusted")
        );
        assert!(no(bundle.verify_release(&[], &release("1.0.0"), &digests("a"))).contains("there are none"));
    }

    #[test]
    fn one_changed_byte_is_seen() {
        let key = SigningKey::generate().unwrap();
        let bundle = Bundle::release(&key, &release("1.0.0"), &digests("a")).unwrap();
        let payload = STANDARD.decode(&bundle.dsse_envelope.payload).unwrap();
        for position in 0..payload.len() {
            let mut changed = payload.clone();
            changed[position] ^= 1;
            let mut bundle = bundle.clone();
            bundle.dsse_envelope.payload = STANDARD.encode(changed);
            assert!(bundle.verify(&[key.public()]).is_err(), "byte {position}");
        }
    }

    #[test]
    fn a_certificate_is_no_release() {
        let key = SigningKey::generate().unwrap();
        let certificate = Certificate {
            suite: "quoin-conform 1".into(),
            contract: "1.0".into(),
            passed: 3,
            failed: 0,
            skipped: [].into(),
        };
        let plugin = "acme/books".parse().unwrap();
        let bundle = Bundle::certificate(&key, &plugin, &certificate, &digests("a")).unwrap();
        assert_eq!(bundle.verify_certificate(&[key.public()], &digests("a")).unwrap().0, certificate);
        assert!(bundle.verify_release(&[key.public()], &release("1.0.0"), &digests("a")).is_err());
    }
}
