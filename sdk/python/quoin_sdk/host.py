"""Everything a connector can do to the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from . import exact
from .canonical import Instant
from .fault import Fault, FaultKind
from .http import Request, Response
from .shapes import NotOfShape, load

T = TypeVar("T")


@dataclass
class Report:
    """Who we are at the vendor and what we may do."""

    #: The account or user that the credential belongs to.
    account: str | None = None
    #: What the credential may do.
    scopes: list[str] = field(default_factory=list)
    #: What an operator should mend, though the connection works.
    warnings: list[str] = field(default_factory=list)


class Host(Protocol):
    """The host, as a connector sees it."""

    def send(self, request: Request) -> Response:
        """One request. An answer of any status is returned; raised is a fault: no whole answer came, and its code says
        whether the vendor may have acted."""

    def send_all(self, requests: list[Request], max_parallel: int) -> list[Response | Fault]:
        """Several at once, at most so many in flight; answers or faults in the order asked."""

    def config(self, shape: type[T]) -> T:
        """The connection's configuration."""

    def now(self) -> Instant:
        """Now, the same during one call."""

    def remaining_ms(self) -> int:
        """Milliseconds left before this call is stopped."""

    def log(self, level: Literal["trace", "debug", "info", "warn", "error"], message: str, **fields: object) -> None:
        """A line for the operator."""

    def verify_hmac(self, slot: str, algorithm: Literal["hmac-sha256", "hmac-sha1"], payload: bytes, mac: bytes) -> bool:
        """Whether `mac` is the MAC of `payload` under the secret in `slot`, in constant time."""

    def verify_equals(self, slot: str, candidate: bytes) -> bool:
        """Whether `candidate` equals the secret in `slot`, in constant time."""


def configured(text: str, shape: type[T] = Any) -> T:
    """The host has already checked the configuration against the manifest, so a failure means that type and manifest
    disagree."""
    try:
        return load(shape, exact.loads(text))
    except (NotOfShape, ValueError) as wrong:
        raise Fault(FaultKind.CONFIG, "CONFIG", f"the configuration does not fit: {wrong}") from None
