//! Under which address a client reached the simulator: vendors put it into their answers.

use axum::extract::FromRequestParts;
use http::request::Parts;

/// How the connection that a request came over is secured; the listener puts it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// The origin the client used, such as `https://127.0.0.1:8443`. An extractor for handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

impl Origin {
    /// The origin of a request.
    pub fn of(parts: &Parts) -> Self {
        let scheme = match parts.extensions.get::<Scheme>() {
            Some(Scheme::Https) => "https",
            _ => "http",
        };
        let host = parts.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(|a| a.as_str())).unwrap_or("localhost");
        Self(format!("{scheme}://{host}"))
    }
}

impl<S: Sync> FromRequestParts<S> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}
