//! Reading: what is asked, and the page that answers.

use quoin_canonical::{Canonical, ObjectKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Fault, FaultKind};

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// Canonical object kind.
    pub object: ObjectKind,
    /// Where the last page ended; `None` for the beginning.
    pub cursor: Option<Vec<u8>>,
    /// Exactly these records, by vendor id, when not empty; the cursor is then ignored.
    pub ids: Vec<String>,
    /// At most so many changes.
    pub limit: u32,
}

impl ReadRequest {
    /// From the beginning.
    pub fn first(object: ObjectKind, limit: u32) -> Self {
        Self { object, cursor: None, ids: Vec::new(), limit }
    }

    /// The cursor in the connector's own type, written by [`Page::ending_at`].
    ///
    /// # Errors
    /// Code `CURSOR` when it is not of this type: another version of the connector wrote it.
    pub fn position<T: DeserializeOwned>(&self) -> Result<Option<T>, Fault> {
        let Some(bytes) = &self.cursor else { return Ok(None) };
        serde_json::from_slice(bytes).map(Some).map_err(|error| {
            let message = format!("the stored cursor is of another format: {error}; reset the stream to read anew");
            Fault::new(FaultKind::Config, "CURSOR", message)
        })
    }
}

/// A page of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where this page ended; the host stores it in the same transaction as the changes.
    pub next: Option<Vec<u8>>,
    /// More can be read at once.
    pub more: bool,
    /// Format of the cursor, so that another version can refuse it in words.
    pub cursor_format: u32,
}

impl Page {
    /// A page of these changes, without a cursor.
    pub fn of(changes: Vec<Change>) -> Self {
        Self { changes, cursor_format: 1, ..Self::default() }
    }

    /// Where this page ended, as JSON of the connector's own type.
    ///
    /// # Errors
    /// When the type cannot be written as JSON: a bug in the plugin.
    pub fn ending_at(mut self, position: &impl Serialize) -> Result<Self, Fault> {
        let bytes = serde_json::to_vec(position)
            .map_err(|error| Fault::new(FaultKind::Internal, "CURSOR", format!("cursor is not JSON: {error}")))?;
        self.next = Some(bytes);
        Ok(self)
    }
}

/// Changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Upsert,
    Delete,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Changed or deleted.
    pub op: Op,
    /// The record's id in the vendor's system.
    pub external: String,
    /// The record's own version there: etag or modification stamp.
    pub version: Option<String>,
    /// Canonical JSON; empty for a delete.
    pub(crate) data: String,
}

impl Change {
    /// A record that is there. Header fields `external` and `version` are filled in where the
    /// object leaves them empty.
    ///
    /// # Errors
    /// Of kind `invalid-data` with the field, when the object breaks a canonical rule.
    pub fn upsert<T: Canonical>(
        external: impl Into<String>,
        version: Option<String>,
        object: &T,
    ) -> Result<Self, Fault> {
        let external = external.into();
        let header = object.header();
        let complete = header.external.is_some() && (header.version.is_some() || version.is_none());
        let data = if complete { text(object)? } else { filled_in(object, &external, version.as_deref())? };
        Ok(Self { op: Op::Upsert, external, version, data })
    }

    /// A record that is gone.
    pub fn delete(external: impl Into<String>, version: Option<String>) -> Self {
        Self { op: Op::Delete, external: external.into(), version, data: String::new() }
    }

    /// The object, for tests.
    ///
    /// # Errors
    /// When it is a delete or another object.
    pub fn object<T: Canonical>(&self) -> Result<T, Fault> {
        parsed(&self.data)
    }

    /// The canonical JSON; empty for a delete.
    pub fn json(&self) -> &str {
        &self.data
    }
}

/// An object as canonical JSON, once it is valid.
pub(crate) fn text<T: Canonical>(object: &T) -> Result<String, Fault> {
    refuse_invalid(object)?;
    serde_json::to_string(object).map_err(no_json::<T>)
}

/// The same, with the header's external id and version where the object leaves them empty.
fn filled_in<T: Canonical>(object: &T, external: &str, version: Option<&str>) -> Result<String, Fault> {
    refuse_invalid(object)?;
    let mut value = serde_json::to_value(object).map_err(no_json::<T>)?;
    if let Some(header) = value.get_mut("header").and_then(Value::as_object_mut) {
        header.entry("external").or_insert_with(|| external.into());
        if let Some(version) = version {
            header.entry("version").or_insert_with(|| version.into());
        }
    }
    Ok(value.to_string())
}

fn no_json<T: Canonical>(error: serde_json::Error) -> Fault {
    Fault::new(FaultKind::Internal, "CANONICAL_JSON", format!("{} is not JSON: {error}", T::KIND))
}

/// Canonical JSON as an object, once it is valid.
pub(crate) fn parsed<T: Canonical>(json: &str) -> Result<T, Fault> {
    let object: T = serde_json::from_str(json)
        .map_err(|error| Fault::new(FaultKind::InvalidData, "CANONICAL_JSON", format!("no {}: {error}", T::KIND)))?;
    refuse_invalid(&object)?;
    Ok(object)
}

fn refuse_invalid<T: Canonical>(object: &T) -> Result<(), Fault> {
    let Err(problems) = object.validate() else { return Ok(()) };
    let message = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let field = problems.first().map(|problem| problem.path.clone());
    let code = problems.first().map_or("INVALID_DATA", |problem| problem.code.as_str());
    Err(Fault { field, ..Fault::new(FaultKind::InvalidData, code, format!("no valid {}: {message}", T::KIND)) })
}
