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


def dumps(value: Any) -> str:
    """Writes JSON. A float is refused: its digits are not what anybody wrote."""
    match value:
        case Number():
            return plain(value.value)
        case decimal.Decimal():
            return json.dumps(plain(value))
        case float():
            raise TypeError(f"{value} is a float; amounts are Decimal, as JSON numbers Number(decimal)")
        case enum.Enum():
            return dumps(value.value)
        case datetime.datetime():
            raise TypeError("an instant is a text with its zone; see quoin_sdk.instant")
        case datetime.date():
            return json.dumps(value.isoformat())
        case None | bool() | int() | str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            members = (f"{json.dumps(str(name), ensure_ascii=False)}:{dumps(member)}" for name, member in value.items())
            return "{" + ",".join(members) + "}"
        case list() | tuple():
            return "[" + ",".join(dumps(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} has no JSON")


def plain(value: decimal.Decimal) -> str:
    """The digits of a decimal, without an exponent. Raises `ValueError` for infinities and the like."""
    if not value.is_finite():
        raise ValueError(f"{value} is no amount")
    return format(value, "f")
