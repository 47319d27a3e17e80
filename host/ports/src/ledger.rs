//! The durable truth: events, process state, commands, timers, cross-references, cursors. One
//! commit is all or nothing, and acknowledged means flushed.

use std::sync::Arc;

use async_trait::async_trait;
use process::{Command, CommandId, Event, EventDraft, Exception, TimerRow};
pub use process::{Sighting, XrefRow};
use quoin_canonical::{Id, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// A set of typed operations that happen together or not at all.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// What must hold, or nothing happens.
    pub expect: Vec<Expect>,
    /// What happens.
    pub ops: Vec<Op>,
}

/// A precondition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The document has this version (0: it does not exist). Each [`Op::PutDocument`] adds one.
    Document {
        /// Collection.
        collection: String,
        /// Key in it.
        key: String,
        /// Version.
        version: u64,
    },
    /// This delivery was not seen before.
    NewDelivery {
        /// Connection.
        connection: String,
        /// Vendor's delivery id.
        delivery: String,
    },
    /// The consumer's position in the log of this partition is still this one.
    Position {
        /// Consumer.
        consumer: String,
        /// Partition.
        partition: u16,
        /// Sequence number.
        seq: u64,
    },
    /// The command is still open (neither finished nor withdrawn).
    OpenCommand(CommandId),
    /// The timer is still set.
    SetTimer(Id),
    /// The poll cursor is still at this value (`None`: never set).
    Cursor {
        /// Connection and stream.
        name: String,
        /// Value.
        value: Option<Vec<u8>>,
    },
}

/// A document as JSON text, written once by whoever has the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Writes a value down.
    ///
    /// # Errors
    /// A map in it whose keys are no texts.
    pub fn of(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::to_string(value).map(Self)
    }

    /// The JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Value> for Text {
    fn from(value: Value) -> Self {
        Self(value.to_string())
    }
}

/// One durable operation.
#[derive(Debug, Clone)]
pub enum Op {
    /// Adds an event to the log. An id that the log has already is the same event told twice: nothing is
    /// added, and the receipt has the number it got the first time.
    Append(EventDraft),
    /// Writes a JSON document: process instances, contract accounts, projections.
    PutDocument {
        /// Collection, such as `instance` or `account`.
        collection: String,
        /// Key in it.
        key: String,
        /// Content.
        value: Text,
    },
    /// Queues a command, due at `not_before`. One that is open under the same id is replaced, and its
    /// lease ends: that is how an attempt is rescheduled.
    PutCommand {
        /// The command.
        command: Command,
        /// Earliest attempt.
        not_before: Timestamp,
    },
    /// Takes a command out of the queue for good.
    FinishCommand(CommandId),
    /// Sets a timer (again).
    PutTimer(TimerRow),
    /// Takes a timer away.
    RemoveTimer(Id),
    /// Notes that a canonical object has this vendor id in this connection.
    PutXref(XrefRow),
    /// Notes what was last seen of a vendor's record.
    PutSighting(Sighting),
    /// Notes that a delivery was seen.
    PutDelivery {
        /// Connection.
        connection: String,
        /// Vendor's delivery id.
        delivery: String,
        /// When.
        at: Timestamp,
    },
    /// Moves a consumer's position in the log.
    PutPosition {
        /// Consumer.
        consumer: String,
        /// Partition.
        partition: u16,
        /// Sequence number of the last event that is done.
        seq: u64,
    },
    /// Moves a poll cursor.
    PutCursor {
        /// Connection and stream.
        name: String,
        /// Value.
        value: Vec<u8>,
    },
    /// Opens, changes or resolves an exception.
    PutException(Exception),
}

/// Proof of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Sequence numbers of the appended events, in order.
    pub seqs: Vec<u64>,
}

/// Why nothing was committed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A precondition does not hold: somebody else was first. Read again and decide again.
    #[error("precondition failed: {0:?}")]
    Precondition(Expect),
    /// More than one commit may hold.
    #[error("commit of {bytes} bytes is over the limit of {limit_bytes}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The store stopped itself: disk full, an I/O error, or damage. Nothing more is accepted. Whether
    /// this commit is there is unknown until the store is opened again.
    #[error("the store has stopped: {0}")]
    Stopped(String),
}

/// Number of partitions of the log. Every business key lives in one; order holds inside it.
pub const PARTITIONS: u16 = 16;

/// The partition of a business key: FNV-1a, fixed for ever, since positions are stored by it.
pub fn partition_of(key: &str) -> u16 {
    let hash = key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    u16::try_from(hash % u64::from(PARTITIONS)).unwrap_or(0)
}

/// The store.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Commits. `Ok` means: durable, all of it, and seen by every read from now on. A caller that stops
    /// waiting does not take the commit back.
    ///
    /// # Errors
    /// [`CommitError`]; nothing happened, except that [`CommitError::Stopped`] leaves it open.
    async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError>;

    /// Events of a partition after a sequence number, oldest first; shared by those who follow the log.
    async fn events(&self, partition: u16, after: u64, limit: usize) -> Vec<Arc<Event>>;
    /// Events of every partition after a sequence number, oldest first.
    async fn log(&self, after: u64, limit: usize) -> Vec<Arc<Event>>;
    /// Events of one business key after a sequence number, oldest first.
    async fn events_of_key(&self, key: &str, after: u64, limit: usize) -> Vec<Event>;
    /// One event by id.
    async fn event(&self, id: &Id) -> Option<Event>;
    /// A consumer's position in a partition; 0 at the beginning.
    async fn position(&self, consumer: &str, partition: u16) -> u64;

    /// A document and its version.
    async fn document(&self, collection: &str, key: &str) -> Option<(Value, u64)>;
    /// Documents of a collection whose key starts with `prefix`, by key, after `after`.
    async fn documents(&self, collection: &str, prefix: &str, after: &str, limit: usize) -> Vec<(String, Value)>;

    /// Takes up to `limit` commands that are due at `now`, lowest priority number first, and leases them until `until`:
    /// nobody else gets them before. The embedded store forgets leases with its process.
    async fn lease(&self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<Command>;
    /// Gives leased commands back: they are due again, and [`Ledger::work`] rings.
    async fn release(&self, commands: &[CommandId]);
    /// When the next command or timer is due (a leased command: when its lease ends); `None` when there is
    /// none.
    async fn next_due(&self) -> Option<Timestamp>;
    /// How many commands are due at `now` and wait for somebody to lease them, counted no further than
    /// `most`: how far behind the host is.
    async fn ready(&self, now: Timestamp, most: usize) -> usize;
    /// Timers due at `now`, earliest first.
    async fn due_timers(&self, now: Timestamp, limit: usize) -> Vec<TimerRow>;
    /// Open commands of a business key.
    async fn commands_of_key(&self, key: &str) -> Vec<Command>;
    /// How many commands are open.
    async fn open_commands(&self) -> u64;

    /// The canonical object behind a vendor id.
    async fn xref(&self, connection: &str, object: &str, external: &str) -> Option<XrefRow>;
    /// A canonical object's ids in all connections.
    async fn xrefs_of(&self, id: &Id) -> Vec<XrefRow>;
    /// What was last seen of a record.
    async fn sighting(&self, connection: &str, object: &str, external: &str) -> Option<Sighting>;
    /// A poll cursor.
    async fn cursor(&self, name: &str) -> Option<Vec<u8>>;
    /// Exceptions, newest first, open ones only unless `all`.
    async fn exceptions(&self, all: bool, limit: usize) -> Vec<Exception>;

    /// The last sequence number of the log, changing with each commit that appends: what followers wait on.
    fn head(&self) -> watch::Receiver<u64>;
    /// A number that changes with every commit that queued commands or timers.
    fn work(&self) -> watch::Receiver<u64>;
}
