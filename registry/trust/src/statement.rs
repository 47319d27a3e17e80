//! What is signed: an in-toto statement about the bytes of one version.

use std::collections::BTreeMap;

use quoin_package::PluginName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::TrustError;

/// `predicateType` of a statement "I publish these bytes as this version".
pub const PUBLISH_TYPE: &str = "https://quoin.dev/publish/v1";
/// `predicateType` of a statement "these bytes passed the conformance suite".
pub const CERTIFICATE_TYPE: &str = "https://quoin.dev/conformance/v1";

/// `_type` of in-toto statements (in-toto attestation framework, statement v1).
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The bytes of one version: both digests are SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectDigests {
    /// Of the OCI manifest.
    pub manifest: String,
    /// Of the component.
    pub component: String,
}

/// An in-toto statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Subject {
    name: String,
    digest: BTreeMap<String, String>,
}

/// The predicate of [`PUBLISH_TYPE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The plugin.
    pub plugin: PluginName,
    /// Its version.
    pub version: String,
}

/// The predicate of [`CERTIFICATE_TYPE`]: how the conformance suite ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Name and version of the suite.
    pub suite: String,
    /// Contract version it held the plugin to.
    pub contract: String,
    /// Cases that passed.
    pub passed: u32,
    /// Cases that failed.
    pub failed: u32,
    /// Cases that do not apply, each with its reason.
    #[serde(default)]
    pub skipped: BTreeMap<String, String>,
}

impl Statement {
    /// A statement about one version.
    ///
    /// # Errors
    /// When the predicate cannot be written as JSON.
    pub fn new(
        plugin: &PluginName,
        digests: &SubjectDigests,
        predicate_type: &str,
        predicate: &impl Serialize,
    ) -> Result<Self, TrustError> {
        let subject =
            |name: String, digest: &str| Subject { name, digest: [("sha256".to_owned(), digest.to_owned())].into() };
        Ok(Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![
                subject(plugin.repository(), &digests.manifest),
                subject("component".to_owned(), &digests.component),
            ],
            predicate_type: predicate_type.to_owned(),
            predicate: serde_json::to_value(predicate)
                .map_err(|error| TrustError::Malformed("the predicate", error.to_string()))?,
        })
    }

    /// Reads a payload.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, TrustError> {
        let statement: Self = serde_json::from_slice(payload)
            .map_err(|error| TrustError::Malformed("the signed statement", error.to_string()))?;
        if statement.kind != STATEMENT_TYPE {
            return Err(TrustError::Malformed("the signed statement", format!("its type is {}", statement.kind)));
        }
        Ok(statement)
    }

    /// What it says, when it is of this type.
    ///
    /// # Errors
    /// When it is of another type or shape.
    pub fn predicate<T: serde::de::DeserializeOwned>(&self, predicate_type: &str) -> Result<T, TrustError> {
        if self.predicate_type != predicate_type {
            return Err(TrustError::OtherSubject {
                signed: self.predicate_type.clone(),
                wanted: predicate_type.to_owned(),
            });
        }
        T::deserialize(&self.predicate)
            .map_err(|error| TrustError::Malformed("the signed predicate", error.to_string()))
    }

    /// What kind of statement it is.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// Whether it is about bytes with this SHA-256 (hexadecimal).
    pub fn is_about(&self, sha256: &str) -> bool {
        self.subject.iter().any(|subject| subject.digest.get("sha256").is_some_and(|known| known == sha256))
    }

    /// The digests it is about, for messages.
    pub fn subjects(&self) -> String {
        let all = self.subject.iter().filter_map(|subject| subject.digest.get("sha256"));
        all.map(|digest| format!("sha256:{digest}")).collect::<Vec<_>>().join(" and ")
    }
}
