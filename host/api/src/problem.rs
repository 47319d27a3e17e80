//! What a caller gets when the answer is no: problem details (RFC 9457), with a stable code and what
//! to do about it.

use axum::Json;
use axum::extract::multipart::MultipartError;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ports::CommitError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A problem (RFC 9457) as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    /// Names the kind of problem: `urn:quoin:problem:<code>`.
    #[serde(rename = "type")]
    #[schema(examples("urn:quoin:problem:deal-not-found"))]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// Stable code, the last part of `type`.
    pub code: String,
    /// What to do about it.
    pub hint: String,
    /// The fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer to the field (RFC 6901), or `?name` for a query parameter.
    #[schema(examples("/as_of"))]
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Problem {
    /// A problem.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:quoin:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Problem").into(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.into(),
            hint: hint.into(),
            errors: Vec::new(),
        }
    }

    /// The same, with a field at fault.
    #[must_use]
    pub fn at(mut self, pointer: &str, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Nothing of that name is here.
    pub fn not_found(what: &str, name: &str, hint: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, &format!("{what}-not-found"), format!("there is no {what} '{name}'"), hint)
    }

    /// The caller wrote something that cannot be read.
    pub fn invalid(pointer: &str, detail: impl Into<String>, hint: &str) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", detail.clone(), hint).at(pointer, detail)
    }

    /// The caller wrote more than is taken.
    pub fn too_large(what: &str, limit_bytes: u64) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("{what} is larger than {limit_bytes} bytes"),
            "send less; the limit keeps one caller from filling the host's memory",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = (status, Json(self)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"quoin\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        answer
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::invalid("?", rejection.body_text(), "compare the query with the parameters in /api/v1/openapi.json")
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::invalid("", rejection.body_text(), "percent-encode what stands in the path")
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let hint = "send JSON with `Content-Type: application/json`, shaped as /api/v1/openapi.json says";
        let mut problem = Self::invalid("", rejection.body_text(), hint);
        problem.retitle(rejection.status());
        problem
    }
}

impl From<MultipartError> for Problem {
    fn from(error: MultipartError) -> Self {
        let hint =
            "send multipart/form-data with the parts `component` (the .wasm file) and `manifest` (connector.toml)";
        let mut problem = Self::invalid("", error.body_text(), hint);
        problem.retitle(error.status());
        problem
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::TooLarge { limit_bytes, .. } => Self::too_large("what would be written", limit_bytes),
            CommitError::Precondition(_) => Self::new(
                StatusCode::CONFLICT,
                "conflict",
                "somebody else changed the same thing at the same moment",
                "read it again and repeat the request with the same Idempotency-Key",
            ),
            CommitError::Stopped(reason) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "store-stopped",
                format!("the store takes nothing more: {reason}"),
                "look at the host's log and at `/readyz?verbose`; nothing was written",
            ),
        }
    }
}

impl Problem {
    fn retitle(&mut self, status: StatusCode) {
        self.status = status.as_u16();
        self.title = status.canonical_reason().unwrap_or("Problem").into();
    }
}
