"""The vendor's failures, as decisions."""

from dataclasses import dataclass

from quoin_sdk import Fault, FaultKind, Response

from .mapped import FIELDS

#: What each status means.
KINDS = {
    400: FaultKind.INVALID_DATA,
    401: FaultKind.AUTH_EXPIRED,
    403: FaultKind.PERMISSION,
    404: FaultKind.NOT_FOUND,
    410: FaultKind.CONFIG,  # this version of the API is retired
    422: FaultKind.INVALID_DATA,
    429: FaultKind.RATE_LIMITED,
    503: FaultKind.UNAVAILABLE,
}


@dataclass
class Refused:
    """How the vendor refuses."""

    error: str
    field: str | None = None


def refuse(answer: Response) -> Response:
    """The answer, unless the vendor refused."""
    if answer.ok:
        return answer
    otherwise = FaultKind.TRANSIENT if answer.status >= 500 else FaultKind.OTHER
    refused = _refusal(answer)
    fault = Fault(KINDS.get(answer.status, otherwise), str(answer.status), refused.error)
    fault.field = FIELDS.canonical(refused.field) if refused.field else None
    seconds = answer.header("retry-after") or ""
    fault.retry_after_ms = int(seconds) * 1000 if seconds.isdecimal() else None
    raise fault


def _refusal(answer: Response) -> Refused:
    """The vendor's sentence, or how much it said where it is none: a gateway's page helps nobody."""
    try:
        return answer.json(Refused)
    except Fault:
        return Refused(f"{len(answer.body)} bytes that are no refusal")


def refuse_write(answer: Response) -> Response:
    """Like `refuse`, for a write: a server error leaves it unknown whether it was carried out."""
    if answer.status >= 500:
        raise Fault.unknown_outcome(f"the address book answered {answer.status}")
    return refuse(answer)
