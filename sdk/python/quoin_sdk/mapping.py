"""A table of the vendor's fields and the canonical ones, read in both directions."""

from __future__ import annotations

from typing import Any, Callable

from . import shapes


class Mapping:
    """Rows of the vendor's member and the canonical JSON pointer; `lower` has what is done to a value on the way out."""

    def __init__(self, rows: dict[str, str], lower: dict[str, Callable[[Any], Any]] | None = None):
        self._rows = rows
        self._lower = lower or {}

    def canonical(self, vendor: str) -> str | None:
        """The canonical pointer of a vendor's member."""
        return self._rows.get(vendor)

    def vendor(self, pointer: str) -> str | None:
        """The vendor's member of a canonical pointer."""
        return next((vendor for vendor, row in self._rows.items() if row == pointer), None)

    def lower(self, value: Any) -> dict[str, Any]:
        """The vendor's members of a canonical object."""
        data = shapes.to_json(value)
        record = {}
        for vendor, pointer in self._rows.items():
            member = data
            for name in pointer.split("/")[1:]:
                member = member.get(name) if isinstance(member, dict) else None
            if member is not None:
                record[vendor] = self._lower.get(vendor, lambda same: same)(member)
        return record
