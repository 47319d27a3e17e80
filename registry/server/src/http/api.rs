//! What a registry answers beside the distribution API: search, versions, yank and its kin, the log.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use quoin_package::PluginName;
use semver::Version;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, pairs};
use crate::access::Caller;
use crate::error::{Code, Refusal};
use crate::log::{Event, Head, Index, Release};
use crate::name::Repository;
use crate::registry::Need;

/// Longest reason of a yank and its kin, characters.
const REASON_CHARS_MAX: usize = 500;

/// `GET /api/v1/plugins?q=`
pub async fn search(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Result<Json<Value>, Refusal> {
    app.permit(&headers, Need::Pull)?;
    let words = pairs(&uri).into_iter().find(|(key, _)| key == "q").map(|(_, value)| value).unwrap_or_default();
    let index = app.index()?;
    let items: Vec<Value> = index.search(&words).into_iter().map(|(name, release)| summary(name, release)).collect();
    Ok(Json(json!({ "items": items })))
}

fn summary(name: &PluginName, release: &Release) -> Value {
    let manifest = release.manifest();
    json!({
        "plugin": name,
        "version": release.published.version,
        "name": manifest.as_ref().map(|manifest| &manifest.name),
        "description": manifest.as_ref().map(|manifest| &manifest.description),
        "objects": manifest.as_ref().map(|manifest| manifest.objects.iter().map(|object| &object.name).collect::<Vec<_>>()),
        "published_at": release.at,
        "attention": release.attention,
    })
}

/// `GET /api/v1/plugins/{namespace}/{name}`
pub async fn plugin(
    State(app): State<App>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    app.permit(&headers, Need::Pull)?;
    let index = app.index()?;
    let (name, plugin) = found(&index, &namespace, &name)?;
    let keys = index.namespaces.get(&namespace).map(|known| known.keys.clone()).unwrap_or_default();
    Ok(Json(json!({
        "plugin": name,
        "repository": name.repository(),
        "latest": plugin.latest().map(|release| &release.published.version),
        "keys": keys,
        "releases": plugin.releases.values().rev().collect::<Vec<_>>(),
    })))
}

/// A plugin by the parts of its name.
pub(super) fn found<'i>(
    index: &'i Index,
    namespace: &str,
    name: &str,
) -> Result<(PluginName, &'i crate::log::Plugin), Refusal> {
    let unknown = || {
        Refusal::unknown(
            Code::NameUnknown,
            format!("there is no plugin {namespace}/{name} in this registry; look for it with `quoin search`"),
        )
    };
    let name = PluginName::new(namespace, name).map_err(|_| unknown())?;
    let plugin = index.plugin(&name).ok_or_else(unknown)?;
    Ok((name, plugin))
}

/// `GET /api/v1/namespaces/{namespace}`
pub async fn namespace(
    State(app): State<App>,
    Path(namespace): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    app.permit(&headers, Need::Pull)?;
    let index = app.index()?;
    let known = index.namespaces.get(&namespace).ok_or_else(|| {
        Refusal::unknown(Code::NameUnknown, format!("there is no namespace '{namespace}' in this registry"))
    })?;
    Ok(Json(json!(known)))
}

/// Why a version is treated so.
#[derive(Deserialize)]
pub struct Reason {
    #[serde(default)]
    reason: String,
}

/// `POST /api/v1/plugins/{namespace}/{name}/{version}/{yank|restore|deprecate|revoke}`
pub async fn act(
    State(app): State<App>,
    Path((namespace, name, version, action)): Path<(String, String, String, String)>,
    headers: HeaderMap,
    Json(Reason { reason }): Json<Reason>,
) -> Result<Response, Refusal> {
    let plugin =
        PluginName::new(&namespace, &name).map_err(|error| Refusal::invalid(Code::NameInvalid, error.to_string()))?;
    let version = Version::parse(&version)
        .map_err(|error| Refusal::invalid(Code::ManifestInvalid, format!("'{version}' is no version: {error}")))?;
    let by = owner(&app, &headers, &plugin)?;
    if reason.trim().is_empty() && action != "restore" {
        return Err(Refusal::invalid(
            Code::ManifestInvalid,
            "say why, with --reason: it is shown to everybody who asks",
        ));
    }
    let reason: String = reason.chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
    let event = event(&action, plugin.clone(), version.clone(), reason)?;
    app.record(&by.owner, |index| {
        let known = index.plugin(&plugin).is_some_and(|known| known.releases.contains_key(&version));
        if known { Ok(event) } else { Err(unknown_version(&plugin, &version)) }
    })?;
    Ok((StatusCode::OK, Json(json!({ "plugin": plugin, "version": version, "done": action }))).into_response())
}

fn event(action: &str, plugin: PluginName, version: Version, reason: String) -> Result<Event, Refusal> {
    Ok(match action {
        "yank" => Event::VersionYanked { plugin, version, reason },
        "restore" => Event::VersionRestored { plugin, version },
        "deprecate" => Event::VersionDeprecated { plugin, version, reason },
        "revoke" => Event::VersionRevoked { plugin, version, reason },
        _ => {
            let message =
                format!("'{action}' is nothing to do with a version; there are yank, restore, deprecate and revoke");
            return Err(Refusal::unknown(Code::Unsupported, message));
        }
    })
}

fn owner(app: &App, headers: &HeaderMap, plugin: &PluginName) -> Result<Caller, Refusal> {
    let repository = Repository::parse(&plugin.repository())
        .ok_or_else(|| Refusal::invalid(Code::NameInvalid, format!("{plugin} has no repository")))?;
    let caller = app.permit(headers, Need::Push(&repository))?;
    caller.ok_or_else(|| Refusal::denied("this needs the token of an owner"))
}

fn unknown_version(plugin: &PluginName, version: &Version) -> Refusal {
    Refusal::unknown(Code::ManifestUnknown, format!("{plugin} has no version {version}"))
}

/// `GET /api/v1/log?after=`: the log's lines as they are, after a number.
pub async fn log(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Result<Response, Refusal> {
    app.permit(&headers, Need::Pull)?;
    app.index()?;
    let after = pairs(&uri).into_iter().find(|(key, _)| key == "after").and_then(|(_, value)| value.parse().ok());
    let text = tokio::fs::read_to_string(app.log_path()).await?;
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let lines: String = whole.skip(after.unwrap_or(0)).collect();
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], Body::from(lines)).into_response())
}

/// `GET /api/v1/log/head`
pub async fn head(State(app): State<App>, headers: HeaderMap) -> Result<Json<Head>, Refusal> {
    app.permit(&headers, Need::Pull)?;
    app.index()?;
    Ok(Json(app.head()))
}
