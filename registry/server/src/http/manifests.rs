//! Manifests: handed out as they were pushed, taken in when what they name is there. In a plugin's
//! repository a push under a tag is the publication of a version, and goes through the admission.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use quoin_package::PluginName;
use serde_json::json;

use super::route::{Reference, parse_digest};
use super::{App, CONTENT_DIGEST, Call, may_pull, no_method, on_disk};
use crate::admission;
use crate::digest::Digest;
use crate::error::{Code, Refusal};
use crate::log::Release;
use crate::manifest::{MANIFEST_BYTES_MAX, Manifest};
use crate::name::{Repository, Tag};
use crate::registry::Need;
use crate::store::Record;

/// Tags that one push may set with `?tag=`.
const TAGS_PER_PUSH_MAX: usize = 32;

/// `GET`, `HEAD`, `PUT` and `DELETE` of a manifest.
pub async fn answer(call: Call, repository: Repository, reference: Reference) -> Result<Response, Refusal> {
    match call.method {
        Method::GET | Method::HEAD => get(&call, &repository, &reference),
        Method::PUT => put(call, repository, reference).await,
        Method::DELETE => delete(&call, &repository, &reference),
        _ => Err(no_method(&call.method)),
    }
}

fn get(call: &Call, repository: &Repository, reference: &Reference) -> Result<Response, Refusal> {
    may_pull(call)?;
    let (digest, release) = resolve(&call.app, repository, reference)?;
    let record = call.app.store.record(repository, &digest)?.ok_or_else(|| unknown(repository, reference))?;
    let bytes = call.app.store.blob_bytes(repository, &digest)?.ok_or_else(|| unknown(repository, reference))?;
    let headers = [
        (header::CONTENT_TYPE.as_str(), record.descriptor.media_type),
        (header::CONTENT_LENGTH.as_str(), bytes.len().to_string()),
        (header::ETAG.as_str(), format!("\"{digest}\"")),
        (header::X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff".to_owned()),
        (CONTENT_DIGEST, digest.to_string()),
    ];
    let mut response = (StatusCode::OK, headers, Body::from(bytes)).into_response();
    if let Some(warning) = release.as_ref().and_then(warning)
        && let Ok(value) = format!("299 - \"{warning}\"").parse()
    {
        response.headers_mut().insert(header::WARNING, value);
    }
    Ok(response)
}

/// The manifest that a reference stands for, and the version it is of.
fn resolve(app: &App, repository: &Repository, reference: &Reference) -> Result<(Digest, Option<Release>), Refusal> {
    let Some(name) = PluginName::of_repository(repository.as_str()) else {
        let digest = match reference {
            Reference::Digest(digest) => Some(digest.clone()),
            Reference::Tag(tag) => app.store.tagged(repository, tag)?,
        };
        return Ok((digest.ok_or_else(|| unknown(repository, reference))?, None));
    };
    let index = app.index()?;
    let plugin = index.plugin(&name);
    let release = match reference {
        Reference::Digest(digest) => plugin.and_then(|plugin| plugin.by_manifest(digest)),
        Reference::Tag(tag) => plugin.and_then(|plugin| plugin.resolve(tag.as_str())),
    };
    if let Some(release) = release {
        if let Some(reason) = &release.attention.revoked {
            let version = &release.published.version;
            return Err(Refusal::denied(format!(
                "{name} {version} was revoked and must not run: {reason}; take another version (`quoin search {name}`)"
            )));
        }
        return Ok((release.published.manifest.clone(), Some(release.clone())));
    }
    match reference {
        Reference::Digest(digest) => Ok((digest.clone(), None)), // a signature, or an attestation
        Reference::Tag(_) => Err(unknown(repository, reference)),
    }
}

fn warning(release: &Release) -> Option<String> {
    let attention = &release.attention;
    let said = match (&attention.yanked, &attention.deprecated) {
        (Some(reason), _) => format!("yanked: {reason}"),
        (None, Some(reason)) => format!("deprecated: {reason}"),
        (None, None) => return None,
    };
    Some(said.chars().filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\')).collect())
}

async fn put(call: Call, repository: Repository, reference: Reference) -> Result<Response, Refusal> {
    let caller = call.app.permit(&call.headers, Need::Push(&repository))?;
    let mut tags = Vec::new();
    for (_, value) in call.query.iter().filter(|(key, _)| key == "tag") {
        let tag = Tag::parse(value);
        tags.push(tag.ok_or_else(|| Refusal::invalid(Code::ManifestInvalid, format!("'{value}' is no tag")))?);
    }
    if tags.len() > TAGS_PER_PUSH_MAX {
        let message = format!("one push sets at most {TAGS_PER_PUSH_MAX} tags");
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, Code::SizeInvalid, message));
    }
    let kind = call.header("content-type").map(str::to_owned);
    let wanted = call.query("digest").map(parse_digest).transpose()?;
    let Call { app, body, .. } = call;
    let bytes = to_bytes(body, MANIFEST_BYTES_MAX).await.map_err(|_| {
        Refusal::too_large(
            Code::SizeInvalid,
            format!("the manifest is larger than {MANIFEST_BYTES_MAX} bytes, or broke off; put content into layers"),
        )
    })?;
    let manifest = Manifest::parse(&bytes, kind.as_deref())?;
    let wanted = match &reference {
        Reference::Digest(digest) => Some(digest.clone()),
        Reference::Tag(tag) => {
            tags.push(tag.clone());
            wanted
        }
    };
    let digest = digest_of(&bytes, wanted)?;
    let push = Push { app, repository, manifest, bytes, digest };
    let plugin = PluginName::of_repository(push.repository.as_str());
    match (plugin, caller) {
        (None, _) => push.ordinary(tags, matches!(reference, Reference::Digest(_))).await,
        (Some(plugin), Some(caller)) => push.of_plugin(plugin, caller.owner, &tags).await,
        (Some(_), None) => Err(Refusal::denied("a plugin is pushed with its owner's token")),
    }
}

fn digest_of(bytes: &[u8], wanted: Option<Digest>) -> Result<Digest, Refusal> {
    let Some(wanted) = wanted else { return Ok(Digest::sha256(bytes)) };
    let found = Digest::of(wanted.algorithm(), bytes);
    if found != wanted {
        let message =
            format!("the manifest is {found}, not {wanted}; it was changed on its way, or the address is of another");
        return Err(Refusal::invalid(Code::DigestInvalid, message));
    }
    Ok(found)
}

/// A manifest that was sent.
struct Push {
    app: App,
    repository: Repository,
    manifest: Manifest,
    bytes: Bytes,
    digest: Digest,
}

impl Push {
    /// Into an ordinary repository: what it names must be there, nothing else.
    async fn ordinary(self, tags: Vec<Tag>, by_digest: bool) -> Result<Response, Refusal> {
        on_disk(move || {
            present(&self.app, &self.repository, &self.manifest)?;
            self.app.store.put_manifest(&self.repository, &self.record(), &self.bytes)?;
            for tag in &tags {
                self.app.store.put_tag(&self.repository, tag, &self.digest)?;
            }
            let mut response = self.created();
            if by_digest && !tags.is_empty() {
                let names: Vec<&str> = tags.iter().map(Tag::as_str).collect();
                if let Ok(value) = names.join(", ").parse() {
                    response.headers_mut().insert("oci-tag", value);
                }
            }
            Ok(response)
        })
        .await
    }

    /// Into a plugin's repository: a version under its tag, or something signed about one under its digest.
    async fn of_plugin(self, plugin: PluginName, by: String, tags: &[Tag]) -> Result<Response, Refusal> {
        let candidate = admission::Candidate {
            plugin,
            repository: self.repository.clone(),
            manifest: self.manifest.clone(),
            record: self.record(),
            bytes: self.bytes.clone(),
            by,
        };
        match tags {
            [] => admission::attach(&self.app, candidate).await?,
            [tag] => admission::admit(&self.app, candidate, tag).await?,
            _ => return Err(Refusal::invalid(Code::ManifestInvalid, "a version is pushed under one tag, its number")),
        }
        Ok(self.created())
    }

    fn record(&self) -> Record {
        Record {
            descriptor: self.manifest.descriptor(self.digest.clone(), self.bytes.len() as u64),
            names: self.manifest.names(),
            subject: self.manifest.subject.as_ref().map(|subject| subject.digest.clone()),
        }
    }

    fn created(&self) -> Response {
        let headers = [
            (header::LOCATION.as_str(), format!("/v2/{}/manifests/{}", self.repository, self.digest)),
            (CONTENT_DIGEST, self.digest.to_string()),
        ];
        let mut response = (StatusCode::CREATED, headers).into_response();
        if let Some(subject) = &self.manifest.subject
            && let Ok(value) = subject.digest.to_string().parse()
        {
            response.headers_mut().insert("oci-subject", value);
        }
        response
    }
}

/// Everything a manifest names must be in its repository before it, with the size it says.
pub fn present(app: &App, repository: &Repository, manifest: &Manifest) -> Result<(), Refusal> {
    let missing = |digest: &Digest| {
        Refusal::unknown(
            Code::ManifestBlobUnknown,
            format!("the manifest names {digest}, which {repository} does not hold; push it first"),
        )
        .with_detail(json!({ "digest": digest.to_string() }))
    };
    for needed in manifest.needed_blobs() {
        let (_, size) = app.store.blob(repository, &needed.digest)?.ok_or_else(|| missing(&needed.digest))?;
        if size != needed.size {
            let message = format!("{} has {size} bytes, the manifest says {}", needed.digest, needed.size);
            return Err(Refusal::invalid(Code::SizeInvalid, message));
        }
    }
    for needed in &manifest.manifests {
        app.store.record(repository, &needed.digest)?.ok_or_else(|| missing(&needed.digest))?;
    }
    Ok(())
}

fn delete(call: &Call, repository: &Repository, reference: &Reference) -> Result<Response, Refusal> {
    call.app.permit(&call.headers, Need::Push(repository))?;
    if PluginName::of_repository(repository.as_str()).is_some() {
        return Err(Refusal::unsupported(
            "a published version is never deleted; hide it with `quoin registry yank`, or stop it everywhere with `quoin registry revoke`",
        ));
    }
    if !call.app.settings.deletion {
        return Err(Refusal::unsupported("this registry deletes nothing; it was started with --no-delete"));
    }
    let there = match reference {
        Reference::Tag(tag) => call.app.store.delete_tag(repository, tag)?,
        Reference::Digest(digest) => call.app.store.delete_manifest(repository, digest)?,
    };
    if !there {
        return Err(unknown(repository, reference));
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

fn unknown(repository: &Repository, reference: &Reference) -> Refusal {
    let name = match reference {
        Reference::Tag(tag) => tag.to_string(),
        Reference::Digest(digest) => digest.to_string(),
    };
    Refusal::unknown(Code::ManifestUnknown, format!("{repository} has no manifest {name}"))
}
