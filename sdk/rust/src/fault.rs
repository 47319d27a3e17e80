//! Why something failed, in terms of what the host can decide.

use std::fmt;

use quoin_canonical::ObjectKind;

/// Codes with a meaning to the host or to [`crate::Outcome::after_fault`].
pub mod code {
    /// The policy refused the request; nothing was sent.
    pub const DENIED: &str = "DENIED";
    /// The vendor cannot have seen the request.
    pub const NOT_SENT: &str = "NOT_SENT";
    /// A look-up asked the vendor, and what was to be written is not there.
    pub const ABSENT: &str = "ABSENT";
    /// The request may have been carried out.
    pub const UNKNOWN_OUTCOME: &str = "UNKNOWN_OUTCOME";
    /// An answer came but is not what was announced (cut off, or a gateway's HTML page).
    pub const UNREADABLE_ANSWER: &str = "UNREADABLE_ANSWER";
}

/// The closed list of fault kinds (WIT `fault-kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The credential was refused or ran out: the connection needs attention.
    AuthExpired,
    /// The credential is good but may not do this.
    Permission,
    /// There is no such record.
    NotFound,
    /// Somebody changed it since, or several records match.
    Conflict,
    /// The vendor refuses the content; the field names the canonical field.
    InvalidData,
    /// Too many requests.
    RateLimited,
    /// May work when tried again.
    Transient,
    /// The vendor is down.
    Unavailable,
    /// The connector or the vendor cannot do this.
    Unsupported,
    /// The connection is configured wrongly.
    Config,
    /// A bug in the plugin.
    Internal,
    /// Anything else; see the code.
    Other,
}

/// A failure that can be decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What can be decided.
    pub kind: FaultKind,
    /// The vendor's own code, or one of the plugin's.
    pub code: String,
    /// The vendor's text, fit for a person, without secrets.
    pub message: String,
    /// Canonical path of the field at fault, such as `/lines/0/tax`.
    pub field: Option<String>,
    /// Wait so long before the next attempt, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A fault without field and wait.
    pub fn new(kind: FaultKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), field: None, retry_after_ms: None }
    }

    /// The canonical field at fault, as a JSON pointer such as `/lines/0/tax`.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// How long to wait before the next attempt, in milliseconds.
    #[must_use]
    pub fn after_ms(mut self, wait_ms: u64) -> Self {
        self.retry_after_ms = Some(wait_ms);
        self
    }

    /// Content that cannot be used: which canonical field, and why.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(FaultKind::InvalidData, "INVALID_DATA", message).at(field)
    }

    /// An object this connector does not handle.
    pub fn unsupported(object: ObjectKind) -> Self {
        Self::new(FaultKind::Unsupported, "UNSUPPORTED_OBJECT", format!("this connector does not handle '{object}'"))
    }

    /// The request may have been carried out: the host looks it up before anything else. What to
    /// answer when the vendor's answer to a write was lost or is a gateway's error page.
    pub fn unknown_outcome(message: impl Into<String>) -> Self {
        Self::new(FaultKind::Transient, code::UNKNOWN_OUTCOME, message)
    }

    /// A link whose vendor id is not known in this connection: which field, and what it points at.
    pub fn missing_reference(field: impl Into<String>, object: ObjectKind) -> Self {
        Self::new(
            FaultKind::NotFound,
            "MISSING_REFERENCE",
            format!("the {object} has no id in this system yet; write or match the {object} first"),
        )
        .at(field)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.message, self.kind)?;
        if let Some(field) = &self.field {
            write!(f, " at {field}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
