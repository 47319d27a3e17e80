"""What a connector's author imports.

A connector is a module `connector` that has the powers as functions and objects (`check`, `discover`, `source`, `sink`,
`webhook`). Everything it does to the world goes through the `host` that each call is given, so the same code runs
natively in tests with `quoin_sdk.testing.FakeHost`.
"""

from .canonical import *  # noqa: F403
from .canonical import OBJECTS, Decimal, Instant
from .exact import Number, dumps, loads
from .fault import Code, Fault, FaultKind
from .host import Host, Report
from .http import Request, Response
from .instants import earlier, instant
from .mapping import Mapping
from .shapes import NotOfShape, load, to_json
from .sink import Item, Outcome, Reference, Status
from .source import Change, Page, ReadRequest
from .webhook import Inbound, Reply

#: Contract version that this SDK speaks.
CONTRACT = "1.0.0"
#: Version of this SDK.
VERSION = "0.1.0"
