//! What a repository has: its tags, and what is said about a manifest.

use axum::Json;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quoin_package::PluginName;
use serde_json::json;

use super::{Call, may_pull, no_method};
use crate::digest::Digest;
use crate::error::{Code, Refusal};
use crate::manifest::{Descriptor, IMAGE_INDEX};
use crate::name::Repository;

/// Tags given at once when a client does not say how many.
const TAGS_MAX: usize = 1_000;

/// Referrers given at once: with the largest notes a page stays below the size that clients take for an index.
const REFERRERS_MAX: usize = 200;

/// `GET …/tags/list`
pub fn tags(call: &Call, repository: &Repository) -> Result<Response, Refusal> {
    only_get(call)?;
    let all = match PluginName::of_repository(repository.as_str()) {
        Some(name) => call.app.index()?.plugin(&name).map(crate::log::Plugin::tags),
        None if call.app.store.knows(repository) => Some(call.app.store.tags(repository)?),
        None => None,
    };
    let all = all.ok_or_else(|| {
        Refusal::unknown(Code::NameUnknown, format!("there is no repository {repository} in this registry"))
    })?;
    let wanted = match call.query("n") {
        None => TAGS_MAX,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Refusal::invalid(Code::Unsupported, format!("n is '{text}'; it is a number of tags")))?
            .min(TAGS_MAX),
    };
    let after = call.query("last").unwrap_or_default();
    let rest: Vec<&String> = all.iter().filter(|tag| tag.as_str() > after).collect();
    let page = rest.get(..wanted).unwrap_or(&rest);
    let mut response = Json(json!({ "name": repository.as_str(), "tags": page })).into_response();
    if let Some(last) = page.last().filter(|_| rest.len() > page.len()) {
        let last = utf8_percent_encode(last, NON_ALPHANUMERIC);
        link(&mut response, &format!("/v2/{repository}/tags/list?n={wanted}&last={last}"));
    }
    Ok(response)
}

/// `GET …/referrers/<digest>`
pub fn referrers(call: &Call, repository: &Repository, digest: &Digest) -> Result<Response, Refusal> {
    only_get(call)?;
    let kind = call.query("artifactType").filter(|kind| !kind.is_empty());
    let mut found: Vec<Descriptor> = call.app.store.referrers(repository, digest)?;
    if let Some(kind) = kind {
        found.retain(|descriptor| descriptor.artifact_type.as_deref() == Some(kind));
    }
    let after: usize = call.query("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let page: Vec<&Descriptor> = found.iter().skip(after).take(REFERRERS_MAX).collect();
    let body = json!({ "schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": page });
    let mut response = ([(header::CONTENT_TYPE, IMAGE_INDEX)], body.to_string()).into_response();
    if kind.is_some()
        && let Ok(value) = "artifactType".parse()
    {
        response.headers_mut().insert("oci-filters-applied", value);
    }
    let next = after + page.len();
    if next < found.len() {
        let filter = kind.map(|kind| format!("&artifactType={}", utf8_percent_encode(kind, NON_ALPHANUMERIC)));
        link(&mut response, &format!("/v2/{repository}/referrers/{digest}?after={next}{}", filter.unwrap_or_default()));
    }
    Ok(response)
}

fn only_get(call: &Call) -> Result<(), Refusal> {
    if !matches!(call.method, Method::GET | Method::HEAD) {
        return Err(no_method(&call.method));
    }
    may_pull(call)
}

/// RFC 8288: where the list goes on.
fn link(response: &mut Response, next: &str) {
    if let Ok(value) = format!("<{next}>; rel=\"next\"").parse() {
        response.headers_mut().insert(header::LINK, value);
    }
}
