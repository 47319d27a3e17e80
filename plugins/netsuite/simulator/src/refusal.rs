//! How this vendor says no: one JSON shape for every refusal, with the place at fault.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Where in the request the fault lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A field of the body, such as `item.items[0].taxCode`.
    Path(String),
    /// A query parameter.
    Query(&'static str),
    /// A header.
    Header(&'static str),
    /// The URL itself.
    Url(String),
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: StatusCode,
    /// `o:errorCode`.
    pub code: &'static str,
    /// `detail`: the vendor's words.
    pub detail: String,
    /// Where.
    pub place: Option<Place>,
}

impl Refusal {
    /// A refusal without place.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), place: None }
    }

    /// A business rule says no.
    pub fn user_error(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "USER_ERROR", format!("Error while accessing a resource. {}", detail.into()))
    }

    /// The content cannot be understood.
    pub fn content(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_CONTENT", detail)
    }

    /// A reference that leads nowhere.
    pub fn value(value: &str, field: &str) -> Self {
        Self::content(format!(
            "Error while accessing a resource. You have entered an Invalid Field Value {value} for the following field: {field}"
        ))
    }

    /// There is no such record.
    pub fn no_record(url: &str) -> Self {
        let detail =
            "Error while accessing a resource. The record instance does not exist. Provide a valid record instance ID.";
        Self::new(StatusCode::NOT_FOUND, "NONEXISTENT_ID", detail).at(Place::Url(url.to_owned()))
    }

    /// The credential is not good.
    pub fn login() -> Self {
        let detail = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > User Management > View Login Audit Trail.";
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_LOGIN", detail)
    }

    /// More requests at once than the account may have.
    pub fn concurrency() -> Self {
        let detail = "Concurrent request limit exceeded. Request blocked.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "CONCURRENCY_LIMIT_EXCEEDED", detail)
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds a body path.
    #[must_use]
    pub fn at_path(self, path: impl Into<String>) -> Self {
        self.at(Place::Path(path.into()))
    }

    /// The JSON shape.
    pub fn body(&self) -> Value {
        let (section, title) = match self.status {
            StatusCode::BAD_REQUEST => ("10.4.1", "Bad Request"),
            StatusCode::UNAUTHORIZED => ("10.4.2", "Unauthorized"),
            StatusCode::FORBIDDEN => ("10.4.4", "Forbidden"),
            StatusCode::NOT_FOUND => ("10.4.5", "Not Found"),
            StatusCode::METHOD_NOT_ALLOWED => ("10.4.6", "Method Not Allowed"),
            StatusCode::TOO_MANY_REQUESTS => ("10.4", "Too Many Requests"),
            _ => ("10.5.1", "Internal Server Error"),
        };
        let mut detail = json!({"detail": self.detail, "o:errorCode": self.code});
        let place = self.place.as_ref().map(|place| match place {
            Place::Path(path) => ("o:errorPath", path.as_str()),
            Place::Query(name) => ("o:errorQueryParam", *name),
            Place::Header(name) => ("o:errorHeader", *name),
            Place::Url(url) => ("o:errorUrl", url.as_str()),
        });
        if let (Some((member, value)), Some(detail)) = (place, detail.as_object_mut()) {
            detail.insert(member.to_owned(), value.into());
        }
        json!({
            "type": format!("https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec{section}"),
            "title": title,
            "status": self.status.as_u16(),
            "o:errorDetails": [detail],
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}
