//! OCI manifests and indexes, as far as a registry must understand them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::error::{Code, Refusal};

/// Image manifest.
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Image index.
pub const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// Largest manifest, bytes. The specification asks for at least 4 MiB.
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;

/// A reference to content (OCI image specification, "Descriptor").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// What an artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Where else it may be had; such content need not be here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

impl Descriptor {
    /// Whether it may be missing from the registry: layers that their licence forbids to distribute.
    fn is_elsewhere(&self) -> bool {
        !self.urls.is_empty() || self.media_type.contains(".nondistributable.") || self.media_type.contains(".foreign.")
    }
}

/// A manifest or an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Its media type.
    pub media_type: String,
    /// What it says it is.
    pub artifact_type: Option<String>,
    /// The manifest it is about.
    pub subject: Option<Descriptor>,
    /// Its notes.
    pub annotations: BTreeMap<String, String>,
    /// Configuration, of an image manifest.
    pub config: Option<Descriptor>,
    /// Layers, of an image manifest.
    pub layers: Vec<Descriptor>,
    /// Manifests, of an index.
    pub manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: u64,
    media_type: Option<String>,
    artifact_type: Option<String>,
    subject: Option<Descriptor>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
}

impl Manifest {
    /// Reads a manifest that was sent as `content_type`.
    ///
    /// # Errors
    /// `MANIFEST_INVALID` with what is wrong.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, Refusal> {
        let refuse = |why: String| Refusal::invalid(Code::ManifestInvalid, why);
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| refuse(format!("the manifest is no JSON: {error}; send the manifest's bytes")))?;
        let shape = Shape::deserialize(&value)
            .map_err(|error| refuse(format!("the manifest does not have the form of an OCI manifest: {error}")))?;
        if shape.schema_version != 2 {
            return Err(refuse(format!("schemaVersion is {}; it must be 2", shape.schema_version)));
        }
        let sent = content_type.map(|text| text.split(';').next().unwrap_or(text).trim().to_owned());
        let media_type = match (sent, shape.media_type) {
            (Some(sent), Some(said)) if sent != said => {
                return Err(refuse(format!("Content-Type is {sent}, but mediaType is {said}; they must be the same")));
            }
            (Some(kind), _) | (None, Some(kind)) => kind,
            (None, None) if shape.manifests.is_some() => IMAGE_INDEX.to_owned(),
            (None, None) => IMAGE_MANIFEST.to_owned(),
        };
        let manifest = Self {
            artifact_type: shape.artifact_type.filter(|kind| !kind.is_empty()),
            subject: shape.subject,
            annotations: shape.annotations.unwrap_or_default(),
            config: shape.config,
            layers: shape.layers.unwrap_or_default(),
            manifests: shape.manifests.unwrap_or_default(),
            media_type,
        };
        manifest.complete()
    }

    fn complete(self) -> Result<Self, Refusal> {
        let refuse = |why: &str| Err(Refusal::invalid(Code::ManifestInvalid, why));
        match self.media_type.as_str() {
            IMAGE_MANIFEST | DOCKER_MANIFEST if self.config.is_none() => refuse("an image manifest has a config"),
            IMAGE_MANIFEST | DOCKER_MANIFEST if !self.manifests.is_empty() => {
                refuse("an image manifest has no manifests; send an index with its own media type")
            }
            IMAGE_INDEX | DOCKER_LIST if self.config.is_some() || !self.layers.is_empty() => {
                refuse("an index has neither config nor layers")
            }
            IMAGE_MANIFEST | DOCKER_MANIFEST | IMAGE_INDEX | DOCKER_LIST => Ok(self),
            other => refuse(&format!(
                "'{other}' is no media type of a manifest that this registry keeps; send {IMAGE_MANIFEST} or {IMAGE_INDEX}"
            )),
        }
    }

    /// Content that must be in the repository before it.
    pub fn needed_blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(self.layers.iter().filter(|layer| !layer.is_elsewhere()))
    }

    /// Everything it names, except its subject.
    pub fn names(&self) -> Vec<Digest> {
        let all = self.config.iter().chain(&self.layers).chain(&self.manifests);
        all.map(|descriptor| descriptor.digest.clone()).collect()
    }

    /// How it is listed among referrers (distribution specification, "Listing Referrers").
    pub fn descriptor(&self, digest: Digest, size: u64) -> Descriptor {
        let config_type = || self.config.as_ref().map(|config| config.media_type.clone());
        Descriptor {
            media_type: self.media_type.clone(),
            digest,
            size,
            artifact_type: self.artifact_type.clone().or_else(config_type),
            annotations: self.annotations.clone(),
            urls: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(kind: &str) -> String {
        format!(r#"{{"mediaType":"{kind}","digest":"{}","size":2}}"#, Digest::sha256(b"{}"))
    }

    #[test]
    fn manifests_are_read_or_refused() {
        let config = descriptor("application/vnd.oci.empty.v1+json");
        let table = [
            (format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]}}"#), None, ""),
            (format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE_INDEX}","manifests":[]}}"#), Some(IMAGE_INDEX), ""),
            (
                format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE_INDEX}","manifests":[]}}"#),
                Some(IMAGE_MANIFEST),
                "must be the same",
            ),
            (r#"{"schemaVersion":2}"#.to_owned(), Some(IMAGE_MANIFEST), "has a config"),
            (r#"{"schemaVersion":1}"#.to_owned(), None, "must be 2"),
            ("hello".to_owned(), None, "no JSON"),
            (r#"{"schemaVersion":2,"config":{}}"#.to_owned(), None, "form of an OCI manifest"),
            (format!(r#"{{"schemaVersion":2,"config":{config}}}"#), Some("text/plain"), "no media type of a manifest"),
        ];
        for (text, kind, part) in table {
            match Manifest::parse(text.as_bytes(), kind) {
                Ok(_) => assert_eq!(part, "", "{text}"),
                Err(refusal) => assert!(!part.is_empty() && refusal.message.contains(part), "{text}: {refusal:?}"),
            }
        }
    }

    #[test]
    fn an_images_artifact_type_is_its_configs() {
        let config = descriptor("application/vnd.example+json");
        let text = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[],"annotations":{{"a":"b"}}}}"#);
        let manifest = Manifest::parse(text.as_bytes(), None).unwrap();
        let listed = manifest.descriptor(Digest::sha256(b"x"), 1);
        assert_eq!(listed.artifact_type.as_deref(), Some("application/vnd.example+json"));
        assert_eq!(listed.annotations["a"], "b");
    }
}
