"""A vendor's simulator in Python: the vendor's routes and state. `quoin simulate` stands before it with everything that
is the same for all vendors: faults, clock, ledger, request log."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable
from urllib.parse import parse_qsl, urlsplit


class Refusal(Exception):
    """A person's action that the vendor does not take, in words."""


@dataclass
class Kit:
    """What `quoin simulate` keeps for the vendor."""

    #: The simulator's clock; use it for every stamp and every expiry.
    now: str
    effects: list[dict[str, Any]] = field(default_factory=list)

    def commit(self, kind: str, id: str, key: str | None, data: Any) -> None:
        """Notes what was really committed: the canonical word (`customer`) for something new, with `_update` for a
        change."""
        self.effects.append({"kind": kind, "id": id, "key": key, "data": data})


@dataclass
class VendorRequest:
    """A request to the vendor."""

    method: str
    path: str
    query: dict[str, str]
    #: Names in lower case.
    headers: dict[str, str]
    body: bytes


@dataclass
class VendorAnswer:
    """What the vendor answers; a body that is neither text nor bytes is sent as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Vendor:
    """A vendor: subclass it. An object of it is the vendor's state; a reset makes a new one."""

    #: Its name.
    name = "vendor"
    #: What a person does in the vendor's user interface: name, and what it takes and does in words. The method of the
    #: same name is called with the input and the kit.
    actions: dict[str, str] = {}

    def __init__(self, seed: str | None, options: dict[str, str]):
        self.seed = seed
        self.options = options

    def answer(self, request: VendorRequest, kit: Kit) -> VendorAnswer:
        raise NotImplementedError


def serve(vendor: Callable[[str | None, dict[str, str]], Vendor]) -> None:
    """Serves a vendor until standard input closes."""

    def begin() -> Vendor:
        return vendor(os.environ.get("SIMULATOR_SEED"), json.loads(os.environ.get("SIMULATOR_OPTIONS", "{}")))

    holder = [begin()]
    # One request at a time: a vendor's state needs no locks of its own.
    lock = threading.Lock()

    def control(path: str, body: bytes, kit: Kit) -> VendorAnswer:
        if path == "/_kit/actions":
            return VendorAnswer(holder[0].actions)
        if path == "/_kit/reset":
            holder[0] = begin()
            return VendorAnswer({})
        name = path.removeprefix("/_kit/act/")
        try:
            return VendorAnswer(getattr(holder[0], name)(json.loads(body or b"null"), kit))
        except Refusal as refused:
            return VendorAnswer({"error": str(refused)}, 400)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # An answer is written in two parts; without this the second waits for the first to be acknowledged.
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kit = Kit(headers.get("x-simulator-now", ""))
            target = urlsplit(self.path)
            with lock:
                if target.path.startswith("/_kit/"):
                    answer = control(target.path, body, kit)
                else:
                    query = dict(parse_qsl(target.query, keep_blank_values=True))
                    request = VendorRequest(self.command, target.path, query, headers, body)
                    answer = holder[0].answer(request, kit)
            self.reply(answer, kit)

        def reply(self, answer: VendorAnswer, kit: Kit) -> None:
            body = answer.body if isinstance(answer.body, (str, bytes)) else json.dumps(answer.body)
            data = body.encode() if isinstance(body, str) else body
            self.send_response(answer.status)
            # JSON of ASCII alone: a header field can carry it.
            fields = {"content-type": "application/json", "x-simulator-ledger": json.dumps(kit.effects), **answer.headers}
            for name, value in {**fields, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None:
            """The kit keeps the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_address[1]}"
    print(json.dumps({"simulator": holder[0].name, "http": origin}), flush=True)
    sys.stdin.read()
