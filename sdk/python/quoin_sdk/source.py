"""Reading: what is asked, and the page that answers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from . import exact, shapes
from .fault import Fault, FaultKind

T = TypeVar("T")


@dataclass
class ReadRequest:
    """What to read."""

    #: Canonical object kind.
    object: str
    #: At most so many changes.
    limit: int
    #: Where the last page ended; None for the beginning.
    cursor: bytes | None = None
    #: Exactly these records, by vendor id, when not empty; the cursor is then ignored.
    ids: list[str] = field(default_factory=list)

    def position(self, shape: type[T]) -> T | None:
        """The cursor in the connector's own type, written by `Page.ending_at`."""
        if self.cursor is None:
            return None
        try:
            return shapes.load(shape, exact.loads(self.cursor))
        except ValueError as wrong:
            message = f"the stored cursor is of another format: {wrong}; reset the stream to read anew"
            raise Fault(FaultKind.CONFIG, "CURSOR", message) from None


@dataclass
class Change:
    """One change."""

    op: Literal["upsert", "delete"]
    #: The record's id in the vendor's system.
    external: str
    #: The record's own version there: etag or modification stamp.
    version: str | None
    #: Canonical JSON; empty for a delete.
    data: str = ""

    @classmethod
    def upsert(cls, external: str, version: str | None, value: Any) -> Change:
        """A record that is there. Header fields `external` and `version` are filled in where the object leaves them
        empty."""
        header = dataclasses.replace(
            value.header, external=value.header.external or external, version=value.header.version or version
        )
        data = shapes.canonical_json(dataclasses.replace(value, header=header))
        return cls("upsert", external, version, exact.dumps(data))

    @classmethod
    def delete(cls, external: str, version: str | None = None) -> Change:
        """A record that is gone."""
        return cls("delete", external, version)

    def object(self, kind: str) -> Any:
        """The object, for tests."""
        return shapes.canonical_object(kind, exact.loads(self.data))


@dataclass
class Page:
    """A page of changes."""

    changes: list[Change]
    #: More can be read at once.
    more: bool = False
    #: Where this page ended; the host stores it in the same transaction as the changes.
    next: bytes | None = None
    #: Format of the cursor, so that another version can refuse it in words.
    cursor_format: int = 1

    def ending_at(self, position: Any) -> Page:
        """Where this page ended, as JSON of the connector's own type."""
        self.next = exact.dumps(shapes.to_json(position)).encode()
        return self
