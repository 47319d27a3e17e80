//! How Salesforce says no: an array of `{message, errorCode, fields}`, in its own words.

use quoin_simulator::axum::Json;
use quoin_simulator::axum::http::request::Parts;
use quoin_simulator::axum::http::{HeaderValue, StatusCode};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::{Dialect, FaultSpec};
use serde_json::{Value, json};

use crate::Sim;

/// One refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// Vendor code, such as `INVALID_FIELD`.
    pub code: &'static str,
    /// Vendor text.
    pub message: String,
    /// Fields at fault.
    pub fields: Vec<String>,
}

impl ApiError {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: Vec::new() }
    }

    /// 400.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// With the field at fault.
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.fields.push(field.into());
        self
    }

    /// 401.
    pub fn session() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid")
    }

    /// 404 for a resource.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    /// As a row of a collection's answer.
    pub fn row(&self) -> Value {
        json!({"success": false, "errors": [{"statusCode": self.code, "message": self.message, "fields": self.fields}]})
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({"message": self.message, "errorCode": self.code});
        if !self.fields.is_empty() {
            error["fields"] = json!(self.fields);
        }
        (self.status, Json(json!([error]))).into_response()
    }
}

/// `Sforce-Limit-Info` stands on every answer.
pub fn with_limit_info(sim: &Sim, mut response: Response) -> Response {
    let (used, limit) = sim.org().api_usage();
    if let Ok(value) = HeaderValue::from_str(&format!("api-usage={used}/{limit}")) {
        response.headers_mut().insert("sforce-limit-info", value);
    }
    response
}

/// Salesforce's dialect for the switchboard.
pub struct SalesforceDialect {
    pub(crate) sim: Sim,
}

impl SalesforceDialect {
    fn say(&self, error: ApiError) -> Response {
        with_limit_info(&self.sim, error.into_response())
    }
}

impl Dialect for SalesforceDialect {
    fn throttled(&self, _: &Parts, spec: &FaultSpec) -> Response {
        let message = match spec.detail.as_deref() {
            Some("concurrent") => "ConcurrentPerOrgLongTxn Limit exceeded.",
            _ => "TotalRequests Limit exceeded.",
        };
        self.say(ApiError::new(StatusCode::FORBIDDEN, "REQUEST_LIMIT_EXCEEDED", message))
    }

    fn server_error(&self, _: &Parts, status: StatusCode) -> Response {
        self.say(match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                ApiError::new(status, "SERVER_UNAVAILABLE", "Server too busy to process this request")
            }
            _ => ApiError::new(status, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345 (-123456789)"),
        })
    }

    fn token_expired(&self, parts: &Parts) -> Response {
        let token = crate::rest::bearer(&parts.headers).unwrap_or_default().to_owned();
        self.sim.org().forget_token(&token);
        self.say(ApiError::session())
    }

    fn forbidden(&self, _: &Parts) -> Response {
        self.say(ApiError::new(
            StatusCode::FORBIDDEN,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        ))
    }

    fn version_retired(&self, _: &Parts) -> Response {
        self.say(unsupported_version())
    }

    fn required_field_missing(&self, _: &Parts, field: &str) -> Response {
        self.say(required_missing(&[field.to_owned()]))
    }

    /// Rows of a query stand in `records`; nothing else of the page is doubled.
    fn duplicate_rows(&self, mut page: Value) -> Value {
        if let Some(rows) = page.get_mut("records").and_then(Value::as_array_mut) {
            let again = rows.clone();
            rows.extend(again);
        }
        page
    }

    fn own_fault(&self, name: &str, _: &Parts, _: &FaultSpec) -> Option<Response> {
        let message = "unable to obtain exclusive access to this record";
        (name == "row_lock").then(|| self.say(ApiError::bad("UNABLE_TO_LOCK_ROW", message)))
    }

    fn own_faults(&self) -> &[&str] {
        &["row_lock"]
    }
}

/// How a retired or unknown version answers.
pub fn unsupported_version() -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
}

/// Fields without which a record cannot be saved.
pub fn required_missing(fields: &[String]) -> ApiError {
    let mut error =
        ApiError::bad("REQUIRED_FIELD_MISSING", format!("Required fields are missing: [{}]", fields.join(", ")));
    error.fields = fields.to_vec();
    error
}
