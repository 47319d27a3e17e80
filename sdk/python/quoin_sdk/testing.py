"""A host for native tests: scripted answers, recorded requests, a clock that stands still. Never a network."""

from __future__ import annotations

import copy
import hmac
from dataclasses import dataclass
from typing import Any

from . import exact, shapes
from .canonical import Instant
from .fault import Code, Fault, FaultKind
from .host import configured
from .http import Request, Response
from .sink import Item
from .webhook import Inbound


@dataclass
class _Script:
    method: str
    prefix: str
    answer: Response | Fault
    spent: bool = False


class FakeHost:
    """Scripted answers, recorded requests, a clock that stands still."""

    def __init__(self, config: dict[str, Any] | None = None):
        self._config = exact.dumps(config or {})
        self._scripts: list[_Script] = []
        self._secrets: dict[str, bytes] = {}
        #: Every request so far, in order.
        self.requests: list[Request] = []
        #: Every logged line so far, in order.
        self.logs: list[tuple[str, str, dict[str, object]]] = []
        self.moment = Instant("2026-01-01T00:00:00Z")
        self.left_ms = 30_000

    def respond(self, method: str, prefix: str, answer: Response | Fault) -> FakeHost:
        """Answers requests of this method whose URL starts so; a fault is raised. The longest beginning wins; several
        answers for the same one are given in turn, the last again and again."""
        self._scripts.append(_Script(method, prefix, answer))
        return self

    def secret(self, slot: str, value: bytes) -> FakeHost:
        """Fills a secret slot, for proofs."""
        self._secrets[slot] = value
        return self

    def send(self, request: Request) -> Response:
        # As it was when it was sent.
        self.requests.append(copy.deepcopy(request))
        fits = [one for one in self._scripts if one.method == request.method and request.url.startswith(one.prefix)]
        longest = max((len(one.prefix) for one in fits), default=0)
        turn = [one for one in fits if len(one.prefix) == longest and not one.spent]
        if not turn:
            message = f"no answer for {request.method} {request.url}; add .respond(…) to the fake host"
            raise Fault(FaultKind.INTERNAL, Code.DENIED, message)
        turn[0].spent = len(turn) > 1
        if isinstance(turn[0].answer, Fault):
            raise turn[0].answer
        return turn[0].answer

    def send_all(self, requests: list[Request], max_parallel: int) -> list[Response | Fault]:
        answers: list[Response | Fault] = []
        for request in requests:
            try:
                answers.append(self.send(request))
            except Fault as fault:
                answers.append(fault)
        return answers

    def config(self, shape: type) -> Any:
        return configured(self._config, shape)

    def now(self) -> Instant:
        return self.moment

    def remaining_ms(self) -> int:
        return self.left_ms

    def log(self, level: str, message: str, **fields: object) -> None:
        self.logs.append((level, message, fields))

    def verify_hmac(self, slot: str, algorithm: str, payload: bytes, mac: bytes) -> bool:
        digest = algorithm.removeprefix("hmac-")
        return hmac.compare_digest(hmac.digest(self._secret(slot), payload, digest), mac)

    def verify_equals(self, slot: str, candidate: bytes) -> bool:
        return hmac.compare_digest(self._secret(slot), candidate)

    def _secret(self, slot: str) -> bytes:
        if slot not in self._secrets:
            raise Fault(FaultKind.CONFIG, "SECRET_MISSING", f"slot '{slot}' has no secret; add .secret(…)")
        return self._secrets[slot]


def json(status: int, body: Any, **headers: str) -> Response:
    """An answer with a JSON body and its content type; `retry_after="7"` is the header `retry-after`."""
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status, exact.dumps(body).encode(), [("content-type", "application/json"), *fields])


def item(value: Any, **more: Any) -> Item:
    """An item to write, as the host would make it."""
    data = shapes.canonical_json(value)
    canonical_id = value.header.id or "00000000-0000-8000-8000-000000000001"
    return Item(**{"key": "key", "id": canonical_id, "data": exact.dumps(data), **more})


def inbound(url: str, headers: dict[str, str], body: bytes) -> Inbound:
    """An inbound request, as a vendor would send it."""
    return Inbound("POST", url, list(headers.items()), body)
