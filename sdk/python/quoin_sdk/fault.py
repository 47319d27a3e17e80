"""Why something failed, in terms of what the host can decide."""

from __future__ import annotations

import enum
import traceback


class FaultKind(enum.StrEnum):
    """The closed list of the contract."""

    #: The credential was refused or ran out: the connection needs attention.
    AUTH_EXPIRED = "auth-expired"
    #: The credential is good but may not do this.
    PERMISSION = "permission"
    NOT_FOUND = "not-found"
    #: Somebody changed it since, or several records match.
    CONFLICT = "conflict"
    #: The vendor refuses the content; the field names the canonical field.
    INVALID_DATA = "invalid-data"
    RATE_LIMITED = "rate-limited"
    #: May work when tried again.
    TRANSIENT = "transient"
    #: The vendor is down.
    UNAVAILABLE = "unavailable"
    UNSUPPORTED = "unsupported"
    #: The connection is configured wrongly.
    CONFIG = "config"
    #: A bug in the connector.
    INTERNAL = "internal"
    OTHER = "other"


class Code:
    """Codes with a meaning to the host or to `Outcome.after_fault`."""

    #: The policy refused the request; nothing was sent.
    DENIED = "DENIED"
    #: The vendor cannot have seen the request.
    NOT_SENT = "NOT_SENT"
    #: A look-up asked the vendor, and what was to be written is not there.
    ABSENT = "ABSENT"
    #: The request may have been carried out.
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"
    #: An answer came but is not what was announced (cut off, or a gateway's HTML page).
    UNREADABLE_ANSWER = "UNREADABLE_ANSWER"
    #: What was raised is no fault: a bug in the connector.
    BUG = "BUG"


class Fault(Exception):
    """A failure that can be decided on. Raise it."""

    def __init__(
        self,
        kind: FaultKind,
        code: str,
        message: str,
        *,
        field: str | None = None,
        retry_after_ms: int | None = None,
    ):
        super().__init__(message)
        self.kind = FaultKind(kind)
        #: The vendor's own code, or one of the connector's.
        self.code = code
        #: The vendor's text, fit for a person, without secrets.
        self.message = message
        #: Canonical path of the field at fault, such as `/lines/0/tax`.
        self.field = field
        #: Wait so long before the next attempt, in milliseconds.
        self.retry_after_ms = retry_after_ms

    def __str__(self) -> str:
        where = f" at {self.field}" if self.field else ""
        return f"{self.message} ({self.kind}){where}"

    @classmethod
    def invalid(cls, field: str, message: str) -> Fault:
        """Content that cannot be used: which canonical field, and why."""
        return cls(FaultKind.INVALID_DATA, "INVALID_DATA", message, field=field)

    @classmethod
    def unsupported(cls, kind: str) -> Fault:
        """An object this connector does not handle."""
        return cls(FaultKind.UNSUPPORTED, "UNSUPPORTED_OBJECT", f"this connector does not handle '{kind}'")

    @classmethod
    def unknown_outcome(cls, message: str) -> Fault:
        """The request may have been carried out: the host looks it up before anything else."""
        return cls(FaultKind.TRANSIENT, Code.UNKNOWN_OUTCOME, message)

    @classmethod
    def missing_reference(cls, field: str, kind: str) -> Fault:
        """A link whose vendor id is not known in this connection."""
        message = f"the {kind} has no id in this system yet; write or match the {kind} first"
        return cls(FaultKind.NOT_FOUND, "MISSING_REFERENCE", message, field=field)

    @classmethod
    def of(cls, raised: BaseException) -> Fault:
        """Anything that was raised, as a fault: what is none is a bug in the connector."""
        if isinstance(raised, Fault):
            return raised
        text = "".join(traceback.format_exception(raised))[-4000:]
        return cls(FaultKind.INTERNAL, Code.BUG, f"{type(raised).__name__}: {raised}\n{text}")
