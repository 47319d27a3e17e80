//! The format: one JSON document per cassette, made to be read and compared by people.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ports::{
    CallError, ChangeOp, CheckReport, HttpRequest, HttpResponse, Item, ItemOutcome, Page, ReadRequest, SendError,
};
use quoin_canonical::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the format that this crate writes, and the highest that it reads.
pub const FORMAT: u32 = 1;

/// Recorded calls of one connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cassette {
    /// Version of the format.
    pub cassette: u32,
    /// Plugin id.
    pub plugin: String,
    /// Plugin version that was recorded.
    pub version: String,
    /// SHA-256 of its component, hex.
    pub digest: String,
    /// Configuration of the connection, without secrets.
    pub config: Value,
    /// The calls, in order.
    pub calls: Vec<Call>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What was asked.
    pub asked: Asked,
    /// The instant that the call saw.
    pub now: Timestamp,
    /// Its requests to the vendor.
    pub exchanges: Vec<Exchange>,
    /// What it returned.
    pub returned: Returned,
}

/// What was asked of the connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "call")]
pub enum Asked {
    /// A page.
    Read {
        /// Canonical object kind.
        object: String,
        /// Where the last page ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<Body>,
        /// Exactly these vendor ids, when not empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ids: Vec<String>,
        /// At most so many changes.
        limit: u32,
    },
    /// Writing.
    Apply {
        /// Canonical object kind.
        object: String,
        /// What to write.
        items: Vec<Item>,
    },
    /// What became of items.
    Lookup {
        /// Canonical object kind.
        object: String,
        /// The items.
        items: Vec<Item>,
    },
    /// Who we are.
    Check,
    /// The vendor's schema.
    Discover,
}

impl Asked {
    /// A page, as the host asks for it.
    pub fn read(request: &ReadRequest) -> Self {
        Self::Read {
            object: request.object.clone(),
            cursor: request.cursor.as_deref().map(Body::of),
            ids: request.ids.clone(),
            limit: request.limit,
        }
    }

    /// In words: `read customer`.
    pub fn title(&self) -> String {
        match self {
            Self::Read { object, .. } => format!("read {object}"),
            Self::Apply { object, .. } => format!("apply {object}"),
            Self::Lookup { object, .. } => format!("lookup {object}"),
            Self::Check => "check".into(),
            Self::Discover => "discover".into(),
        }
    }
}

/// What a call returned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returned {
    /// A page: its changes as `{op, external, version, data}`, where it ended, and whether there is more.
    Page {
        /// The changes.
        changes: Vec<Value>,
        /// Where the page ended.
        next: Option<Body>,
        /// More can be read at once.
        more: bool,
    },
    /// One outcome per item.
    Outcomes(Vec<ItemOutcome>),
    /// Who we are at the vendor.
    Report(CheckReport),
    /// The vendor's schema.
    Schema(Value),
    /// No result.
    Fault(RecordedFault),
}

/// Why there was no result, as the host would see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFault {
    /// Fault kind of the contract.
    pub kind: String,
    /// Code.
    pub code: String,
    /// Words.
    pub message: String,
    /// Canonical field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// How long to wait, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Returned {
    /// A page.
    pub fn page(page: &Page) -> Self {
        let change = |change: &ports::ReadChange| {
            let op = if change.op == ChangeOp::Delete { "delete" } else { "upsert" };
            serde_json::json!({ "op": op, "external": change.external, "version": change.version, "data": change.data })
        };
        Self::Page {
            changes: page.changes.iter().map(change).collect(),
            next: page.next.as_deref().map(Body::of),
            more: page.more,
        }
    }

    /// A failed call.
    pub fn fault(error: &CallError) -> Self {
        let fault = error.as_fault();
        let kind = serde_json::to_value(fault.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
        Self::Fault(RecordedFault {
            kind: kind.unwrap_or_default(),
            code: fault.code,
            message: fault.message,
            field: fault.field,
            retry_after_ms: fault.retry_after_ms,
        })
    }
}

/// One request and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What was sent, before a credential was attached.
    pub request: RecordedRequest,
    /// What came.
    pub reply: Reply,
}

/// A request as the connector wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRequest {
    /// Method.
    pub method: String,
    /// Absolute URL.
    pub url: String,
    /// Headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// Credential slot that was asked for: a name, never a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// A whole answer.
    Answer(RecordedResponse),
    /// Refused by policy.
    Denied(String),
    /// No credential could be made.
    Credential {
        /// A person must act.
        needs_person: bool,
        /// Why.
        message: String,
    },
    /// The vendor cannot have seen it.
    NotSent(String),
    /// It left; what became of it is unknown.
    UnknownOutcome(String),
    /// The answer was larger than this many bytes.
    TooLarge(u64),
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedResponse {
    /// Status.
    pub status: u16,
    /// Headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Body,
}

/// Bytes, shown as what they are: JSON, text, or base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A JSON text that reading and writing leaves as it is, byte for byte.
    Json(Value),
    /// Text.
    Text(String),
    /// Anything else, base64.
    Base64(String),
}

impl Body {
    /// Bytes in their most readable form that loses nothing.
    pub fn of(bytes: &[u8]) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else { return Self::Base64(STANDARD.encode(bytes)) };
        match serde_json::from_str::<Value>(text) {
            // Numbers such as 1.10 would lose digits: only what writes itself back is kept as JSON.
            Ok(value) if serde_json::to_vec(&value).is_ok_and(|again| again == bytes) => Self::Json(value),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// The bytes; nothing where base64 is damaged.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Json(value) => value.to_string().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(text) => STANDARD.decode(text).unwrap_or_default(),
        }
    }
}

impl RecordedRequest {
    /// A request as it is recorded.
    pub fn of(request: &HttpRequest) -> Self {
        Self {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.as_deref().map(Body::of),
            credential: request.credential.clone(),
            idempotency_key: request.idempotency_key.clone(),
        }
    }
}

impl Reply {
    /// An ending as it is recorded.
    pub fn of(result: &Result<HttpResponse, SendError>) -> Self {
        match result {
            Ok(answer) => Self::Answer(RecordedResponse {
                status: answer.status,
                headers: answer.headers.clone(),
                body: Body::of(&answer.body),
            }),
            Err(SendError::Denied(why)) => Self::Denied(why.clone()),
            Err(SendError::Credential { needs_person, message }) => {
                Self::Credential { needs_person: *needs_person, message: message.clone() }
            }
            Err(SendError::NotSent(why)) => Self::NotSent(why.clone()),
            Err(SendError::UnknownOutcome(why)) => Self::UnknownOutcome(why.clone()),
            Err(SendError::TooLarge { limit_bytes }) => Self::TooLarge(*limit_bytes),
        }
    }

    /// The same ending again.
    ///
    /// # Errors
    /// The recorded one.
    pub fn again(&self) -> Result<HttpResponse, SendError> {
        match self {
            Self::Answer(answer) => Ok(HttpResponse {
                status: answer.status,
                headers: answer.headers.clone(),
                body: Bytes::from(answer.body.bytes()),
            }),
            Self::Denied(why) => Err(SendError::Denied(why.clone())),
            Self::Credential { needs_person, message } => {
                Err(SendError::Credential { needs_person: *needs_person, message: message.clone() })
            }
            Self::NotSent(why) => Err(SendError::NotSent(why.clone())),
            Self::UnknownOutcome(why) => Err(SendError::UnknownOutcome(why.clone())),
            Self::TooLarge(limit_bytes) => Err(SendError::TooLarge { limit_bytes: *limit_bytes }),
        }
    }
}

/// Why a cassette cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    /// Not JSON of this shape.
    #[error("this is no cassette: {0}; record it again with `quoin record`")]
    Shape(#[from] serde_json::Error),
    /// Written by a newer version.
    #[error("the cassette has format {found}, and this version reads up to {FORMAT}; take a newer `quoin`")]
    Newer {
        /// Its format.
        found: u32,
    },
}

impl Cassette {
    /// Reads one.
    ///
    /// # Errors
    /// [`CassetteError`] with what to do.
    pub fn read(text: &str) -> Result<Self, CassetteError> {
        let value: Value = serde_json::from_str(text)?;
        let found = value.get("cassette").and_then(Value::as_u64).and_then(|found| u32::try_from(found).ok());
        if let Some(found) = found.filter(|found| *found > FORMAT) {
            return Err(CassetteError::Newer { found });
        }
        Ok(serde_json::from_value(value)?)
    }

    /// Writes one, for people: indented, with a line break at the end.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn write(&self) -> Result<String, CassetteError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}
