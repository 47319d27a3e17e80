"""Requests to the vendor and its answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from . import exact
from .fault import Code, Fault, FaultKind
from .shapes import NotOfShape, load, to_json

T = TypeVar("T")


@dataclass
class Request:
    """One request, built in a chain: `Request.get(url).query("limit", 200).with_credential("api")`."""

    #: Method, upper case.
    method: str
    #: Absolute URL.
    url: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    #: Name of a credential slot of the manifest; the host attaches the credential itself.
    credential: str | None = None
    #: Sent in the vendor's idempotency header where the manifest names one.
    idempotency_key: str | None = None
    #: Longest wait for this answer, in milliseconds.
    timeout_ms: int | None = None
    #: What it costs of the connection's rate budget; 1 for an ordinary request.
    cost: int = 1

    @classmethod
    def get(cls, url: str) -> Request:
        return cls("GET", url)

    @classmethod
    def post(cls, url: str) -> Request:
        return cls("POST", url)

    @classmethod
    def put(cls, url: str) -> Request:
        return cls("PUT", url)

    @classmethod
    def patch(cls, url: str) -> Request:
        return cls("PATCH", url)

    @classmethod
    def delete(cls, url: str) -> Request:
        return cls("DELETE", url)

    def header(self, name: str, value: object) -> Request:
        """Adds a header. Credentials are not headers: see `with_credential`."""
        self.headers.append((name, str(value)))
        return self

    def query(self, name: str, value: object) -> Request:
        """Adds a query parameter, percent-encoded."""
        self.url += f"{'&' if '?' in self.url else '?'}{quote(name, safe='')}={quote(str(value), safe='')}"
        return self

    def json(self, value: Any) -> Request:
        """A JSON body, with its content type; dataclasses are written as objects."""
        self.body = exact.dumps(to_json(value)).encode()
        return self.header("content-type", "application/json")

    def form(self, fields: dict[str, object]) -> Request:
        """A form body (`application/x-www-form-urlencoded`)."""
        pairs = (f"{quote_plus(name)}={quote_plus(str(value))}" for name, value in fields.items())
        self.body = "&".join(pairs).encode()
        return self.header("content-type", "application/x-www-form-urlencoded")

    def text(self, content_type: str, body: str) -> Request:
        """A text body of any content type (XML, query languages)."""
        self.body = body.encode()
        return self.header("content-type", content_type)

    def with_credential(self, slot: str) -> Request:
        """The credential slot that the host shall attach."""
        self.credential = slot
        return self


@dataclass
class Response:
    """A whole answer, of any status."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """A header's first value, whatever the case of its name."""
        return header(self.headers, name)

    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self, shape: type[T] = Any) -> T:
        """The body as this type. What is no JSON or does not fit is a fault `UNREADABLE_ANSWER`; after a write that
        means unknown."""
        try:
            return load(shape, exact.loads(self.body))
        except (NotOfShape, ValueError, RecursionError) as wrong:
            kind = self.header("content-type") or "no content type"
            message = f"answer {self.status} ({kind}, {len(self.body)} bytes): {wrong}"
            raise Fault(FaultKind.TRANSIENT, Code.UNREADABLE_ANSWER, message) from None


def header(headers: list[tuple[str, str]], name: str) -> str | None:
    """The first value of a header, whatever the case of its name."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)
