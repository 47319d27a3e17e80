//! The one way out: an HTTP request under a connection's policy, credentials and budget.

use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;

/// Which grant a call runs under. Reads and writes are different grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// GET, HEAD, and the POSTs that the manifest declares as reads.
    Read,
    /// Everything the allow-list admits.
    Write,
}

/// On whose behalf a request leaves.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The connection.
    pub connection: String,
    /// The grant.
    pub access: Access,
    /// The plugin call, for the audit.
    pub call: String,
    /// SHA-256 of the plugin's component, hex: each version may reach what its own manifest says.
    pub digest: String,
    /// When the whole call must be over.
    pub deadline: Instant,
}

/// A request as a plugin wrote it.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    /// Method, upper case.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Headers; credentials and hop-by-hop ones are refused.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Option<Bytes>,
    /// Credential slot to attach.
    pub credential: Option<String>,
    /// Key for the vendor's idempotency header, where the connection names one.
    pub idempotency_key: Option<String>,
    /// Longest wait for this answer, in milliseconds.
    pub timeout_ms: Option<u32>,
    /// Cost against the rate budget.
    pub cost: u32,
}

/// An answer of any status.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Headers, without cookies and challenges.
    pub headers: Vec<(String, String)>,
    /// Body, decompressed, within the size limit.
    pub body: Bytes,
}

/// Why no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Policy said no; nothing was sent. The text names the rule and the line that would allow it.
    #[error("denied: {0}")]
    Denied(String),
    /// The credential could not be made or was refused at the token endpoint.
    #[error("credential: {message}")]
    Credential {
        /// A person must act (consent withdrawn, key revoked).
        needs_person: bool,
        /// What the token endpoint said, without secrets.
        message: String,
    },
    /// The vendor cannot have seen it.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It left; what became of it is unknown.
    #[error("outcome unknown: {0}")]
    UnknownOutcome(String),
    /// The answer was larger than the limit.
    #[error("answer larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
}

/// The door out. Implemented by one room only.
#[async_trait]
pub trait Outbound: Send + Sync {
    /// Sends one request under the connection's policy.
    ///
    /// # Errors
    /// [`SendError`], which tells whether the vendor may have acted.
    async fn send(&self, call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError>;
}
