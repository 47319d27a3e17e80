"""JSON without floats: numbers with a fraction are read as `Decimal`, and a `Number` is written digit for digit."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Number:
    """A decimal that `dumps` writes as a JSON number instead of a text."""

    value: decimal.Decimal


def loads(text: str | bytes) -> Any:
    """Reads JSON. Raises `ValueError`, for `NaN` and `Infinity` too, which are no JSON."""

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_float=decimal.Decimal, parse_constant=refuse)


#: A text as JSON writes it.
_quoted = json.encoder.encode_basestring


def dumps(value: Any) -> str:
    """Writes JSON. A float is refused: its digits are not what anybody wrote."""
    write = _WRITERS.get(type(value))
    if write:
        return write(value)
    if isinstance(value, enum.Enum):
        return dumps(value.value)
    if isinstance(value, float):
        raise TypeError(f"{value} is a float; amounts are Decimal, as JSON numbers Number(decimal)")
    if isinstance(value, datetime.datetime):
        raise TypeError("an instant is a text with its zone; see quoin_sdk.instant")
    for base, write in _WRITERS.items():
        if isinstance(value, base):
            return write(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def _object(value: dict[Any, Any]) -> str:
    return "{" + ",".join([f"{_quoted(str(name))}:{dumps(member)}" for name, member in value.items()]) + "}"


def _array(value: Any) -> str:
    return "[" + ",".join([dumps(item) for item in value]) + "]"


def plain(value: decimal.Decimal) -> str:
    """The digits of a decimal, without an exponent. Raises `ValueError` for infinities and the like."""
    if not value.is_finite():
        raise ValueError(f"{value} is no amount")
    return format(value, "f")


#: How each type is written. `bool` before `int`, which it is one of.
_WRITERS = {
    str: _quoted,
    bool: lambda value: "true" if value else "false",
    int: str,
    type(None): lambda _: "null",
    decimal.Decimal: lambda value: f'"{plain(value)}"',
    Number: lambda value: plain(value.value),
    dict: _object,
    list: _array,
    tuple: _array,
    datetime.date: lambda value: f'"{value.isoformat()}"',
}
