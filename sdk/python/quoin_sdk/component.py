"""The component side: the host behind the contract's imports, and the classes that the component exports. Only the build
takes this module in; authors see none of it.

Importing happens while the component is built: what is in memory then is in the component, and there are no files
later. So everything that Python would import or read when it is first needed is brought here."""

from __future__ import annotations

import _strptime  # noqa: F401  datetime.strptime imports it at its first use
import dataclasses
import datetime
import linecache
import os
import sys
import time
from types import ModuleType
from typing import Any, Callable, TypeVar

from componentize_py_types import Err, Ok
from wit_world.imports import clock, config, http, log, types, verify

from . import exact, shapes
from .canonical import OBJECTS, Instant
from .fault import Code, Fault, FaultKind
from .host import configured
from .http import Request, Response
from .sink import Item, Outcome, Reference, Status
from .source import ReadRequest
from .webhook import Inbound

T = TypeVar("T")


class _Door:
    """The real host."""

    def send(self, request: Request) -> Response:
        return _lifted(lambda: _answer(http.send(_request(request))))

    def send_all(self, requests: list[Request], max_parallel: int) -> list[Response | Fault]:
        answers = http.send_all([_request(request) for request in requests], max_parallel)
        return [_answer(one.value) if isinstance(one, Ok) else _fault_in(one.value) for one in answers]

    def config(self, shape: type[T]) -> T:
        return configured(config.get(), shape)

    def now(self) -> Instant:
        moment = datetime.datetime.fromtimestamp(clock.now_ms() / 1000, datetime.timezone.utc)
        return Instant(f"{moment:%Y-%m-%dT%H:%M:%S}.{clock.now_ms() % 1000:03}Z")

    def remaining_ms(self) -> int:
        return clock.remaining_ms()

    def log(self, level: str, message: str, **fields: object) -> None:
        log.emit(log.Level[level.upper()], message, [(name, str(value)) for name, value in fields.items()])

    def verify_hmac(self, slot: str, algorithm: str, payload: bytes, mac: bytes) -> bool:
        kind = verify.Algorithm[algorithm.upper().replace("-", "_")]
        return _lifted(lambda: verify.hmac(slot, kind, payload, mac))

    def verify_equals(self, slot: str, candidate: bytes) -> bool:
        return _lifted(lambda: verify.equals(slot, candidate))


_HOST = _Door()


def _request(request: Request) -> http.Request:
    return http.Request(
        method=request.method,
        url=request.url,
        headers=request.headers,
        body=request.body,
        credential=request.credential,
        idempotency_key=request.idempotency_key,
        timeout_ms=request.timeout_ms,
        cost=request.cost,
    )


def _answer(answer: http.Response) -> Response:
    return Response(answer.status, answer.body, answer.headers)


def _lifted(ask: Callable[[], T]) -> T:
    """The host's own faults, raised as ours."""
    try:
        return ask()
    except Err as refused:
        raise _fault_in(refused.value) from None


def _fault_in(fault: types.Fault) -> Fault:
    kind = FaultKind[fault.kind.name]
    return Fault(kind, fault.code, fault.message, field=fault.field, retry_after_ms=fault.retry_after_ms)


def _fault_out(fault: Fault) -> types.Fault:
    kind = types.FaultKind[fault.kind.name]
    return types.Fault(kind, fault.code, fault.message, fault.field, fault.retry_after_ms, [])


def _guarded(work: Callable[[], T]) -> T:
    """Runs a power: whatever it raises crosses the border as a fault, never as a trap."""
    try:
        return work()
    except Exception as raised:
        fault = Fault.of(raised)
        if fault.code == Code.BUG:
            log.emit(log.Level.ERROR, fault.message, [])
        raise Err(_fault_out(fault)) from None


def _kind(kind: str) -> str:
    if kind not in OBJECTS:
        raise Fault.unsupported(kind)
    return kind


def describe(manifest: str) -> type:
    class Describe:
        def describe(self) -> str:
            return manifest

    return Describe


def check(power: Callable[[Any], Any]) -> type:
    from wit_world.exports import check as border

    class Check:
        def check(self) -> border.Report:
            report = _guarded(lambda: power(_HOST))
            return border.Report(report.account, report.scopes, report.warnings)

    return Check


def discover(power: Callable[[Any], Any]) -> type:
    class Discover:
        def discover(self) -> str:
            return _guarded(lambda: exact.dumps(shapes.to_json(power(_HOST))))

    return Discover


def source(power: Any) -> type:
    from wit_world.exports import source as border

    def read(request: border.ReadRequest) -> border.Page:
        asked = ReadRequest(_kind(request.object), request.limit, request.cursor, request.ids)
        page = power.read(_HOST, asked)
        changes = [border.Change(border.Op[one.op.upper()], one.external, one.version, one.data) for one in page.changes]
        return border.Page(changes, page.next, page.more, page.cursor_format)

    class Source:
        def read(self, request: border.ReadRequest) -> border.Page:
            return _guarded(lambda: read(request))

    return Source


def sink(power: Any) -> type:
    from wit_world.exports import sink as border

    def item(given: border.Item) -> Item:
        references = [Reference(one.object, one.id, one.external) for one in given.references]
        return Item(given.key, given.id, given.data, given.external, given.delete, given.if_version, references)

    def outcome(made: Outcome) -> border.Outcome:
        # How contract 1.0 spells "surely not there": a retry with a fault of kind not-found.
        status = Status.RETRY if made.status == Status.ABSENT else Status(made.status)
        return border.Outcome(
            made.key,
            border.Status[status.name],
            made.external,
            made.version,
            made.data,
            [types.Reference(one.object, one.id, one.external) for one in made.references],
            _fault_out(made.fault) if made.fault else None,
        )

    def done(work: Callable[[Any, str, list[Item]], list[Outcome]], kind: str, items: list[Any]) -> list[Any]:
        return _guarded(lambda: [outcome(made) for made in work(_HOST, _kind(kind), [item(one) for one in items])])

    class Sink:
        def apply(self, object: str, items: list[border.Item]) -> list[border.Outcome]:
            return done(power.apply, object, items)

        def lookup(self, object: str, items: list[border.Item]) -> list[border.Outcome]:
            return done(power.lookup, object, items)

    return Sink


def webhook(power: Any) -> type:
    from wit_world.exports import webhook as border

    def handle(request: border.Inbound) -> border.Reply:
        reply = power.handle(_HOST, Inbound(request.method, request.url, request.headers, request.body))
        touched = [border.Touched(kind, external) for kind, external in reply.touched]
        return border.Reply(reply.status, reply.headers, reply.body, touched, reply.delivery)

    class Webhook:
        def handle(self, request: border.Inbound) -> border.Reply:
            return _guarded(lambda: handle(request))

    return Webhook


class _Log:
    """Standard output and error, line by line into the log."""

    def __init__(self, level: Any):
        self._level = level
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            log.emit(self._level, line, [])
        return len(text)

    def flush(self) -> None:
        pass


def _no_randomness(*_: Any) -> Any:
    raise RuntimeError("a connector has no randomness: it must do the same on every attempt. Ids come with the items")


def furnish(connector: ModuleType) -> None:
    """Makes the language at home where there are no files, no clock and no terminal. The last thing that is done while
    the component is built."""
    sys.stdout, sys.stderr = _Log(log.Level.INFO), _Log(log.Level.ERROR)
    # A traceback would look for the lines of its files.
    linecache.getlines = lambda *_: []
    linecache.checkcache = lambda *_: None
    time.time = lambda: clock.now_ms() / 1000
    time.time_ns = lambda: clock.now_ms() * 1_000_000
    os.urandom = _no_randomness
    # What reading learns of each type at its first use is learnt now, once for every call.
    ours = [module for name, module in sys.modules.items() if name.split(".")[0] in (connector.__name__, "quoin_sdk")]
    for module in ours:
        for shape in list(vars(module).values()):
            if isinstance(shape, type) and dataclasses.is_dataclass(shape) and shape.__module__ == module.__name__:
                shapes.learn(shape)
