//! Requests to the vendor and its answers.

use std::fmt::{Display, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Fault, FaultKind, code};

/// One request, built in a chain: `Request::get(url).query("limit", 200).credential("api")`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Method, upper case.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Vec<u8>>,
    /// Name of a credential slot of the manifest; the host attaches the credential itself.
    pub credential: Option<String>,
    /// Sent in the vendor's idempotency header where the manifest names one.
    pub idempotency_key: Option<String>,
    /// Longest wait for this answer, in milliseconds.
    pub timeout_ms: Option<u32>,
    /// What it costs of the connection's rate budget; 1 for an ordinary request.
    pub cost: u32,
}

impl Request {
    /// A request with this method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), cost: 1, ..Self::default() }
    }

    /// GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// POST.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// PUT.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// PATCH.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new("PATCH", url)
    }

    /// DELETE.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a header. Credentials are not headers: see [`Request::credential`].
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds a query parameter, percent-encoded (RFC 3986: all but the unreserved characters).
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.url.push(if self.url.contains('?') { '&' } else { '?' });
        percent_encode(&mut self.url, name, false);
        self.url.push('=');
        percent_encode(&mut self.url, &value.to_string(), false);
        self
    }

    /// A JSON body, with its content type.
    ///
    /// # Errors
    /// When the value cannot be written as JSON: a bug in the plugin.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Result<Self, Fault> {
        let body = serde_json::to_vec(value)
            .map_err(|error| Fault::new(FaultKind::Internal, "REQUEST_BODY", format!("body is not JSON: {error}")))?;
        self.body = Some(body);
        Ok(self.header("content-type", "application/json"))
    }

    /// A form body (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let mut body = String::new();
        for (name, value) in fields {
            if !body.is_empty() {
                body.push('&');
            }
            percent_encode(&mut body, name, true);
            body.push('=');
            percent_encode(&mut body, value, true);
        }
        self.body = Some(body.into_bytes());
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// A text body of any content type (XML, query languages).
    #[must_use]
    pub fn text(mut self, content_type: &str, body: impl Into<String>) -> Self {
        self.body = Some(body.into().into_bytes());
        self.header("content-type", content_type)
    }

    /// The credential slot the host shall attach.
    #[must_use]
    pub fn credential(mut self, slot: impl Into<String>) -> Self {
        self.credential = Some(slot.into());
        self
    }

    /// The key that makes a repeat harmless, where the vendor honours one.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Longest wait for this answer, in milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = Some(timeout_ms);
        self
    }

    /// Cost against the rate budget.
    #[must_use]
    pub fn cost(mut self, cost: u32) -> Self {
        self.cost = cost;
        self
    }
}

/// A whole answer, of any status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer with a body, for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header, for tests.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A header's first value, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as a type.
    ///
    /// # Errors
    /// Code `UNREADABLE_ANSWER`, transient: the body is cut off or is a gateway's page. After a
    /// write this means that the outcome is unknown, which [`crate::Outcome::after_fault`] knows.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let kind = self.header("content-type").unwrap_or("no content type");
            let message = format!("answer {} ({kind}, {} bytes): {error}", self.status, self.body.len());
            Fault::new(FaultKind::Transient, code::UNREADABLE_ANSWER, message)
        })
    }

    /// The body as text; bytes that are not UTF-8 become the replacement character.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The first value of a header, whatever the case of its name.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Percent-encodes all but RFC 3986's unreserved characters; a space becomes `+` in forms.
fn percent_encode(out: &mut String, text: &str, form: bool) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b' ' if form => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}"); // writing to a String does not fail
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parameters_are_percent_encoded() {
        let cases = [
            ("a b", "a%20b"),
            ("x&y=z", "x%26y%3Dz"),
            ("Grüße", "Gr%C3%BC%C3%9Fe"),
            ("2026-05-01T00:00:00.000+0000", "2026-05-01T00%3A00%3A00.000%2B0000"),
            ("safe-._~", "safe-._~"),
        ];
        for (value, encoded) in cases {
            assert_eq!(Request::get("https://h/p").query("q", value).url, format!("https://h/p?q={encoded}"));
        }
        assert_eq!(Request::get("https://h/p?a=1").query("b", 2).url, "https://h/p?a=1&b=2");
    }

    #[test]
    fn forms_write_spaces_as_plus() {
        let request = Request::post("https://h").form(&[("grant type", "a b"), ("x", "1&2")]);
        assert_eq!(request.body.as_deref(), Some(&b"grant+type=a+b&x=1%262"[..]));
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let answer = Response::new(200, "{}").with_header("Retry-After", "7");
        assert_eq!(answer.header("retry-after"), Some("7"));
        assert_eq!(answer.header("etag"), None);
    }

    #[test]
    fn a_page_of_html_is_an_unreadable_answer() {
        let answer = Response::new(200, "<html>").with_header("content-type", "text/html");
        let fault = answer.json::<serde_json::Value>().unwrap_err();
        assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Transient, code::UNREADABLE_ANSWER));
        assert!(fault.message.contains("text/html"), "{fault}");
    }
}
