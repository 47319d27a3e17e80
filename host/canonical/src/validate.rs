//! What is wrong with an object, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing wrong, with the path to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// JSON pointer to the field (RFC 6901), such as `/lines/0/rate`.
    pub path: String,
    /// Short stable code, such as `NEGATIVE_QUANTITY`.
    pub code: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.code, self.path, self.message)
    }
}

impl std::error::Error for Invalid {}

/// Collects what is wrong while walking an object.
#[derive(Debug, Default)]
pub struct Problems(Vec<Invalid>);

impl Problems {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem unless `ok` holds.
    pub fn require(&mut self, ok: bool, path: impl Into<String>, code: &str, message: impl Into<String>) {
        if !ok {
            self.0.push(Invalid { path: path.into(), code: code.into(), message: message.into() });
        }
    }

    /// All that was noted; `Ok` when nothing was.
    pub fn into_result(self) -> Result<(), Vec<Invalid>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
