//! The wire: the distribution API below `/v2/`, ours below `/api/v1/`, pages for people.

mod api;
mod blobs;
mod lists;
mod manifests;
mod pages;
mod route;
mod session;
mod uploads;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use percent_encoding::percent_decode_str;

use crate::error::{Code, Refusal};
use crate::registry::{Need, Registry};
use route::Route;

pub(crate) use manifests::present;

/// What every handler shares.
pub(crate) type App = Arc<Registry>;

/// `Docker-Content-Digest`
pub(crate) const CONTENT_DIGEST: &str = "docker-content-digest";

/// Everything a registry answers.
pub fn router(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/v2/", any(distribution))
        .route("/v2", any(distribution))
        .route("/v2/{*path}", any(distribution))
        .route("/token", get(session::token).post(session::token))
        .route("/.well-known/wasm-pkg/registry.json", get(session::wasm_pkg))
        .route("/api/v1/plugins", get(api::search))
        .route("/api/v1/plugins/{namespace}/{name}", get(api::plugin))
        .route("/api/v1/plugins/{namespace}/{name}/{version}/{action}", post(api::act))
        .route("/api/v1/namespaces/{namespace}", get(api::namespace))
        .route("/api/v1/log", get(api::log))
        .route("/api/v1/log/head", get(api::head))
        .merge(pages::router())
        .with_state(registry)
}

/// A request below `/v2/`, with its address taken apart.
struct Call {
    app: App,
    method: Method,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    body: Body,
}

impl Call {
    /// The first value of a query parameter.
    fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

async fn distribution(State(app): State<App>, request: Request) -> Response {
    let is_head = request.method() == Method::HEAD;
    let (parts, body) = request.into_parts();
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned();
    let query = pairs(&parts.uri);
    let call = Call { app, method: parts.method, headers: parts.headers, query, body };
    let mut response = answer(&path, call).await.unwrap_or_else(IntoResponse::into_response);
    if let Ok(version) = "registry/2.0".parse() {
        response.headers_mut().insert("docker-distribution-api-version", version);
    }
    if is_head {
        let (parts, _) = response.into_parts();
        response = Response::from_parts(parts, Body::empty());
    }
    response
}

async fn answer(path: &str, call: Call) -> Result<Response, Refusal> {
    let route = Route::parse(path)?;
    match route {
        Route::Base => session::base(&call),
        Route::Blob { repository, digest } => blobs::answer(call, &repository, &digest).await,
        Route::Uploads { repository } => uploads::begin(call, repository).await,
        Route::Upload { repository, id } => uploads::go_on(call, repository, id).await,
        Route::Manifest { repository, reference } => manifests::answer(call, repository, reference).await,
        Route::Tags { repository } => lists::tags(&call, &repository),
        Route::Referrers { repository, digest } => lists::referrers(&call, &repository, &digest),
    }
}

/// A method that a route does not have.
fn no_method(method: &Method) -> Refusal {
    Refusal::unsupported(format!("{method} is not possible here"))
}

/// Whether a request may pull.
fn may_pull(call: &Call) -> Result<(), Refusal> {
    call.app.permit(&call.headers, Need::Pull).map(|_| ())
}

/// Work on the disk, off the threads that serve.
pub(crate) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "work on the disk ended early");
        Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::Unsupported,
            "the registry failed inside; nothing was acknowledged, try again",
        ))
    })
}

/// The parameters of a query, decoded.
pub(crate) fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let parts = uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (decode(key), decode(value)))
        .collect()
}
