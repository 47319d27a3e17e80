//! How Kantata says no: `{"errors":[{"type","message","field"}]}`.

use quoin_simulator::axum::Json;
use quoin_simulator::axum::http::StatusCode;
use quoin_simulator::axum::http::request::Parts;
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::{Dialect, FaultSpec};
use serde_json::{Value, json};

use crate::account::Account;

/// A refusal.
#[derive(Debug, Clone)]
pub struct Refused {
    status: StatusCode,
    errors: Vec<Value>,
}

/// A result that may be a refusal.
pub type Answer<T> = Result<T, Refused>;

impl Refused {
    /// Of type `system`.
    pub fn system(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, errors: vec![json!({"type": "system", "message": message.into()})] }
    }

    /// 400: a parameter that is not understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::system(StatusCode::BAD_REQUEST, message)
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::system(StatusCode::NOT_FOUND, "Page Not Found")
    }

    /// 401.
    pub fn unauthorized() -> Self {
        let error = json!({"type": "oauth", "message": "Invalid OAuth 2 Request"});
        Self { status: StatusCode::UNAUTHORIZED, errors: vec![error] }
    }

    /// 422 about one field.
    pub fn validation(field: &str, message: impl Into<String>) -> Self {
        Self::validations(vec![(field.to_owned(), message.into())])
    }

    /// 422 about several fields.
    pub fn validations(problems: Vec<(String, String)>) -> Self {
        let errors = problems
            .into_iter()
            .map(|(field, message)| json!({"type": "validation", "message": message, "field": field}))
            .collect();
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors }
    }

    /// What it says, for people.
    pub fn words(&self) -> String {
        let said: Vec<&str> = self.errors.iter().filter_map(|error| error["message"].as_str()).collect();
        said.join("; ")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "errors": self.errors }))).into_response()
    }
}

/// Kantata's way of failing.
pub struct KantataDialect {
    pub account: Account,
}

impl Dialect for KantataDialect {
    /// 429 without Retry-After, whatever the test asked for: Kantata has none.
    fn throttled(&self, _: &Parts, _: &FaultSpec) -> Response {
        let message = "Too many requests. Please retry your request after a small delay.";
        Refused::system(StatusCode::TOO_MANY_REQUESTS, message).into_response()
    }

    fn server_error(&self, _: &Parts, status: StatusCode) -> Response {
        Refused::system(status, "Something went wrong on our end").into_response()
    }

    /// Kantata's tokens do not expire; they are revoked. A new one comes by the action `grant_token`.
    fn token_expired(&self, _: &Parts) -> Response {
        self.account.revoke_token();
        Refused::unauthorized().into_response()
    }

    fn forbidden(&self, _: &Parts) -> Response {
        Refused::system(StatusCode::FORBIDDEN, "You do not have permission to do that").into_response()
    }

    fn version_retired(&self, _: &Parts) -> Response {
        Refused::not_found().into_response()
    }

    fn required_field_missing(&self, _: &Parts, field: &str) -> Response {
        Refused::validation(field, format!("{field} can't be blank")).into_response()
    }
}
