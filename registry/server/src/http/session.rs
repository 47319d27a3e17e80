//! Where a client finds out that this is a registry, and gets a session for its token.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use quoin_package::coordinate::PLUGIN_PREFIX;
use serde_json::{Value, json};

use super::{App, Call, no_method};
use crate::access::{Anonymous, SESSION_SECONDS, Shown};
use crate::error::{Code, Refusal};

/// `GET /v2/`. Clients ask for a session only when this answers 401, so it does even where anybody may pull.
pub fn base(call: &Call) -> Result<Response, Refusal> {
    if !matches!(call.method, Method::GET | Method::HEAD) {
        return Err(no_method(&call.method));
    }
    let open = call.app.settings.anonymous == Anonymous::Push;
    match call.app.tokens.caller(&call.headers, Timestamp::now())? {
        Shown::Caller(_) | Shown::Guest => {}
        Shown::Nothing if open => {}
        Shown::Nothing | Shown::Unknown => return Err(challenge(call)),
    }
    Ok((StatusCode::OK, Json(json!({}))).into_response())
}

fn challenge(call: &Call) -> Refusal {
    let realm = call.app.base_url(&call.headers);
    Refusal {
        challenge: Some(format!("Bearer realm=\"{realm}/token\",service=\"quoin\"")),
        ..Refusal::new(
            StatusCode::UNAUTHORIZED,
            Code::Unauthorized,
            "show a token as Bearer, or as the password of Basic; the token endpoint gives a session for it",
        )
    }
}

/// `GET /token`: a session for whoever shows a token, and one that can only pull for whoever shows none.
pub async fn token(State(app): State<App>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let now = Timestamp::now();
    let caller = match app.tokens.caller(&headers, now)? {
        Shown::Caller(caller) => Some(caller),
        Shown::Nothing | Shown::Guest => None,
        Shown::Unknown => {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                Code::Unauthorized,
                "this token is unknown or has expired; an administrator gives one with `quoin registry token new`",
            ));
        }
    };
    let session = app.tokens.session(caller, now);
    Ok(Json(json!({
        "token": session, "access_token": session, "expires_in": SESSION_SECONDS, "issued_at": now.to_string(),
    })))
}

/// `GET /.well-known/wasm-pkg/registry.json`: tells `wkg` that `acme:books` is `plugins/acme/books` here.
pub async fn wasm_pkg(State(app): State<App>, headers: HeaderMap) -> Json<Value> {
    let base = app.base_url(&headers);
    let host = base.split_once("://").map_or(base.as_str(), |(_, host)| host);
    Json(json!({ "preferredProtocol": "oci", "oci": { "registry": host, "namespacePrefix": PLUGIN_PREFIX } }))
}
