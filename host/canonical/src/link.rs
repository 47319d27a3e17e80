//! Identity: canonical ids, links between objects, and the header every object carries.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::fmt::Hyphenated;

use crate::provenance::{Provenance, Tombstone};
use crate::{Date, Timestamp};

/// A canonical id: a UUID in its hyphenated lower-case form, never a vendor's id. Kept in place: an
/// account holds hundreds of thousands, and compares them all the time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; Hyphenated::LENGTH]);

/// Name space of ids that the core derives (UUID version 5, RFC 9562 section 5.5).
const DERIVED: uuid::Uuid = uuid::Uuid::from_u128(0x6f0c_51a2_7c3e_4d0b_9a55_510f_0a42_c01e);

impl Id {
    /// Wraps an id that an id source made.
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        let mut text = [0; Hyphenated::LENGTH];
        uuid.hyphenated().encode_lower(&mut text);
        Self(text)
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
        // Always text: only `encode_lower` writes it.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "'{text}' is no canonical id: a UUID such as 67e55044-10b1-426f-9247-bb680e5fe0c8"
            ))
        })
    }
}

impl JsonSchema for Id {
    fn schema_name() -> Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A canonical id: a UUID in its hyphenated lower-case form, never a vendor's id.",
            "type": "string",
        })
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
    /// The system's version of it when it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When it was seen last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Timestamp>,
    /// Whether it is still there.
    #[serde(default)]
    pub state: XrefState,
}

/// What became of a record in its system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum XrefState {
    /// It is there.
    #[default]
    Active,
    /// It was merged into another record.
    Merged,
    /// It was deleted.
    Deleted,
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
    /// The same object in connected systems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub xrefs: Vec<Xref>,
    /// How often it changed since it is known here, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Version of the schema it was written in; absent is the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_version: Option<u32>,
    /// First day on which it holds; absent is always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day on which it holds; absent is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// When it was recorded here: the second axis of time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Timestamp>,
    /// Why its status is what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// The connection whose word counts when systems differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_of_record: Option<String>,
    /// The zone it must not leave, such as `EU`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residency: Option<String>,
    /// Where its fields come from, group by group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub provenance: Vec<Provenance>,
    /// That it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<Tombstone>,
    /// Custom fields, by vendor field name; they travel with the object and survive round trips.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ext: BTreeMap<String, String>,
}

impl Header {
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day <= to)
    }

    /// Where a field comes from: the group that names it or what is around it, most closely; else
    /// the group that names nothing.
    pub fn origin(&self, pointer: &str) -> Option<&Provenance> {
        let under =
            |field: &str| pointer == field || pointer.strip_prefix(field).is_some_and(|rest| rest.starts_with('/'));
        let closest = |group: &Provenance| group.fields.iter().filter(|field| under(field)).map(String::len).max();
        let named = self.provenance.iter().filter_map(|group| Some((closest(group)?, group)));
        let found = named.max_by_key(|(length, _)| *length).map(|(_, group)| group);
        found.or_else(|| self.provenance.iter().find(|group| group.fields.is_empty()))
    }
}
