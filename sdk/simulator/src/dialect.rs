//! How one vendor says no: every vendor throttles, fails and expires tokens in its own words.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde_json::{Value, json};

use crate::FaultSpec;

/// A vendor's way of failing. Every method has a plain default; override what the vendor does
/// differently, with the vendor's own words.
pub trait Dialect: Send + Sync + 'static {
    /// Too many requests. `spec.retry_after_seconds` holds what the test asked for.
    fn throttled(&self, _parts: &Parts, spec: &FaultSpec) -> Response {
        let body = Json(json!({"error": "too many requests"}));
        let seconds = spec.retry_after_seconds.unwrap_or(1).to_string();
        (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds)], body).into_response()
    }

    /// The vendor has a problem of its own; `status` is 500 unless the test named another.
    fn server_error(&self, _parts: &Parts, status: StatusCode) -> Response {
        (status, Json(json!({"error": "internal error"}))).into_response()
    }

    /// The token in this request has just expired. A simulator that keeps tokens should forget the
    /// token here, so that it stays expired.
    fn token_expired(&self, _parts: &Parts) -> Response {
        (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_token"}))).into_response()
    }

    /// The credential is good but may not do this.
    fn forbidden(&self, _parts: &Parts) -> Response {
        (StatusCode::FORBIDDEN, Json(json!({"error": "forbidden"}))).into_response()
    }

    /// This version of the API is gone.
    fn version_retired(&self, _parts: &Parts) -> Response {
        (StatusCode::GONE, Json(json!({"error": "this version of the API was retired"}))).into_response()
    }

    /// A field has become mandatory and the request lacks it.
    fn required_field_missing(&self, _parts: &Parts, field: &str) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": format!("field {field} is required")}))).into_response()
    }

    /// The same page with its rows twice. The default doubles every array of objects at the top of
    /// the answer (or the answer itself, when it is an array).
    fn duplicate_rows(&self, page: Value) -> Value {
        match page {
            Value::Array(rows) => Value::Array(doubled(rows)),
            Value::Object(map) => map
                .into_iter()
                .map(|(name, value)| match value {
                    Value::Array(rows) if rows.iter().all(Value::is_object) => (name, Value::Array(doubled(rows))),
                    other => (name, other),
                })
                .collect(),
            other => other,
        }
    }

    /// A fault with a name that only this vendor knows; `None` when it does not know it either.
    fn own_fault(&self, _name: &str, _parts: &Parts, _spec: &FaultSpec) -> Option<Response> {
        None
    }

    /// Names of the faults that [`Dialect::own_fault`] understands.
    fn own_faults(&self) -> &[&str] {
        &[]
    }
}

fn doubled(rows: Vec<Value>) -> Vec<Value> {
    let again = rows.clone();
    rows.into_iter().chain(again).collect()
}

/// The defaults of [`Dialect`], for a simulator without peculiarities.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainDialect;

impl Dialect for PlainDialect {}
