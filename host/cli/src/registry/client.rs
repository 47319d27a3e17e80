//! A registry, spoken to over HTTP.

use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use quoin_package::PluginName;
use quoin_registry::digest::Digest;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::arguments::FromArguments;
use crate::target;

/// Where a registry listens when nothing else is said.
const DEFAULT_URL: &str = "http://127.0.0.1:5050";

/// Longest wait for a connection, seconds.
const CONNECT_SECONDS: u64 = 5;

/// Longest wait for an answer, seconds: the registry compiles what is published to it.
const ANSWER_SECONDS: u64 = 330;

/// A registry, and who asks it.
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

#[derive(Deserialize)]
struct Refused {
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

impl Client {
    /// A client of a registry.
    ///
    /// # Errors
    /// When the address is none, or this machine cannot speak HTTPS.
    pub fn new(from: &FromArguments) -> anyhow::Result<Self> {
        let file = target::file()?;
        let url = from.registry.clone().or(file.registry).unwrap_or_else(|| DEFAULT_URL.into());
        ensure!(
            url.starts_with("http://") || url.starts_with("https://"),
            "'{url}' is no address of a registry; it begins with http:// or https://"
        );
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .timeout(Duration::from_secs(ANSWER_SECONDS))
            .user_agent(concat!("quoin/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("this machine cannot make an HTTP client")?;
        let token = from.registry_token.clone().or(file.registry_token);
        Ok(Self { http, url: url.trim_end_matches('/').into(), token })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let answer = request.send().await.map_err(|error| {
            let why = if error.is_timeout() { "did not answer in time" } else { "cannot be reached" };
            anyhow!("the registry at {} {why}; name another with --registry or QUOIN_REGISTRY", self.url)
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        let refused = serde_json::from_str::<Refused>(&text).ok().and_then(|refused| refused.errors.into_iter().next());
        match refused {
            Some(refusal) => bail!("{} ({})", refusal.message, refusal.code),
            None => bail!("{} answers {status}, and not as a registry would; check --registry", self.url),
        }
    }

    /// An answer read as `T`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let text = self.text(path).await?;
        serde_json::from_str(&text).context("the answer is not what this version of quoin understands")
    }

    /// An answer as text.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let answer = self.send(self.request(Method::GET, path)).await?;
        answer.text().await.context("the answer broke off")
    }

    /// What is known of a plugin; `None` when the registry has none.
    pub async fn plugin(&self, plugin: &PluginName) -> anyhow::Result<Option<Listing>> {
        let path = format!("/api/v1/plugins/{plugin}");
        let answer = self.request(Method::GET, &path).send().await;
        if answer.as_ref().is_ok_and(|answer| answer.status() == StatusCode::NOT_FOUND) {
            return Ok(None);
        }
        self.get(&path).await.map(Some)
    }

    /// Asks for something with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.send(self.request(Method::POST, path).json(body)).await?;
        answer.json().await.context("the answer is not readable")
    }

    /// Pushes content, unless it is there.
    pub async fn push_blob(&self, repository: &str, bytes: Vec<u8>) -> anyhow::Result<Digest> {
        let digest = Digest::sha256(&bytes);
        let there = self.request(Method::HEAD, &format!("/v2/{repository}/blobs/{digest}")).send().await;
        if there.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(digest);
        }
        let begun = self.send(self.request(Method::POST, &format!("/v2/{repository}/blobs/uploads/"))).await?;
        let place = begun.headers().get("location").and_then(|value| value.to_str().ok());
        let place = place.context("the registry began an upload without saying where")?.to_owned();
        let join = if place.contains('?') { '&' } else { '?' };
        let put = self.request(Method::PUT, &format!("{place}{join}digest={digest}"));
        self.send(put.header("content-type", "application/octet-stream").body(bytes)).await?;
        Ok(digest)
    }

    /// Pushes a manifest under a tag or its digest.
    pub async fn push_manifest(&self, repository: &str, reference: &str, bytes: Vec<u8>) -> anyhow::Result<()> {
        let put = self.request(Method::PUT, &format!("/v2/{repository}/manifests/{reference}"));
        self.send(put.header("content-type", quoin_registry::IMAGE_MANIFEST).body(bytes)).await.map(|_| ())
    }

    /// Content by its digest, of which at most `limit` bytes are taken, and checked.
    pub async fn pull(&self, repository: &str, kind: &str, digest: &Digest, limit: usize) -> anyhow::Result<Vec<u8>> {
        let get = self.request(Method::GET, &format!("/v2/{repository}/{kind}/{digest}"));
        let mut answer = self.send(get.header("accept", quoin_registry::IMAGE_MANIFEST)).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = answer.chunk().await.context("the answer broke off")? {
            bytes.extend_from_slice(&piece);
            ensure!(bytes.len() <= limit, "the registry sent more than the {limit} bytes that {digest} may have");
        }
        let found = Digest::of(digest.algorithm(), &bytes);
        ensure!(found == *digest, "the registry sent {found} instead of {digest}; nothing was installed");
        Ok(bytes)
    }
}

/// What a registry says of a plugin.
#[derive(Debug, Deserialize)]
pub struct Listing {
    /// The version to take when none is named.
    pub latest: Option<semver::Version>,
    /// All versions, the newest first.
    pub releases: Vec<Listed>,
}

/// What a registry says of a version.
#[derive(Debug, Deserialize)]
pub struct Listed {
    /// The version.
    pub version: semver::Version,
    /// Its manifest.
    pub manifest: Digest,
    /// Its component.
    pub component: Digest,
    /// How it stands.
    pub attention: Attention,
}

/// How a version stands.
#[derive(Debug, Default, Deserialize)]
pub struct Attention {
    /// Why it is hidden.
    pub yanked: Option<String>,
    /// Why something else should be taken.
    pub deprecated: Option<String>,
    /// Why it must not run.
    pub revoked: Option<String>,
}

impl Listing {
    /// A version.
    pub fn release(&self, version: &semver::Version) -> Option<&Listed> {
        self.releases.iter().find(|release| release.version == *version)
    }
}

/// Reads `namespace/name` or `namespace/name@version`.
pub fn coordinate(text: &str) -> anyhow::Result<(PluginName, Option<semver::Version>)> {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let version = version
        .map(|version| {
            semver::Version::parse(version).with_context(|| format!("'{version}' is no version such as 1.4.0"))
        })
        .transpose()?;
    Ok((name.parse()?, version))
}
