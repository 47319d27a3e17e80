//! Who calls, and whether they may: bearer tokens, and one authorization case per route.
//!
//! A route that `cases.rs` does not list is refused to everybody.

mod cases;
mod idempotency;
mod token;

pub use cases::{CASES, Case, case_of};
pub use idempotency::{Answer, Effect, IdempotencyKey, Once, once};
pub use token::{Principal, Token, principal};

use axum::Extension;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use policy::access::{Permission, may};

use crate::{ApiState, Problem};

/// Lets a request pass when its token is known and its role may call this route; the handler finds
/// the [`Principal`] in the extensions.
pub async fn check(
    State(state): State<ApiState>,
    path: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let principal = bearer(&request).and_then(|text| principal(&state.tokens, text)).ok_or_else(unauthenticated)?;
    let route = path.as_ref().map_or("", MatchedPath::as_str);
    let case = case_of(request.method().as_str(), route).ok_or_else(|| no_case(request.method().as_str(), route))?;
    permit(&principal, case.permission)?;
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

/// The caller, as the guard found them.
pub type Caller = Extension<Principal>;

/// Refuses what the caller's role does not have.
///
/// # Errors
/// 403 with the reason.
pub fn permit(principal: &Principal, permission: Permission) -> Result<(), Problem> {
    let decision = may(principal.role, permission);
    if decision.allowed {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        decision.reason,
        "use a token of that role, or ask an administrator to do it",
    ))
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthenticated() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "the request carries no bearer token that this host knows",
        "send `Authorization: Bearer <token>`; tokens are listed under [[token]] in quoin.toml by their SHA-256",
    )
}

fn no_case(method: &str, route: &str) -> Problem {
    if CASES.iter().any(|case| case.route == route) {
        return Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            format!("{route} does not take {method}"),
            "GET /api/v1/openapi.json describes the routes and their methods",
        );
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "no-authorization-case",
        format!("{method} {route} has no authorization case, so nobody may call it"),
        "this is a fault of the host: report it",
    )
}
