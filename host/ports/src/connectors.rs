//! The connected systems, spoken to through their plugins.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use process::{Fault, FaultKind};
use quoin_package::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One plugin call's result, with what it did on the way: the trace is kept even when it failed.
#[derive(Debug)]
pub struct Called<T> {
    /// What came back.
    pub result: Result<T, CallError>,
    /// What happened on the way.
    pub trace: CallTrace,
}

/// What one plugin call did, for the timeline. Carries no body and no secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CallTrace {
    /// Plugin id.
    pub plugin: String,
    /// Plugin version.
    pub version: String,
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Requests to the vendor, in order.
    pub calls: Vec<VendorCall>,
    /// Wall time in microseconds.
    pub micros: u64,
    /// Peak linear memory, bytes.
    pub peak_memory_bytes: u64,
    /// The call's name in this process; its requests carry it too. Not recorded.
    #[serde(skip)]
    pub call: String,
}

/// One request to a vendor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VendorCall {
    /// Method.
    pub method: String,
    /// Host, port and path, without the query.
    pub target: String,
    /// Status, when an answer came.
    pub status: Option<u16>,
    /// What went wrong, when none came.
    pub error: Option<String>,
    /// Microseconds until the answer was whole.
    pub micros: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The plugin's own answer.
    #[error("{}", .0.message)]
    Fault(Fault),
    /// The plugin misbehaved: it was stopped, and the host is unharmed.
    #[error("plugin fault: {0}")]
    Guest(GuestFault),
    /// No such connection, or its plugin is not loaded.
    #[error("connection '{0}' is not available")]
    NoConnection(String),
    /// The plugin does not have this power, or the operator did not grant it.
    #[error("{0}")]
    NotGranted(String),
    /// Every version of its plugin that may serve was revoked; nothing was called.
    #[error("connection '{connection}' is stopped: {reason}")]
    Barred {
        /// Which connection.
        connection: String,
        /// Why.
        reason: String,
    },
}

impl CallError {
    /// The same as a fault, for whoever decides on retries.
    pub fn as_fault(&self) -> Fault {
        match self {
            CallError::Fault(fault) => fault.clone(),
            CallError::Guest(guest) => Fault::new(FaultKind::Internal, guest.class.code(), guest.message.clone()),
            CallError::NoConnection(_) => Fault::new(FaultKind::Unavailable, "NO_CONNECTION", self.to_string()),
            CallError::NotGranted(_) => Fault::new(FaultKind::Unsupported, "NOT_GRANTED", self.to_string()),
            // Asked again in a minute: a person has to put another version in its place.
            CallError::Barred { .. } => Fault {
                retry_after_ms: Some(60_000),
                ..Fault::new(FaultKind::Unavailable, "PLUGIN_REVOKED", self.to_string())
            },
        }
    }
}

/// A plugin that misbehaved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", class.code())]
pub struct GuestFault {
    /// How.
    pub class: GuestFaultClass,
    /// What was seen, panic text included.
    pub message: String,
}

/// The ways a plugin can misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuestFaultClass {
    /// Ran past its time.
    Timeout,
    /// Asked for more memory than granted.
    Memory,
    /// Recursed past its stack.
    Stack,
    /// Held more handles (streams, timers) at once than it may.
    Handles,
    /// Panicked or hit an illegal instruction.
    Trap,
    /// Returned more than it may.
    OutputTooLarge,
    /// Returned something that is not what the contract or the canonical schema says.
    Malformed,
}

impl GuestFaultClass {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            GuestFaultClass::Timeout => "PLUGIN_TIMEOUT",
            GuestFaultClass::Memory => "PLUGIN_MEMORY",
            GuestFaultClass::Stack => "PLUGIN_STACK",
            GuestFaultClass::Handles => "PLUGIN_HANDLES",
            GuestFaultClass::Trap => "PLUGIN_TRAP",
            GuestFaultClass::OutputTooLarge => "PLUGIN_OUTPUT_TOO_LARGE",
            GuestFaultClass::Malformed => "PLUGIN_MALFORMED_OUTPUT",
        }
    }
}

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct ReadRequest {
    /// Canonical object kind.
    pub object: String,
    /// Where the last page ended.
    pub cursor: Option<Vec<u8>>,
    /// Exactly these vendor ids, when not empty.
    pub ids: Vec<String>,
    /// At most so many changes.
    pub limit: u32,
}

/// A page of changes.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The changes; every object is valid canonical JSON.
    pub changes: Vec<ReadChange>,
    /// Where the page ended.
    pub next: Option<Vec<u8>>,
    /// More can be read at once.
    pub more: bool,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadChange {
    /// Changed or deleted.
    pub op: Op,
    /// Vendor id.
    pub external: String,
    /// Vendor version.
    pub version: Option<String>,
    /// Canonical JSON; `Null` for a delete.
    pub data: Value,
}

/// Changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Upsert,
    Delete,
}

/// A canonical id with one connection's name for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Canonical object kind.
    pub object: String,
    /// Canonical id.
    pub id: String,
    /// Vendor id.
    pub external: String,
}

/// One object to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Idempotency key.
    pub key: String,
    /// Canonical id.
    pub id: String,
    /// Vendor id, when known.
    pub external: Option<String>,
    /// Canonical JSON.
    pub data: Value,
    /// Remove instead of write.
    pub delete: bool,
    /// Vendor ids of what `data` links to.
    pub references: Vec<Reference>,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemOutcome {
    /// The item's key.
    pub key: String,
    /// What became of it.
    pub status: ItemStatus,
    /// Vendor id.
    pub external: Option<String>,
    /// Vendor version.
    pub version: Option<String>,
    /// The object as the vendor holds it, where the answer tells.
    pub data: Option<Value>,
    /// Further objects written on the way.
    pub references: Vec<Reference>,
    /// Why not, when not.
    pub fault: Option<Fault>,
}

/// The eight ends of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ItemStatus {
    Created,
    Updated,
    Unchanged,
    Deleted,
    Conflict,
    Rejected,
    Retry,
    Unknown,
}

/// An inbound HTTP request, raw.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// Method.
    pub method: String,
    /// Exact public URL.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Raw body.
    pub body: Vec<u8>,
}

/// What to answer and what to read again.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Status to answer.
    pub status: u16,
    /// Headers to answer.
    pub headers: Vec<(String, String)>,
    /// Body to answer.
    pub body: Vec<u8>,
    /// Records to read again.
    pub touched: Vec<Touched>,
    /// The vendor's delivery id.
    pub delivery: Option<String>,
}

/// A record to read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Canonical object kind.
    pub object: String,
    /// Vendor id.
    pub external: String,
}

/// Who we are at a vendor, and what is missing there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The account or user that the credential belongs to.
    pub account: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// What would fail later, and how to mend it.
    pub warnings: Vec<String>,
}

/// A connection as configured, with the plugin that serves it.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// Connection id.
    pub id: String,
    /// Plugin id.
    pub plugin: String,
    /// Its manifest.
    pub manifest: Arc<Manifest>,
    /// Component digest, hex SHA-256.
    pub digest: String,
}

/// The process that a write belongs to: it stays with the plugin's version that it began with.
#[derive(Debug, Clone, Copy)]
pub struct Process<'a> {
    /// Business key.
    pub key: &'a str,
    /// Instance id.
    pub instance: &'a str,
    /// Number of the event that began it, where it is known.
    pub began: Option<u64>,
}

/// The connected systems.
#[async_trait]
pub trait Connectors: Send + Sync {
    /// Reads a page, under the read grant.
    async fn read(&self, connection: &str, request: ReadRequest) -> Called<Page>;
    /// Writes items, under the write grant. On `Ok` there is one outcome per item, in order.
    async fn apply(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>>;
    /// Asks what became of items, under the read grant.
    async fn lookup(&self, connection: &str, object: &str, items: &[Item]) -> Called<Vec<ItemOutcome>>;
    /// As [`Connectors::apply`], for a process.
    async fn apply_for(
        &self,
        _process: Process<'_>,
        connection: &str,
        object: &str,
        items: &[Item],
    ) -> Called<Vec<ItemOutcome>> {
        self.apply(connection, object, items).await
    }
    /// As [`Connectors::lookup`], for a process.
    async fn lookup_for(
        &self,
        _process: Process<'_>,
        connection: &str,
        object: &str,
        items: &[Item],
    ) -> Called<Vec<ItemOutcome>> {
        self.lookup(connection, object, items).await
    }
    /// Whether a plugin's versions share a connection's calls, so that it matters when a process began.
    fn is_split(&self, _connection: &str) -> bool {
        false
    }
    /// Proves an inbound request, without network.
    async fn handle(&self, connection: &str, inbound: Inbound) -> Called<Reply>;
    /// Asks the vendor who we are and what we may do. Reads only.
    async fn check(&self, connection: &str) -> Called<CheckReport>;
    /// Asks for the vendor's schema of the mapped objects. Reads only.
    async fn discover(&self, connection: &str) -> Called<Value>;
    /// A connection by id.
    fn connection(&self, id: &str) -> Option<ConnectionInfo>;
    /// All connections, by id.
    fn connections(&self) -> Vec<ConnectionInfo>;
}

/// A loaded plugin, for lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginInfo {
    /// Plugin id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Component digest, hex SHA-256.
    pub digest: String,
    /// Optional powers found on the component: `reads`, `writes`, `listens`, `checks`, `discovers`.
    pub powers: Vec<String>,
    /// Connections it serves.
    pub connections: Vec<String>,
    /// Milliseconds from bytes to serving.
    pub load_ms: u64,
    /// Whether the compiled form came from the cache.
    pub from_cache: bool,
    /// Facts that do not fit above.
    pub notes: BTreeMap<String, String>,
}

/// Loading and listing plugins.
#[async_trait]
pub trait Plugins: Send + Sync {
    /// Loads a component and its manifest, or says in words why not; on an error nothing changes.
    /// A plugin of the same id is replaced: new calls go to the new one, calls in flight finish.
    async fn load(&self, component: Vec<u8>, manifest: String) -> Result<PluginInfo, String>;
    /// Everything loaded.
    fn plugins(&self) -> Vec<PluginInfo>;
}
