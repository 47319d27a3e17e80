//! What every page tells the browser about itself.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// Only our own style, script and connections; no inline script or style, no frame around us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Adds the headers; what a page set itself stays.
pub async fn strict(mut response: Response) -> Response {
    let pairs: [(HeaderName, &str); 5] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in pairs {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
