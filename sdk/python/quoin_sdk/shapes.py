"""Dataclasses and JSON. Reading is strict: what is missing or of another type is an error that names the member, never
an empty field. Works for the canonical objects and for the shapes of a vendor that a connector writes down."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import re
import types
import typing
from typing import Any, TypeVar

from . import canonical, exact
from .fault import Fault
from .instants import instant

T = TypeVar("T")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Digits that a canonical amount holds.
_DIGITS_MAX = 28
_CURRENCY = re.compile(r"[A-Z]{3}")


class NotOfShape(ValueError):
    """What does not fit: the path to it (RFC 6901) and what is wanted there."""

    def __init__(self, path: str, message: str):
        super().__init__(f"{path or '/'}: {message}")
        self.path = path
        self.message = message


def load(shape: type[T], value: Any, *, strict: bool = False, path: str = "") -> T:
    """A JSON value as this type. `strict` refuses members that the type does not have, as the host does."""
    if shape is Any:
        return value
    origin = typing.get_origin(shape)
    if origin in (typing.Union, types.UnionType):
        return _choice(shape, value, strict, path)
    if origin is list:
        (item,) = typing.get_args(shape)
        _wanted(isinstance(value, list), path, "a list", value)
        return [load(item, one, strict=strict, path=f"{path}/{at}") for at, one in enumerate(value)]
    if origin is dict:
        _, item = typing.get_args(shape)
        _wanted(isinstance(value, dict), path, "an object", value)
        return {name: load(item, one, strict=strict, path=f"{path}/{_pointer(name)}") for name, one in value.items()}
    if origin is typing.Literal:
        _wanted(value in typing.get_args(shape), path, " or ".join(map(str, typing.get_args(shape))), value)
        return value
    if dataclasses.is_dataclass(shape):
        return _record(shape, value, strict, path)
    return _plain(shape, value, path)


def _wanted(fits: bool, path: str, what: str, value: Any) -> None:
    if not fits:
        raise NotOfShape(path, f"{what} is wanted, not {'nothing' if value is None else type(value).__name__}")


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _plain(shape: Any, value: Any, path: str) -> Any:
    if shape is canonical.Instant:
        try:
            return instant(value)
        except Fault as wrong:
            raise NotOfShape(path, wrong.message) from None
    if shape is canonical.Currency:
        _wanted(isinstance(value, str) and _CURRENCY.fullmatch(value) is not None, path, "a currency such as EUR", value)
        return value
    base = getattr(shape, "__supertype__", shape)
    if base is decimal.Decimal:
        return _decimal(value, path)
    if base is datetime.date:
        _wanted(isinstance(value, str) and _DAY.fullmatch(value) is not None, path, "a day such as 2026-03-02", value)
        return datetime.date.fromisoformat(value)
    if isinstance(base, type) and issubclass(base, enum.Enum):
        codes = [member.value for member in base]
        if value not in codes:
            raise NotOfShape(path, f"one of {', '.join(codes)} is wanted")
        return base(value)
    names = {str: "a text", bool: "true or false", int: "an integer"}
    # True is an int to Python, and no number to anybody else.
    fits = isinstance(value, base) and (base is bool or not isinstance(value, bool))
    _wanted(fits, path, names.get(base, base.__name__), value)
    return value


def _decimal(value: Any, path: str) -> decimal.Decimal:
    fits = isinstance(value, (str, int, decimal.Decimal)) and not isinstance(value, bool)
    _wanted(fits, path, "a decimal", value)
    try:
        number = decimal.Decimal(value.strip() if isinstance(value, str) else value)
        fits = number.is_finite() and len(number.as_tuple().digits) <= _DIGITS_MAX
    except decimal.InvalidOperation:
        fits = False
    if not fits:
        raise NotOfShape(path, f"a decimal of at most {_DIGITS_MAX} digits is wanted")
    return number


def _choice(shape: Any, value: Any, strict: bool, path: str) -> Any:
    choices = [choice for choice in typing.get_args(shape) if choice is not type(None)]
    if value is None and len(choices) < len(typing.get_args(shape)):
        return None
    if len(choices) == 1:
        return load(choices[0], value, strict=strict, path=path)
    _wanted(isinstance(value, dict), path, "an object", value)
    for choice in choices:
        members = _members(choice)
        tags = [(name, one) for name, one in members.items() if typing.get_origin(one.type) is typing.Literal]
        if tags and all(value.get(name) in typing.get_args(one.type) for name, one in tags):
            return load(choice, value, strict=strict, path=path)
        if not tags and all(name in value for name, one in members.items() if one.required):
            return load(choice, value, strict=strict, path=path)
    raise NotOfShape(path, f"none of {', '.join(choice.__name__ for choice in choices)}")


@dataclasses.dataclass(frozen=True)
class _Member:
    attribute: str
    type: Any
    required: bool


@functools.cache
def _members(shape: type) -> dict[str, _Member]:
    """Members by their name in JSON: the attribute's, unless its metadata has another (`field(metadata={"name": …})`)."""
    hints = typing.get_type_hints(shape)
    members = {}
    for one in dataclasses.fields(shape):
        required = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        name = one.metadata.get("name", one.name.removesuffix("_"))
        members[name] = _Member(one.name, hints[one.name], required)
    return members


def learn(shape: type) -> None:
    """Looks at a dataclass before it is needed. One that names types which are only there for a type checker cannot be
    looked at, and is never read."""
    try:
        _members(shape)
    except NameError:
        pass


def _record(shape: type, value: Any, strict: bool, path: str) -> Any:
    _wanted(isinstance(value, dict), path, "an object", value)
    members = _members(shape)
    if strict:
        for name in value:
            if name not in members:
                raise NotOfShape(f"{path}/{_pointer(name)}", "there is no such field; custom fields go into header.ext")
    taken = {}
    for name, member in members.items():
        if value.get(name) is not None:
            taken[member.attribute] = load(member.type, value[name], strict=strict, path=f"{path}/{name}")
        elif member.required:
            if name not in value or not _nullable(member.type):
                raise NotOfShape(f"{path}/{name}", "it is missing")
            taken[member.attribute] = None
    return shape(**taken)


def _nullable(shape: Any) -> bool:
    return type(None) in typing.get_args(shape)


def to_json(value: Any) -> Any:
    """A dataclass (and what is in it) as what `exact.dumps` writes; members that are None are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, exact.Number)):
        members = ((name, getattr(value, member.attribute)) for name, member in _members(type(value)).items())
        return {name: to_json(member) for name, member in members if member is not None}
    if isinstance(value, dict):
        return {name: to_json(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def canonical_kind(value: Any) -> str:
    """The kind of a canonical object. Raises a fault for anything else."""
    for kind, shape in canonical.OBJECTS.items():
        if type(value) is shape:
            return kind
    raise Fault.unsupported(type(value).__name__)


def canonical_json(value: Any) -> dict[str, Any]:
    """A canonical object as JSON, once it is one: its members, their types and codes. The host judges the rest."""
    kind = canonical_kind(value)
    try:
        # Through the text, as the host will read it.
        data = exact.loads(exact.dumps(to_json(value)))
        load(type(value), data, strict=True)
    except NotOfShape as wrong:
        raise not_canonical(kind, wrong.path, wrong.message) from None
    except (TypeError, ValueError) as wrong:
        raise not_canonical(kind, "", str(wrong)) from None
    return data


def canonical_object(kind: str, data: Any) -> Any:
    """JSON as a canonical object of this kind."""
    shape = canonical.OBJECTS.get(kind)
    if shape is None:
        raise Fault.unsupported(kind)
    try:
        return load(shape, data, strict=True)
    except NotOfShape as wrong:
        raise not_canonical(kind, wrong.path, wrong.message) from None


def not_canonical(kind: str, path: str, message: str) -> Fault:
    fault = Fault.invalid(path, f"no valid {kind}: {path or '/'}: {message}")
    fault.code = "NOT_CANONICAL"
    return fault
