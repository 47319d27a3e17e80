//! A component as it is laid out in a registry, byte for byte.

use quoin_package::PluginName;
use quoin_registry::digest::Digest;
use quoin_registry::{Descriptor, IMAGE_MANIFEST};
use quoin_trust::BUNDLE_MEDIA_TYPE;
use runtime::Examined;
use serde::Deserialize;
use serde_json::{Value, json};

/// The empty JSON object that an artifact without configuration has (OCI image specification 1.1).
pub const EMPTY: &[u8] = b"{}";

/// What is pushed for one version.
pub struct Package {
    /// Configuration.
    pub config: Vec<u8>,
    /// OCI manifest.
    pub manifest: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
}

/// Lays a component out (CNCF TAG Runtime, "Wasm OCI Artifact layout"). `created` is the only thing in it that is not
/// of the component: RFC 3339.
pub fn lay_out(
    plugin: &PluginName,
    component: &[u8],
    examined: &Examined,
    about: &quoin_package::Manifest,
    created: &str,
) -> anyhow::Result<Package> {
    let layer = Digest::sha256(component);
    let config = serde_json::to_vec(&json!({
        "created": created,
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer],
        "component": { "exports": exports(examined), "imports": examined.imports, "target": null },
    }))?;
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": descriptor("application/vnd.wasm.config.v0+json", &config),
        "layers": [{
            "mediaType": "application/wasm", "digest": layer, "size": component.len(),
            "annotations": { "org.opencontainers.image.title": format!("{}.wasm", plugin.name()) },
        }],
        "annotations": {
            "org.opencontainers.image.title": about.name,
            "org.opencontainers.image.version": about.version,
            "org.opencontainers.image.description": about.description,
            "org.opencontainers.image.licenses": about.license,
        },
    }))?;
    let digest = Digest::sha256(&manifest);
    Ok(Package { config, manifest, digest })
}

/// The interfaces behind the powers.
fn exports(examined: &Examined) -> Vec<String> {
    let behind = [
        ("checks", "check"),
        ("discovers", "discover"),
        ("reads", "source"),
        ("writes", "sink"),
        ("listens", "webhook"),
    ];
    let optional = behind.iter().filter(|(power, _)| examined.powers.iter().any(|has| has == power));
    if examined.powers.iter().any(|power| power == "converts") {
        return ["describe", "transform"].map(|interface| format!("quoin:transform/{interface}@1.0.0")).to_vec();
    }
    let names = std::iter::once("describe").chain(optional.map(|(_, interface)| *interface));
    names.map(|interface| format!("quoin:connector/{interface}@1.0.0")).collect()
}

/// A manifest that carries a signed bundle about another manifest.
pub fn attachment(subject: &Package, bundle: &[u8], predicate: &str) -> anyhow::Result<(Vec<u8>, Digest)> {
    let manifest = serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "artifactType": BUNDLE_MEDIA_TYPE,
        "config": descriptor("application/vnd.oci.empty.v1+json", EMPTY),
        "layers": [descriptor(BUNDLE_MEDIA_TYPE, bundle)],
        "subject": descriptor(IMAGE_MANIFEST, &subject.manifest),
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": predicate,
        },
    }))?;
    let digest = Digest::sha256(&manifest);
    Ok((manifest, digest))
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": Digest::sha256(bytes), "size": bytes.len() })
}

/// What is read of a manifest that was pulled.
#[derive(Deserialize)]
pub struct Pulled {
    /// Layers.
    pub layers: Vec<Descriptor>,
}

/// What is read of an index of referrers.
#[derive(Deserialize)]
pub struct Referrers {
    /// Manifests about the one that was asked for.
    pub manifests: Vec<Descriptor>,
}
