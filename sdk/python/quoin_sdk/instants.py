"""Instants as texts: vendors' stamps have more digits than a `datetime` holds, and a cursor must not lose any."""

from __future__ import annotations

import datetime
import re

from .canonical import Instant
from .fault import Fault, FaultKind

_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:?\d{2})")


def instant(text: object) -> Instant:
    """An instant in UTC with the digits it came with: `…T11:15:00.5+01:00` is `…T10:15:00.5Z`."""
    parts = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    try:
        if parts is None:
            raise ValueError
        day, time, fraction, zone = parts.groups()
        moment = datetime.datetime.fromisoformat(f"{day}T{time}{zone.upper()}")
        return _written(moment.astimezone(datetime.timezone.utc), fraction or "")
    except (ValueError, OverflowError):
        message = f"{text!r} is no instant with its zone, such as 2026-03-02T10:15:00Z"
        raise Fault(FaultKind.INVALID_DATA, "INSTANT", message) from None


def earlier(moment: Instant, seconds: int) -> Instant:
    """So many seconds before an instant."""
    day, time, fraction, _ = _INSTANT.fullmatch(instant(moment)).groups()
    before = datetime.datetime.fromisoformat(f"{day}T{time}+00:00") - datetime.timedelta(seconds=seconds)
    return _written(before, fraction or "")


def _written(moment: datetime.datetime, fraction: str) -> Instant:
    return Instant(f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z")
