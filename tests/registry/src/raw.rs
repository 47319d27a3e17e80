//! A publisher that lays a version out by hand, right or wrong, and pushes it over the distribution
//! API: what a client of somebody else's would do.

use anyhow::Context;
use quoin_registry::digest::Digest;
use quoin_registry::{IMAGE_INDEX, IMAGE_MANIFEST};
use quoin_trust::{BUNDLE_MEDIA_TYPE, Bundle, Certificate, Release, SigningKey, SubjectDigests};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use crate::Shop;

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// Code of the specification.
    pub code: String,
    /// The sentence.
    pub message: String,
}

/// What is pushed; change a field to make it wrong.
pub struct Push<'a> {
    /// `namespace/name`
    pub plugin: &'a str,
    /// The tag.
    pub tag: &'a str,
    /// The component.
    pub component: Vec<u8>,
    /// Media type of the configuration.
    pub config_type: &'a str,
    /// How often the layer is listed.
    pub layers: usize,
    /// Whether an index is pushed instead of an image manifest.
    pub index: bool,
    /// Who signs it, and for which version.
    pub signed: Option<(&'a SigningKey, &'a str)>,
    /// A certificate, signed by the same key.
    pub certificate: Option<Certificate>,
}

impl<'a> Push<'a> {
    /// Everything right.
    pub fn new(plugin: &'a str, tag: &'a str, component: Vec<u8>, key: &'a SigningKey) -> Self {
        Self {
            plugin,
            tag,
            component,
            config_type: "application/vnd.wasm.config.v0+json",
            layers: 1,
            index: false,
            signed: Some((key, tag)),
            certificate: None,
        }
    }
}

/// Pushes by hand.
pub struct Raw<'s> {
    shop: &'s Shop,
    client: Client,
    token: String,
}

impl<'s> Raw<'s> {
    /// With this token; none when it is empty.
    pub fn new(shop: &'s Shop, token: &str) -> Self {
        Self { shop, client: Client::new(), token: token.to_owned() }
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> anyhow::Result<Result<Response, Refused>> {
        let url = format!("{}{path}", self.shop.server.url());
        let mut request = self.client.request(method.parse()?, url).header("content-type", kind).body(body);
        if !self.token.is_empty() {
            request = request.basic_auth("ana", Some(&self.token));
        }
        let response = request.send()?;
        let status = response.status();
        if status.is_success() {
            return Ok(Ok(response));
        }
        let body: Value = response.json().unwrap_or_default();
        let text = |name: &str| body["errors"][0][name].as_str().unwrap_or_default().to_owned();
        Ok(Err(Refused { status: status.as_u16(), code: text("code"), message: text("message") }))
    }

    /// The status of a GET.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub fn status(&self, path: &str) -> anyhow::Result<u16> {
        Ok(match self.send("GET", path, "text/plain", Vec::new())? {
            Ok(response) => response.status().as_u16(),
            Err(refused) => refused.status,
        })
    }

    /// Pushes content.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub fn blob(&self, repository: &str, bytes: Vec<u8>) -> anyhow::Result<Result<Digest, Refused>> {
        let digest = Digest::sha256(&bytes);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        Ok(self.send("POST", &path, "application/octet-stream", bytes)?.map(|_| digest))
    }

    /// Pushes a version; how it was refused.
    ///
    /// # Errors
    /// When the registry does not answer.
    pub fn push(&self, push: Push<'_>) -> anyhow::Result<Result<Digest, Refused>> {
        let repository = format!("plugins/{}", push.plugin);
        let component = Digest::sha256(&push.component);
        let size = push.component.len();
        let config = format!("{{\"for\":\"{component}\"}}").into_bytes();
        let about = descriptor(push.config_type, &config);
        let named = if push.index { Vec::new() } else { vec![push.component, config] };
        for bytes in named.into_iter().chain([b"{}".to_vec()]) {
            if let Err(refused) = self.blob(&repository, bytes)? {
                return Ok(Err(refused));
            }
        }
        let layer = json!({ "mediaType": "application/wasm", "digest": component, "size": size });
        let manifest = match push.index {
            true => json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [] }),
            false => json!({
                "schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "config": about, "layers": vec![layer; push.layers],
            }),
        };
        let kind = if push.index { IMAGE_INDEX } else { IMAGE_MANIFEST };
        let bytes = serde_json::to_vec(&manifest)?;
        let digest = Digest::sha256(&bytes);
        let digests = SubjectDigests { manifest: digest.hex().into(), component: component.hex().into() };
        if let Some((key, version)) = push.signed {
            let plugin = push.plugin.parse().context("a plugin's name")?;
            let mut bundles = Vec::new();
            if let Some(certificate) = &push.certificate {
                bundles.push(Bundle::certificate(key, &plugin, certificate, &digests)?);
            }
            bundles.push(Bundle::release(key, &Release { plugin, version: version.to_owned() }, &digests)?);
            for bundle in bundles {
                if let Err(refused) = self.attach(&repository, kind, &bytes, &bundle.to_json()?)? {
                    return Ok(Err(refused));
                }
            }
        }
        let path = format!("/v2/{repository}/manifests/{}", push.tag);
        Ok(self.send("PUT", &path, kind, bytes)?.map(|_| digest))
    }

    fn attach(
        &self,
        repository: &str,
        kind: &str,
        subject: &[u8],
        bundle: &[u8],
    ) -> anyhow::Result<Result<(), Refused>> {
        if let Err(refused) = self.blob(repository, bundle.to_vec())? {
            return Ok(Err(refused));
        }
        let manifest = serde_json::to_vec(&json!({
            "schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "artifactType": BUNDLE_MEDIA_TYPE,
            "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [descriptor(BUNDLE_MEDIA_TYPE, bundle)], "subject": descriptor(kind, subject),
        }))?;
        let path = format!("/v2/{repository}/manifests/{}", Digest::sha256(&manifest));
        Ok(self.send("PUT", &path, IMAGE_MANIFEST, manifest)?.map(|_| ()))
    }
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": Digest::sha256(bytes), "size": bytes.len() })
}
