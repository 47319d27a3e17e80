//! Identity: canonical ids, links between objects, and the header every object carries.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A canonical id: a UUID in its hyphenated lower-case form, never a vendor's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Id(String);

/// Name space of ids that the core derives (UUID version 5, RFC 9562 section 5.5).
const DERIVED: uuid::Uuid = uuid::Uuid::from_u128(0x6f0c_51a2_7c3e_4d0b_9a55_510f_0a42_c01e);

impl Id {
    /// Wraps an id that an id source made.
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(uuid.hyphenated().to_string())
    }

    /// The id that always belongs to these parts: same parts, same id, so a step that runs again
    /// after a crash names the same object.
    pub fn derived(parts: &[&str]) -> Self {
        Self::from_uuid(uuid::Uuid::new_v5(&DERIVED, parts.join("\u{1f}").as_bytes()))
    }

    /// Reads an id from text; `None` when it is not a UUID.
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::parse_str(text).ok().map(Self::from_uuid)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Points at another object, either by canonical id or, on the way in from a system, by that
/// system's own id. The host turns the second form into the first before anything reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// `{"id": "…"}`: a canonical id.
    Id(Id),
    /// `{"external": "…"}`: the id in the system that the object came from.
    External(String),
}

impl Link {
    /// The canonical id, when the link carries one.
    pub fn id(&self) -> Option<&Id> {
        match self {
            Link::Id(id) => Some(id),
            Link::External(_) => None,
        }
    }

    /// The foreign id, when the link carries one.
    pub fn external(&self) -> Option<&str> {
        match self {
            Link::Id(_) => None,
            Link::External(text) => Some(text),
        }
    }
}

/// One system's name for a canonical object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Xref {
    /// The connection (one tenant's configured use of a connector).
    pub connection: String,
    /// What that system calls this kind of record.
    pub object: String,
    /// The record's id there.
    pub external: String,
}

/// What every object carries beside its business fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Header {
    /// Canonical id. Absent on objects that a connector just read: the host assigns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The id in the system that the object was read from or written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// The source system's own version of the record (etag, modification stamp).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Custom fields, by vendor field name; they travel with the object and survive round trips.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ext: BTreeMap<String, String>,
}
