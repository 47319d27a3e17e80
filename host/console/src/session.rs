//! Who looks: the token in an HttpOnly cookie, put there by the login form or by `?token=` once.

use api::Principal;
use api::guard::principal;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{ConsoleState, pages};

/// Name of the cookie.
const COOKIE: &str = "quoin_token";

/// Seconds the cookie lives: a working day.
const COOKIE_SECONDS: u32 = 12 * 60 * 60;

/// Lets a request pass when its cookie holds a known token; the page finds the [`Principal`] in the
/// extensions. A token in the query moves into the cookie, so that it stays in no history and no log.
pub async fn check(State(state): State<ConsoleState>, mut request: Request, next: Next) -> Response {
    if let Some(token) = query_value(request.uri(), "token") {
        return enter(&state, &token, &without_token(request.uri()));
    }
    let known = token(request.headers()).and_then(|token| principal(&state.api.tokens, &token));
    let Some(principal) = known else { return to_login(request.uri()) };
    if request.method() != Method::GET && !from_our_own_page(request.headers()) {
        return pages::foreign_form();
    }
    request.extensions_mut().insert(principal);
    next.run(request).await
}

/// Sets the cookie for a known token and goes on; back to the form for an unknown one.
pub fn enter(state: &ConsoleState, token: &str, to: &str) -> Response {
    let Some(Principal { name, .. }) = principal(&state.api.tokens, token) else {
        return pages::login::refused(to);
    };
    tracing::info!(%name, "console session opened");
    let mut response = Redirect::to(to).into_response();
    set_cookie(&mut response, state, token, COOKIE_SECONDS);
    response
}

/// Takes the cookie away.
pub fn leave(state: &ConsoleState) -> Response {
    let mut response = Redirect::to("/console/login").into_response();
    set_cookie(&mut response, state, "", 0);
    response
}

/// Only our own pages are gone to: a path under `/console`, never another host.
pub fn own_path(path: &str) -> &str {
    let own = (path == "/console" || path.starts_with("/console/") || path.starts_with("/console?"))
        && !path.contains(['\\', '\n', '\r']);
    if own { path } else { "/console" }
}

fn set_cookie(response: &mut Response, state: &ConsoleState, token: &str, seconds: u32) {
    let secure = if state.secure_cookies { "; Secure" } else { "" };
    let value = utf8_percent_encode(token, NON_ALPHANUMERIC);
    let cookie = format!("{COOKIE}={value}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn token(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let value = cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    Some(percent_decode_str(value).decode_utf8().ok()?.into_owned())
}

fn to_login(uri: &Uri) -> Response {
    let path = uri.path_and_query().map_or("/console", |path| path.as_str());
    Redirect::to(&format!("/console/login?next={}", utf8_percent_encode(path, NON_ALPHANUMERIC))).into_response()
}

/// Browsers say where a form comes from; a form of another site is refused even with our cookie.
fn from_our_own_page(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None => true, // not a browser of today: SameSite=Strict is what protects
        Some(site) => site == b"same-origin" || site == b"none",
    }
}

/// One value of a query.
pub fn query_value(uri: &Uri, name: &str) -> Option<String> {
    let value = uri.query()?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8().ok()?.into_owned())
}

fn without_token(uri: &Uri) -> String {
    let rest: Vec<&str> =
        uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("token=")).collect();
    if rest.is_empty() { uri.path().into() } else { format!("{}?{}", uri.path(), rest.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_leaves_the_address() {
        for (uri, left) in [
            ("/console?token=abc", "/console"),
            ("/console/deals/Q-1?token=abc&page=2", "/console/deals/Q-1?page=2"),
            ("/console/deals/Q-1?page=2&token=abc", "/console/deals/Q-1?page=2"),
        ] {
            assert_eq!(without_token(&uri.parse().unwrap()), left);
        }
    }

    #[test]
    fn nobody_is_sent_to_another_host() {
        for (path, to) in [
            ("/console/deals/Q-1", "/console/deals/Q-1"),
            ("/console", "/console"),
            ("//evil.example/console", "/console"),
            ("https://evil.example", "/console"),
            ("/console\\evil", "/console"),
            ("/consolevil", "/console"),
        ] {
            assert_eq!(own_path(path), to, "{path}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; quoin_token=se%2Dcret; quoin_token_old=x"));
        assert_eq!(token(&headers).as_deref(), Some("se-cret"));
    }
}
