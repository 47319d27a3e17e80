//! Inbound requests, and what to answer them.

use quoin_canonical::ObjectKind;

use crate::http::header;

/// An inbound HTTP request, raw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inbound {
    /// Method.
    pub method: String,
    /// The exact public URL that was called.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Raw body: what the vendor signed.
    pub body: Vec<u8>,
}

impl Inbound {
    /// A header's first value, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// What to answer and what to read again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// Status to answer.
    pub status: u16,
    /// Headers to answer.
    pub headers: Vec<(String, String)>,
    /// Body to answer.
    pub body: Vec<u8>,
    /// Records to read again: kind and vendor id.
    pub touched: Vec<(ObjectKind, String)>,
    /// The vendor's id of this delivery, equal on its retries.
    pub delivery: Option<String>,
}

impl Reply {
    /// 200 without body.
    pub fn ok() -> Self {
        Self { status: 200, ..Self::default() }
    }

    /// Adds a record to read again.
    #[must_use]
    pub fn touch(mut self, kind: ObjectKind, external: impl Into<String>) -> Self {
        self.touched.push((kind, external.into()));
        self
    }

    /// The vendor's id of this delivery.
    #[must_use]
    pub fn delivery(mut self, id: impl Into<String>) -> Self {
        self.delivery = Some(id.into());
        self
    }
}
