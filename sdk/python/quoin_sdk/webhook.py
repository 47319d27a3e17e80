"""Inbound requests, and what to answer them."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import http


@dataclass
class Inbound:
    """An inbound HTTP request, raw."""

    method: str
    #: The exact public URL that was called.
    url: str
    headers: list[tuple[str, str]]
    #: What the vendor signed.
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's first value, whatever the case of its name."""
        return http.header(self.headers, name)


@dataclass
class Reply:
    """What to answer, and what to read again; never data."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    #: Records to read again: kind and vendor id.
    touched: list[tuple[str, str]] = field(default_factory=list)
    #: The vendor's id of this delivery, equal on its retries.
    delivery: str | None = None

    def touch(self, kind: str, external: str) -> Reply:
        """A record to read again."""
        self.touched.append((kind, external))
        return self
