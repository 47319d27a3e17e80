"""Writing: the items to write, and what became of each."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from . import canonical, exact, shapes
from .fault import Code, Fault, FaultKind


@dataclass
class Reference:
    """A canonical id with this connection's name for it."""

    #: Canonical object kind, such as `customer`.
    object: str
    #: Canonical id.
    id: str
    #: The id in the connected system.
    external: str


@dataclass
class Item:
    """One object to write."""

    #: Idempotency key, made by the host; the same on every attempt at the same effect.
    key: str
    #: Canonical id of the object.
    id: str
    #: Canonical JSON.
    data: str
    #: The vendor's id, when it is known from an earlier write or read.
    external: str | None = None
    #: Remove instead of write.
    delete: bool = False
    #: Only when the vendor still holds this version.
    if_version: str | None = None
    references: list[Reference] = field(default_factory=list)

    def object(self, kind: str) -> Any:
        """The object to write, of this kind."""
        try:
            data = exact.loads(self.data)
        except ValueError as wrong:
            raise Fault(FaultKind.INVALID_DATA, "CANONICAL_JSON", f"no {kind}: {wrong}") from None
        return shapes.canonical_object(kind, data)

    def external_of(self, kind: str, link: canonical.Link | str) -> str | None:
        """The vendor's id, in this connection, of what a link (or a canonical id) points at. A link by another system's
        id is never taken for one of ours."""
        wanted = link if isinstance(link, str) else getattr(link, "id", None)
        known = (one.external for one in self.references if one.object == kind and one.id == wanted)
        return next(known, None) if wanted else None


class Status(enum.StrEnum):
    """The ends of an item."""

    CREATED = "created"
    UPDATED = "updated"
    #: It was there already, and equal: an earlier attempt succeeded.
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    #: Somebody changed it since, or several records match.
    CONFLICT = "conflict"
    #: The vendor refuses it for good; see the fault.
    REJECTED = "rejected"
    #: Nothing happened; try again later.
    RETRY = "retry"
    #: A look-up asked the vendor, and it is surely not there.
    ABSENT = "absent"
    #: It may or may not have happened; the host looks it up before anything else.
    UNKNOWN = "unknown"


@dataclass
class Outcome:
    """What became of one item."""

    key: str
    status: Status
    external: str | None = None
    #: The vendor's version.
    version: str | None = None
    #: Canonical JSON of what the vendor now holds; see `holding`.
    data: str | None = None
    #: Vendor ids of further canonical objects written on the way.
    references: list[Reference] = field(default_factory=list)
    #: Why not, when not.
    fault: Fault | None = None

    @classmethod
    def created(cls, item: Item, external: str) -> Outcome:
        return cls(item.key, Status.CREATED, external)

    @classmethod
    def updated(cls, item: Item, external: str) -> Outcome:
        return cls(item.key, Status.UPDATED, external)

    @classmethod
    def unchanged(cls, item: Item, external: str) -> Outcome:
        return cls(item.key, Status.UNCHANGED, external)

    @classmethod
    def deleted(cls, item: Item) -> Outcome:
        return cls(item.key, Status.DELETED, item.external)

    @classmethod
    def failed(cls, item: Item, status: Status, fault: Fault) -> Outcome:
        """Not done, and why: conflict, rejected, retry or unknown."""
        return cls(item.key, status, item.external, fault=fault)

    @classmethod
    def absent(cls, item: Item, why: str) -> Outcome:
        """A look-up asked the vendor, and it is surely not there: the next write is the first."""
        return cls.failed(item, Status.ABSENT, Fault(FaultKind.NOT_FOUND, Code.ABSENT, why))

    @classmethod
    def after_fault(cls, item: Item, raised: BaseException) -> Outcome:
        """What a failed write means for its item. A vendor's 5xx to a write must be a `Fault.unknown_outcome` first.
        What was raised and is no fault may have happened after the request left."""
        fault = Fault.of(raised)
        return cls.failed(item, _status_after(fault), fault)

    def holding(self, value: Any) -> Outcome:
        """The object as the vendor now holds it, such as an invoice with its number."""
        self.data = exact.dumps(shapes.canonical_json(value))
        return self

    def reference(self, kind: str, canonical_id: str, external: str) -> Outcome:
        """A further canonical object written on the way, and its vendor id."""
        self.references.append(Reference(kind, canonical_id, external))
        return self


def _status_after(fault: Fault) -> Status:
    if fault.code in (Code.UNKNOWN_OUTCOME, Code.UNREADABLE_ANSWER) or fault.kind == FaultKind.INTERNAL:
        return Status.UNKNOWN
    passing = (FaultKind.RATE_LIMITED, FaultKind.TRANSIENT, FaultKind.UNAVAILABLE)
    if fault.code == Code.NOT_SENT or fault.kind in passing:
        return Status.RETRY
    return Status.CONFLICT if fault.kind == FaultKind.CONFLICT else Status.REJECTED
