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


def load(shape: type[T], value: Any, *, strict: bool = False) -> T:
    """A JSON value as this type. `strict` refuses members that the type does not have, as the host does."""
    return _reader(shape, strict)(value)


#: Reads a JSON value.
Reader = typing.Callable[[Any], Any]


@functools.cache
def _reader(shape: Any, strict: bool) -> Reader:
    """The reader of a type, made once: a page has hundreds of records of the same type."""
    if shape is Any:
        return lambda value: value
    origin = typing.get_origin(shape)
    if origin in (typing.Union, types.UnionType):
        return _choice(shape, strict)
    if origin is list:
        return _list(_reader(typing.get_args(shape)[0], strict))
    if origin is dict:
        return _map(_reader(typing.get_args(shape)[1], strict))
    if origin is typing.Literal:
        return _one_of(typing.get_args(shape), lambda value: value)
    if dataclasses.is_dataclass(shape):
        return _record(shape, strict)
    return _plain(shape)


def _unlike(what: str, value: Any) -> NotOfShape:
    return NotOfShape("", f"{what} is wanted, not {'nothing' if value is None else type(value).__name__}")


def _within(name: object, wrong: NotOfShape) -> NotOfShape:
    """The same, seen from one level up."""
    pointer = str(name).replace("~", "~0").replace("/", "~1")
    return NotOfShape(f"/{pointer}{wrong.path}", wrong.message)


def _list(item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list):
            raise _unlike("a list", value)
        taken = []
        for one in value:
            try:
                taken.append(item(one))
            except NotOfShape as wrong:
                raise _within(len(taken), wrong) from None
        return taken

    return read


def _map(item: Reader) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _unlike("an object", value)
        taken = {}
        for name, one in value.items():
            try:
                taken[name] = item(one)
            except NotOfShape as wrong:
                raise _within(name, wrong) from None
        return taken

    return read


def _one_of(codes: typing.Iterable[Any], make: Reader) -> Reader:
    known = list(codes)

    def read(value: Any) -> Any:
        if value not in known:
            raise NotOfShape("", f"one of {', '.join(map(str, known))} is wanted")
        return make(value)

    return read


def _plain(shape: Any) -> Reader:
    base = getattr(shape, "__supertype__", shape)
    if shape is canonical.Instant:
        return _instant
    if shape is canonical.Currency:
        return _currency
    if base is decimal.Decimal:
        return _decimal
    if base is datetime.date:
        return _day
    if isinstance(base, type) and issubclass(base, enum.Enum):
        return _one_of((member.value for member in base), base)
    what = {str: "a text", bool: "true or false", int: "an integer"}.get(base, base.__name__)

    def read(value: Any) -> Any:
        # True is an int to Python, and no number to anybody else.
        if not isinstance(value, base) or (isinstance(value, bool) and base is not bool):
            raise _unlike(what, value)
        return value

    return read


def _instant(value: Any) -> Any:
    try:
        return instant(value)
    except Fault as wrong:
        raise NotOfShape("", wrong.message) from None


def _currency(value: Any) -> Any:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise _unlike("a currency such as EUR", value)
    return value


def _day(value: Any) -> Any:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return datetime.date.fromisoformat(value)
    except ValueError:
        pass
    raise _unlike("a day such as 2026-03-02", value)


def _decimal(value: Any) -> Any:
    if not isinstance(value, (str, int, decimal.Decimal)) or isinstance(value, bool):
        raise _unlike("a decimal", value)
    try:
        number = decimal.Decimal(value.strip() if isinstance(value, str) else value)
        fits = number.is_finite() and len(number.as_tuple().digits) <= _DIGITS_MAX
    except decimal.InvalidOperation:
        fits = False
    if not fits:
        raise NotOfShape("", f"a decimal of at most {_DIGITS_MAX} digits is wanted")
    return number


def _choice(shape: Any, strict: bool) -> Reader:
    choices = [choice for choice in typing.get_args(shape) if choice is not type(None)]
    nullable = len(choices) < len(typing.get_args(shape))
    if len(choices) == 1:
        inner = _reader(choices[0], strict)
        return lambda value: None if value is None and nullable else inner(value)
    told = [(choice, _tells(choice), _reader(choice, strict)) for choice in choices]

    def read(value: Any) -> Any:
        if value is None and nullable:
            return None
        if not isinstance(value, dict):
            raise _unlike("an object", value)
        for _, tells, reader in told:
            if tells(value):
                return reader(value)
        raise NotOfShape("", f"none of {', '.join(choice.__name__ for choice, _, _ in told)}")

    return read


def _tells(choice: type) -> typing.Callable[[dict[str, Any]], bool]:
    """Whether an object is this one of several: by its tag, or by the member that only it has."""
    members = _members(choice)
    tags = {name: typing.get_args(one.type) for name, one in members.items() if typing.get_origin(one.type) is typing.Literal}
    required = [name for name, one in members.items() if one.required]
    if tags:
        return lambda value: all(value.get(name) in codes for name, codes in tags.items())
    return lambda value: all(name in value for name in required)


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
        _reader(shape, True)
        _reader(shape, False)
    except NameError:
        pass


def _record(shape: type, strict: bool) -> Reader:
    members = _members(shape)
    readers = [(name, one.attribute, one.required, _reader(one.type, strict)) for name, one in members.items()]

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _unlike("an object", value)
        if strict:
            for name in value:
                if name not in members:
                    wrong = NotOfShape("", "there is no such field; custom fields go into header.ext")
                    raise _within(name, wrong)
        taken = {}
        for name, attribute, required, reader in readers:
            member = value.get(name)
            if member is None and not (required and name in value):
                if required:
                    raise NotOfShape(f"/{name}", "it is missing")
                continue
            try:
                taken[attribute] = reader(member)
            except NotOfShape as wrong:
                raise _within(name, wrong) from None
        return shape(**taken)

    return read


def to_json(value: Any) -> Any:
    """A dataclass (and what is in it) as what `exact.dumps` writes; members that are None are left out."""
    if isinstance(value, (str, decimal.Decimal, exact.Number)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
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
    """A canonical object as what `exact.dumps` writes, once it is one: its members, their types and codes. The host
    judges the rest."""
    kind = canonical_kind(value)
    data = to_json(value)
    try:
        load(type(value), data, strict=True)
    except NotOfShape as wrong:
        raise not_canonical(kind, wrong.path, wrong.message) from None
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
