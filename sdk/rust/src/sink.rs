//! Writing: the items to write, and what became of each.

use std::fmt::Display;

use quoin_canonical::{Canonical, Id, Link, ObjectKind};

use crate::source::{parsed, text};
use crate::{Fault, FaultKind, code};

/// A canonical id with this connection's name for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Canonical object kind, such as `customer`.
    pub object: String,
    /// Canonical id.
    pub id: String,
    /// The id in the connected system.
    pub external: String,
}

/// One object to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Idempotency key, made by the host; the same on every attempt at the same effect.
    pub key: String,
    /// Canonical id of the object.
    pub id: String,
    /// The vendor's id, when it is known from an earlier write or read.
    pub external: Option<String>,
    /// Remove instead of write.
    pub delete: bool,
    /// Only when the vendor still holds this version.
    pub if_version: Option<String>,
    /// Vendor ids, in this connection, of the canonical ids that the object links to.
    pub references: Vec<Reference>,
    /// Canonical JSON.
    pub(crate) data: String,
}

impl Item {
    /// An item, as the host would make it: for tests. Without an id in the object's header, the
    /// canonical id is derived from the key.
    ///
    /// # Errors
    /// When the object breaks a canonical rule.
    pub fn new<T: Canonical>(key: impl Into<String>, object: &T) -> Result<Self, Fault> {
        let key = key.into();
        let id = object.header().id.clone().unwrap_or_else(|| Id::derived(&["item", &key]));
        Ok(Self {
            id: id.to_string(),
            external: object.header().external.clone(),
            delete: false,
            if_version: None,
            references: Vec::new(),
            data: text(object)?,
            key,
        })
    }

    /// The vendor's id, as known from an earlier write: for tests.
    #[must_use]
    pub fn known_as(mut self, external: impl Into<String>) -> Self {
        self.external = Some(external.into());
        self
    }

    /// A known reference: for tests.
    #[must_use]
    pub fn reference(mut self, kind: ObjectKind, id: impl Display, external: impl Into<String>) -> Self {
        self.references.push(Reference { object: kind.to_string(), id: id.to_string(), external: external.into() });
        self
    }

    /// The object to write.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn object<T: Canonical>(&self) -> Result<T, Fault> {
        parsed(&self.data)
    }

    /// The canonical JSON.
    pub fn json(&self) -> &str {
        &self.data
    }

    /// The vendor id, in this connection, of what a link points at; `None` when it is not known
    /// here. A link by another system's id is never taken for one of ours.
    pub fn external_of(&self, kind: ObjectKind, link: &Link) -> Option<&str> {
        self.external_of_id(kind, link.id()?)
    }

    /// The vendor id, in this connection, of a canonical id; `None` when it is not known here.
    pub fn external_of_id(&self, kind: ObjectKind, id: &Id) -> Option<&str> {
        self.references
            .iter()
            .find(|reference| reference.object == kind.as_str() && reference.id == id.as_str())
            .map(|reference| reference.external.as_str())
    }
}

/// The ends of an item: the eight of the contract, and a look-up's "surely not there".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is new there.
    Created,
    /// It was there and is changed.
    Updated,
    /// It was there already, and equal: an earlier attempt succeeded.
    Unchanged,
    /// It is gone.
    Deleted,
    /// Somebody changed it since, or several records match.
    Conflict,
    /// The vendor refuses it for good; see the fault.
    Rejected,
    /// Nothing happened; try again later.
    Retry,
    /// A look-up asked the vendor, and it is surely not there. It crosses the border as `retry` with a
    /// fault of kind not-found, which is how contract 1.0 spells it.
    Absent,
    /// It may or may not have happened; the host looks it up before anything else.
    Unknown,
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The item's key.
    pub key: String,
    /// What became of it.
    pub status: Status,
    /// The vendor's id.
    pub external: Option<String>,
    /// The vendor's version.
    pub version: Option<String>,
    /// Vendor ids of further canonical objects written on the way (tasks of a project).
    pub references: Vec<Reference>,
    /// Why not, when not.
    pub fault: Option<Fault>,
    /// Canonical JSON of what the vendor now holds.
    pub(crate) data: Option<String>,
}

impl Outcome {
    fn of(item: &Item, status: Status) -> Self {
        Self {
            key: item.key.clone(),
            status,
            external: item.external.clone(),
            version: None,
            references: Vec::new(),
            fault: None,
            data: None,
        }
    }

    fn done(item: &Item, status: Status, external: impl Into<String>) -> Self {
        Self { external: Some(external.into()), ..Self::of(item, status) }
    }

    fn failed(item: &Item, status: Status, fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::of(item, status) }
    }

    /// It is new there, under this vendor id.
    pub fn created(item: &Item, external: impl Into<String>) -> Self {
        Self::done(item, Status::Created, external)
    }

    /// It was there and is changed.
    pub fn updated(item: &Item, external: impl Into<String>) -> Self {
        Self::done(item, Status::Updated, external)
    }

    /// It was there already, and equal.
    pub fn unchanged(item: &Item, external: impl Into<String>) -> Self {
        Self::done(item, Status::Unchanged, external)
    }

    /// It is gone.
    pub fn deleted(item: &Item) -> Self {
        Self::of(item, Status::Deleted)
    }

    /// Somebody changed it since, or several records match.
    pub fn conflict(item: &Item, fault: Fault) -> Self {
        Self::failed(item, Status::Conflict, fault)
    }

    /// The vendor refuses it for good.
    pub fn rejected(item: &Item, fault: Fault) -> Self {
        Self::failed(item, Status::Rejected, fault)
    }

    /// Surely nothing happened; try again later.
    pub fn retry(item: &Item, fault: Fault) -> Self {
        Self::failed(item, Status::Retry, fault)
    }

    /// A look-up asked the vendor, and it is surely not there: the next write is the first.
    pub fn absent(item: &Item, why: impl Into<String>) -> Self {
        Self::failed(item, Status::Absent, Fault::new(FaultKind::NotFound, code::ABSENT, why))
    }

    /// It may or may not have happened.
    pub fn unknown(item: &Item, fault: Fault) -> Self {
        Self::failed(item, Status::Unknown, fault)
    }

    /// What a failed write means for its item: unknown when the answer was lost or unreadable,
    /// conflict when the fault says so, retry when it may pass, else rejected.
    ///
    /// A vendor's 5xx to a write may have been carried out: its fault must carry the code
    /// `UNKNOWN_OUTCOME` ([`Fault::unknown_outcome`]) unless the vendor documents otherwise.
    pub fn after_fault(item: &Item, fault: Fault) -> Self {
        let status = match (fault.code.as_str(), fault.kind) {
            (code::UNKNOWN_OUTCOME | code::UNREADABLE_ANSWER, _) => Status::Unknown,
            (code::NOT_SENT, _) => Status::Retry,
            (_, FaultKind::RateLimited | FaultKind::Transient | FaultKind::Unavailable) => Status::Retry,
            (_, FaultKind::Conflict) => Status::Conflict,
            _ => Status::Rejected,
        };
        Self::failed(item, status, fault)
    }

    /// The vendor's version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The object as the vendor now holds it, such as an invoice with its number.
    ///
    /// # Errors
    /// When it breaks a canonical rule.
    pub fn data<T: Canonical>(mut self, object: &T) -> Result<Self, Fault> {
        self.data = Some(text(object)?);
        Ok(self)
    }

    /// A further canonical object written on the way, and its vendor id.
    #[must_use]
    pub fn reference(mut self, kind: ObjectKind, canonical_id: impl Display, external: impl Into<String>) -> Self {
        let (id, external) = (canonical_id.to_string(), external.into());
        self.references.push(Reference { object: kind.to_string(), id, external });
        self
    }

    /// The object set by [`Outcome::data`], for tests; `None` when none was.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn object<T: Canonical>(&self) -> Result<Option<T>, Fault> {
        self.data.as_deref().map(parsed).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item {
            key: "k".into(),
            id: "i".into(),
            external: None,
            delete: false,
            if_version: None,
            references: vec![Reference { object: "project".into(), id: "p".into(), external: "77".into() }],
            data: "{}".into(),
        }
    }

    #[test]
    fn a_failed_write_is_retried_only_when_nothing_can_have_happened() {
        use FaultKind as K;
        let cases = [
            (K::Transient, code::UNKNOWN_OUTCOME, Status::Unknown),
            (K::Transient, code::UNREADABLE_ANSWER, Status::Unknown),
            (K::Transient, code::NOT_SENT, Status::Retry),
            (K::Other, code::NOT_SENT, Status::Retry),
            (K::RateLimited, "429", Status::Retry),
            (K::Unavailable, "503", Status::Retry),
            (K::Conflict, "412", Status::Conflict),
            (K::Permission, code::DENIED, Status::Rejected),
            (K::InvalidData, "400", Status::Rejected),
            (K::AuthExpired, "401", Status::Rejected),
        ];
        for (kind, code, status) in cases {
            assert_eq!(Outcome::after_fault(&item(), Fault::new(kind, code, "")).status, status, "{kind:?} {code}");
        }
    }

    #[test]
    fn a_foreign_link_is_never_taken_for_one_of_ours() {
        assert_eq!(item().external_of(ObjectKind::Project, &Link::External("77".into())), None);
    }
}
