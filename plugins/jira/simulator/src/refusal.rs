//! How Jira says no: `{"errorMessages":[...],"errors":{"field":"message"}}`.

use jiff::SignedDuration;
use quoin_simulator::axum::Json;
use quoin_simulator::axum::http::request::Parts;
use quoin_simulator::axum::http::{HeaderName, HeaderValue, StatusCode};
use quoin_simulator::axum::response::{IntoResponse, Response};
use quoin_simulator::{Dialect, FaultSpec};
use serde_json::{Map, Value, json};

use crate::site::Site;

/// The four reasons a client can be throttled for, as `RateLimit-Reason` names them.
const REASONS: [&str; 4] =
    ["jira-burst-based", "jira-per-issue-on-write", "jira-quota-global-based", "jira-quota-tenant-based"];

/// Requests per window of the simulated burst limit, for the `X-RateLimit-*` headers.
const BURST_LIMIT: u32 = 100;

/// A refusal.
#[derive(Debug, Clone)]
pub struct Refused {
    status: StatusCode,
    messages: Vec<String>,
    errors: Map<String, Value>,
}

/// A result that may be a refusal.
pub type Answer<T> = Result<T, Refused>;

impl Refused {
    /// With one message.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, messages: vec![message.into()], errors: Map::new() }
    }

    /// 400 with one message.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400: JSON that does not fit the request's schema.
    pub fn payload() -> Self {
        Self::bad("Invalid request payload. Refer to the REST API documentation and try again.")
    }

    /// 400 about fields.
    pub fn fields(errors: Map<String, Value>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, messages: Vec::new(), errors }
    }

    /// 400 about one field.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::fields(Map::from_iter([(name.to_owned(), Value::String(message.into()))]))
    }

    /// 404 with a message.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 404 for an issue, which is also what somebody without the right to see it gets.
    pub fn no_issue() -> Self {
        Self::missing("Issue does not exist or you do not have permission to see it.")
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Client must be authenticated to access this resource.")
    }

    /// The body, also as an element of a bulk answer.
    pub fn body(&self) -> Value {
        json!({"errorMessages": self.messages, "errors": self.errors})
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let headers = response.headers_mut();
            headers.insert(
                "www-authenticate",
                HeaderValue::from_static("OAuth realm=\"https%3A%2F%2Fadvisory.atlassian.net\""),
            );
            headers.insert("x-seraph-loginreason", HeaderValue::from_static("AUTHENTICATED_FAILED"));
        }
        response
    }
}

/// Jira's way of failing.
pub struct JiraDialect {
    pub site: Site,
}

impl Dialect for JiraDialect {
    /// `detail` of the fault chooses the reason; without it the burst limit is hit.
    fn throttled(&self, _: &Parts, spec: &FaultSpec) -> Response {
        let wanted = spec.detail.as_deref().unwrap_or(REASONS[0]);
        let reason = REASONS.into_iter().find(|reason| *reason == wanted).unwrap_or(REASONS[0]);
        let seconds = spec.retry_after_seconds.unwrap_or(1);
        let now = self.site.kit.now();
        let reset = now.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now);
        let message = match reason {
            "jira-per-issue-on-write" => "Rate limit for writes on this issue exceeded.",
            _ => "Rate limit exceeded.",
        };
        let mut response = Refused::new(StatusCode::TOO_MANY_REQUESTS, message).into_response();
        let headers = [
            ("retry-after", seconds.to_string()),
            ("ratelimit-reason", reason.to_owned()),
            ("x-ratelimit-limit", BURST_LIMIT.to_string()),
            ("x-ratelimit-remaining", "0".to_owned()),
            ("x-ratelimit-reset", reset.strftime("%Y-%m-%dT%H:%MZ").to_string()),
            ("x-ratelimit-nearlimit", "true".to_owned()),
        ];
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }

    fn server_error(&self, _: &Parts, status: StatusCode) -> Response {
        Refused::new(status, "Internal server error").into_response()
    }

    /// An API token reaches its end or is revoked. A new one comes by the action `grant_token`.
    fn token_expired(&self, _: &Parts) -> Response {
        self.site.lock().token = None;
        Refused::unauthorized().into_response()
    }

    fn forbidden(&self, _: &Parts) -> Response {
        Refused::new(StatusCode::FORBIDDEN, "You do not have permission to perform this operation.").into_response()
    }

    fn version_retired(&self, _: &Parts) -> Response {
        retired("The requested API has been removed.").into_response()
    }

    fn required_field_missing(&self, _: &Parts, field: &str) -> Response {
        Refused::field(field, format!("{field} is required.")).into_response()
    }

    /// Rows stand in `issues` or `values`, or are the answer itself; a document is never doubled.
    fn duplicate_rows(&self, mut page: Value) -> Value {
        let rows = match &mut page {
            Value::Array(rows) => Some(rows),
            Value::Object(map) => {
                let name = if map.contains_key("issues") { "issues" } else { "values" };
                map.get_mut(name).and_then(Value::as_array_mut)
            }
            _ => None,
        };
        if let Some(rows) = rows {
            let again = rows.clone();
            rows.extend(again);
        }
        page
    }
}

/// 410.
pub fn retired(message: &str) -> Refused {
    Refused::new(StatusCode::GONE, message)
}
