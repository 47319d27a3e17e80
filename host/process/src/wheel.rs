//! The shapes that flow: events, commands, timers, exceptions. How a command ended is an event.

use quoin_canonical::{Id, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that happened: canonical, past tense, never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the log, from 1, without gaps. The log assigns it.
    pub seq: u64,
    /// Its id.
    pub id: Id,
    /// Kind, such as `quote.accepted`.
    pub kind: String,
    /// Business key: the contract number everything about one deal shares. Order is kept per key.
    pub key: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// What led to it.
    pub cause: Cause,
    /// Its content.
    pub body: Value,
}

/// An event before the log numbered it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventDraft {
    /// Its id.
    pub id: Id,
    /// Kind.
    pub kind: String,
    /// Business key.
    pub key: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// What led to it.
    pub cause: Cause,
    /// Its content.
    pub body: Value,
}

/// What led to an event or a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// The event before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<Id>,
    /// The command whose outcome it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
    /// The process step that decided it: `quote-to-project@1/setup/psa_project`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The connection it came in by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// How it came in: `webhook`, `poll`, `operator`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Id of a command: derived from instance and step, so that a step that runs again after a crash
/// makes the same command.
pub type CommandId = Id;

/// Something to do in a connected system: imperative, with an idempotency key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Its id.
    pub id: CommandId,
    /// Business key.
    pub key: String,
    /// Process instance that waits for it.
    pub instance: Id,
    /// Step, as in [`Cause::step`].
    pub step: String,
    /// Role that performs it (`crm`, `psa`, `erp`, `time`); routing turns it into a connection.
    pub role: String,
    /// The connection, resolved when the command was decided, so that a later route change does
    /// not move a repeat to another system.
    pub connection: String,
    /// What to do.
    pub operation: Operation,
    /// How to go on when it fails.
    pub retry: Retry,
    /// Lower goes first: project set-up and posting before analytics.
    pub priority: u8,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Attempts so far.
    #[serde(default)]
    pub attempts: u32,
    /// The last attempt's outcome is unknown: look up before anything else.
    #[serde(default)]
    pub unknown: bool,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Write objects.
    Apply {
        /// Canonical object kind.
        object: String,
        /// The objects. Their canonical ids are in their headers.
        objects: Vec<Value>,
    },
}

/// Retry policy of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Attempts before it becomes an exception.
    pub max_attempts: u32,
    /// First pause, milliseconds; doubles each time, with full jitter.
    pub base_ms: u64,
    /// Longest pause, milliseconds.
    pub cap_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { max_attempts: 8, base_ms: 200, cap_ms: 60_000 }
    }
}

/// Why something failed, in terms of what can be decided (the border's `fault`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What can be decided.
    pub kind: FaultKind,
    /// Vendor's or our own code.
    pub code: String,
    /// Text for a person.
    pub message: String,
    /// Canonical field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Wait so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// A fault without field and wait.
    pub fn new(kind: FaultKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into(), field: None, retry_after_ms: None }
    }
}

/// The closed list of fault kinds (WIT `fault-kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum FaultKind {
    AuthExpired,
    Permission,
    NotFound,
    Conflict,
    InvalidData,
    RateLimited,
    Transient,
    Unavailable,
    Unsupported,
    Config,
    Internal,
    Other,
}

/// A durable alarm: at its due time the event it carries is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimerRow {
    /// Id, derived from what set it.
    pub id: Id,
    /// When it fires.
    pub due: Timestamp,
    /// Recorded then.
    pub event: TimerEvent,
}

/// The event of a timer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimerEvent {
    /// Kind.
    pub kind: String,
    /// Business key.
    pub key: String,
    /// Content.
    pub body: Value,
}

/// Something a person must look at, with its business context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exception {
    /// Id, derived from instance and step.
    pub id: Id,
    /// Business key.
    pub key: String,
    /// Customer's name.
    pub customer: String,
    /// Instance that waits.
    pub instance: Id,
    /// Step, as in [`Cause::step`].
    pub step: String,
    /// What is wrong.
    pub fault: Fault,
    /// Amount at risk, printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Who owns it.
    pub owner: String,
    /// When it must be solved.
    pub due: Timestamp,
    /// What to do.
    pub suggestion: String,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Open or resolved.
    pub status: ExceptionStatus,
}

impl Exception {
    /// Whether a process waits behind it, which can be asked for another try. What is about a connection
    /// (`~…`), a plugin or the conservation ledger resolves by itself.
    pub fn holds_a_process(&self) -> bool {
        self.instance != self.id && !self.key.starts_with('~')
    }
}

/// Open or resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ExceptionStatus {
    Open,
    Resolved { at: Timestamp, by: String },
}

/// One row of the cross-reference store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XrefRow {
    /// Connection.
    pub connection: String,
    /// Canonical object kind.
    pub object: String,
    /// Vendor id.
    pub external: String,
    /// Canonical id.
    pub id: Id,
    /// Business key of the deal it belongs to, where it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What was last seen of a vendor's record: dedupe, echo suppression and change detection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// Connection.
    pub connection: String,
    /// Canonical object kind.
    pub object: String,
    /// Vendor id.
    pub external: String,
    /// Vendor version.
    pub version: Option<String>,
    /// Fingerprint of the canonical content.
    pub fingerprint: String,
    /// The canonical content.
    pub data: Value,
    /// By which ways this version was seen: `webhook`, `poll`, `echo` (we wrote it ourselves).
    #[serde(default)]
    pub seen_by: Vec<String>,
}
