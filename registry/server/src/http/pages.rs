//! Pages for people: what there is, what each plugin asks for and who vouches for it, what happened.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use quoin_package::{Manifest, ObjectContract, PackageKind, PluginName};
use quoin_trust::Certificate;

use super::{App, api, pairs};
use crate::error::Refusal;
use crate::log::{Entry, Event, Index, Plugin, Release};
use crate::registry::Need;

const CSS: &str = include_str!("../../assets/registry.css");
const ICON: &str = include_str!("../../assets/quoin.svg");

/// Only our own style and pictures: what a plugin says of itself is a stranger's text.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Lines of the log on one page.
const LINES: usize = 100;

/// The pages.
pub fn router() -> Router<App> {
    Router::new()
        .route("/", get(plugins))
        .route("/plugins/{namespace}/{name}", get(latest))
        .route("/plugins/{namespace}/{name}/{version}", get(version))
        .route("/log", get(log))
        .route("/assets/{name}", get(asset))
        .layer(middleware::map_response(strict))
}

async fn strict(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn asset(Path(name): Path<String>) -> Response {
    let (kind, text) = match name.as_str() {
        "registry.css" => ("text/css; charset=utf-8", CSS),
        "quoin.svg" => ("image/svg+xml", ICON),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

#[derive(Template)]
#[template(path = "plugins.html")]
struct PluginsPage {
    place: &'static str,
    words: String,
    plugins: Vec<Card>,
}

struct Card {
    name: String,
    title: String,
    version: String,
    description: String,
    objects: Vec<String>,
    certified: bool,
    deprecated: bool,
}

async fn plugins(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Response {
    let shown = || -> Result<Response, Refusal> {
        app.permit(&headers, Need::Pull)?;
        let words = pairs(&uri).into_iter().find(|(key, _)| key == "q").map(|(_, value)| value).unwrap_or_default();
        let index = app.index()?;
        let cards = index.search(&words).into_iter().map(|(name, release)| card(name, release)).collect();
        Ok(render(&PluginsPage { place: "plugins", words, plugins: cards }))
    };
    shown().unwrap_or_else(|refusal| plain(&refusal))
}

fn card(name: &PluginName, release: &Release) -> Card {
    let manifest = release.manifest();
    let of =
        |pick: fn(&Manifest) -> &String| manifest.as_ref().map(|manifest| pick(manifest).clone()).unwrap_or_default();
    Card {
        name: name.to_string(),
        title: of(|manifest| &manifest.name),
        version: release.published.version.to_string(),
        description: of(|manifest| &manifest.description),
        objects: manifest.iter().flat_map(|manifest| &manifest.objects).map(|object| words(&object.name)).collect(),
        certified: release.published.certificate.is_some(),
        deprecated: release.attention.deprecated.is_some(),
    }
}

#[derive(Template)]
#[template(path = "plugin.html")]
struct PluginPage {
    place: &'static str,
    host: String,
    name: String,
    title: String,
    description: String,
    license: String,
    shown: Row,
    versions: Vec<Row>,
    asks: Vec<Ask>,
    compared_with: String,
    changes: Vec<Ask>,
    key: String,
    key_id: String,
    certificate: Option<Certificate>,
    contract: String,
    sdk: String,
    size: String,
    manifest: String,
    component: String,
    imports: Vec<String>,
}

#[derive(Clone)]
struct Row {
    version: String,
    at: String,
    by: String,
    short: String,
    yanked: Option<String>,
    deprecated: Option<String>,
    revoked: Option<String>,
}

/// A line of what a plugin asks for, or of what changed.
struct Ask {
    what: String,
    value: String,
    help: String,
}

impl Ask {
    fn new(what: &str, value: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.to_owned(), value: value.into(), help: help.into() }
    }
}

async fn latest(state: State<App>, Path((namespace, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    show(&state, &headers, &namespace, &name, None)
}

async fn version(
    state: State<App>,
    Path((namespace, name, version)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    show(&state, &headers, &namespace, &name, Some(&version))
}

fn show(app: &App, headers: &HeaderMap, namespace: &str, name: &str, version: Option<&str>) -> Response {
    let shown = || -> Result<Option<Response>, Refusal> {
        app.permit(headers, Need::Pull)?;
        let index = app.index()?;
        let (name, plugin) = api::found(&index, namespace, name)?;
        let release = match version {
            Some(version) => plugin.resolve(version),
            None => plugin.latest().or_else(|| plugin.releases.values().next_back()),
        };
        let base = app.base_url(headers);
        let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host).to_owned();
        Ok(release.map(|release| render(&page(host, &name, plugin, release))))
    };
    match shown() {
        Ok(Some(response)) => response,
        Ok(None) => missing(&format!("{namespace}/{name} has no version {}", version.unwrap_or_default())),
        Err(refusal) => plain(&refusal),
    }
}

fn page(host: String, name: &PluginName, plugin: &Plugin, release: &Release) -> PluginPage {
    let published = &release.published;
    let manifest = release.manifest();
    let of =
        |pick: fn(&Manifest) -> &String| manifest.as_ref().map(|manifest| pick(manifest).clone()).unwrap_or_default();
    let evidence = &published.evidence;
    let changed = |what: &'static str, list: &[String]| {
        list.iter().map(|change| Ask::new(what, format!("it {change}"), "")).collect::<Vec<_>>()
    };
    let mut changes = changed("Breaks", &evidence.changes.breaking);
    changes.extend(changed("Asks for more", &evidence.changes.wider));
    PluginPage {
        place: "plugins",
        host,
        name: name.to_string(),
        title: of(|manifest| &manifest.name),
        description: of(|manifest| &manifest.description),
        license: of(|manifest| &manifest.license),
        shown: row(release),
        versions: plugin.releases.values().rev().map(row).collect(),
        asks: manifest.as_ref().map(asks).unwrap_or_default(),
        compared_with: evidence.compared_with.as_ref().map(ToString::to_string).unwrap_or_default(),
        changes,
        key: published.signed_by.to_string(),
        key_id: published.signed_by.id(),
        certificate: published.certificate.clone(),
        contract: evidence.contract.clone(),
        sdk: evidence.sdk.clone(),
        size: format!("{} KiB", published.component_bytes.div_ceil(1 << 10)),
        manifest: published.manifest.to_string(),
        component: published.component.to_string(),
        imports: evidence.imports.clone(),
    }
}

fn row(release: &Release) -> Row {
    Row {
        version: release.published.version.to_string(),
        at: day(release.at),
        by: release.by.clone(),
        short: release.published.component.short().to_owned(),
        yanked: release.attention.yanked.clone(),
        deprecated: release.attention.deprecated.clone(),
        revoked: release.attention.revoked.clone(),
    }
}

fn asks(manifest: &Manifest) -> Vec<Ask> {
    let mut asks = Vec::new();
    let converts = manifest.kind == PackageKind::Transform;
    for what in ["Reads", "Writes", "Converts"] {
        let is = |object: &&ObjectContract| match what {
            "Reads" => object.read,
            "Writes" => object.write,
            _ => converts,
        };
        let names: Vec<String> = manifest.objects.iter().filter(is).map(|object| words(&object.name)).collect();
        if !names.is_empty() {
            asks.push(Ask::new(what, names.join(", "), ""));
        }
    }
    for origin in &manifest.network.origins {
        let help = if origin.starts_with('{') { "an address that the operator configures" } else { "" };
        asks.push(Ask::new("Reaches", origin.clone(), help));
    }
    for slot in &manifest.credentials {
        asks.push(Ask::new("Credential", slot.slot.clone(), slot.help.clone()));
    }
    if let Some(webhook) = &manifest.webhook {
        asks.push(Ask::new("Webhooks", "takes them", webhook.proof.clone()));
    }
    let limits = &manifest.limits;
    let value = format!("{} MiB of memory, {} requests at once", limits.memory_mib, limits.concurrent_requests);
    asks.push(Ask::new("Limits", value, ""));
    asks
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    place: &'static str,
    seq: u64,
    hash: String,
    lines: Vec<Line>,
    older: Option<u64>,
}

struct Line {
    seq: u64,
    at: String,
    by: String,
    kind: &'static str,
    what: String,
    bad: bool,
}

async fn log(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Response {
    let shown = async || -> Result<Response, Refusal> {
        app.permit(&headers, Need::Pull)?;
        let _index: std::sync::Arc<Index> = app.index()?;
        let before = pairs(&uri).into_iter().find(|(key, _)| key == "before").and_then(|(_, value)| value.parse().ok());
        let before = before.unwrap_or(u64::MAX);
        let text = tokio::fs::read_to_string(app.log_path()).await?;
        let entries = text.lines().rev().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
        let lines: Vec<Line> =
            entries.filter(|entry| entry.seq < before).take(LINES).map(|entry| line(&entry)).collect();
        let older = lines.last().map(|line| line.seq).filter(|seq| *seq > 1);
        let head = app.head();
        Ok(render(&LogPage { place: "log", seq: head.seq, hash: head.hash, lines, older }))
    };
    shown().await.unwrap_or_else(|refusal| plain(&refusal))
}

fn line(entry: &Entry) -> Line {
    let (kind, what, bad) = match &entry.event {
        Event::NamespaceCreated { namespace, .. } => ("namespace", namespace.clone(), false),
        Event::OwnerAdded { namespace, owner } => ("owner added", format!("{owner} to {namespace}"), false),
        Event::OwnerRemoved { namespace, owner } => ("owner removed", format!("{owner} from {namespace}"), false),
        Event::KeyAdded { namespace, key } => ("key added", format!("{} to {namespace}", key.id()), false),
        Event::KeyRemoved { namespace, key } => ("key removed", format!("{} from {namespace}", key.id()), false),
        Event::TokenIssued { id, owner } => ("token issued", format!("{id} to {owner}"), false),
        Event::TokenRevoked { id } => ("token revoked", id.clone(), false),
        Event::VersionPublished(published) => {
            ("published", format!("{} {}, {}", published.plugin, published.version, published.component.short()), false)
        }
        Event::VersionRefused { plugin, version, reason, .. } => {
            ("refused", format!("{plugin} {version}: {reason}"), true)
        }
        Event::VersionYanked { plugin, version, reason } => ("yanked", format!("{plugin} {version}: {reason}"), false),
        Event::VersionRestored { plugin, version } => ("restored", format!("{plugin} {version}"), false),
        Event::VersionDeprecated { plugin, version, reason } => {
            ("deprecated", format!("{plugin} {version}: {reason}"), false)
        }
        Event::VersionRevoked { plugin, version, reason } => ("revoked", format!("{plugin} {version}: {reason}"), true),
    };
    let at = entry.at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    Line { seq: entry.seq, at, by: entry.by.clone(), kind, what, bad }
}

#[derive(Template)]
#[template(path = "plain.html")]
struct PlainPage {
    place: &'static str,
    title: String,
    text: String,
}

fn plain(refusal: &Refusal) -> Response {
    let title = if refusal.status == StatusCode::NOT_FOUND { "Not here" } else { "Not possible" };
    let page = PlainPage { place: "", title: title.to_owned(), text: refusal.message.clone() };
    let mut response = (refusal.status, render(&page)).into_response();
    if let Some(challenge) = refusal.challenge.as_ref().map(|_| HeaderValue::from_static("Basic realm=\"quoin\"")) {
        // Browsers know Basic: the token is the password.
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn missing(text: &str) -> Response {
    let page = PlainPage { place: "", title: "Not here".to_owned(), text: text.to_owned() };
    (StatusCode::NOT_FOUND, render(&page)).into_response()
}

fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `time_entry` as people say it.
fn words(name: &str) -> String {
    name.replace('_', " ")
}
