"""The SDK by itself: python3 -m unittest discover --start-directory tests"""

import datetime
import sys
import unittest
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from quoin_sdk import (  # noqa: E402
    BillingMethodFixedFee, Change, Code, Credit, CreditStatus, Customer, Decimal, Fault, FaultKind, Header, Instant, Item,
    LinkExternal, LinkId, Mapping, Money, NotOfShape, Number, Outcome, ReadRequest, Reference, Request, Response, Status,
    dumps, earlier, instant, load, loads,
)
from quoin_sdk.canonical import OBJECTS, BillingMethod  # noqa: E402
from quoin_sdk.shapes import canonical_json, canonical_object, to_json  # noqa: E402
from quoin_sdk.testing import FakeHost, item  # noqa: E402


@dataclass
class Row:
    id: str
    tags: list[CreditStatus]
    gone: bool
    at: Instant | None = None
    limit: Decimal | None = None
    from_: int = field(default=0)
    vendorName: str = field(default="", metadata={"name": "Vendor-Name"})


class Json(unittest.TestCase):
    def test_has_no_floats_in_either_direction(self):
        self.assertEqual(loads('{"a":[1,1.10,1e2]}'), {"a": [1, Decimal("1.10"), Decimal("1E+2")]})
        value = {"a": Number(Decimal("1000.50")), "b": Decimal("1E+3"), "c": [None, True, "ä"], "d": datetime.date(2026, 3, 2)}
        self.assertEqual(dumps(value), '{"a":1000.50,"b":"1000","c":[null,true,"ä"],"d":"2026-03-02"}')
        for wrong in (0.1, {"a": [0.1]}, object(), datetime.datetime.now()):
            with self.assertRaises(TypeError):
                dumps(wrong)
        for wrong in ("NaN", "[Infinity]", "", "{"):
            with self.assertRaises(ValueError):
                loads(wrong)

    def test_instants_keep_every_digit_and_turn_to_utc(self):
        self.assertEqual(instant("2026-03-02T11:15:00.123456789+01:00"), "2026-03-02T10:15:00.123456789Z")
        self.assertEqual(instant("2026-03-02T10:15:00+0000"), "2026-03-02T10:15:00Z")
        self.assertEqual(earlier(Instant("2026-03-01T00:00:02.5Z"), 5), "2026-02-28T23:59:57.5Z")
        for wrong in ("2026-03-02", "2026-03-02T10:15:00", "2026-13-02T10:15:00Z", 5, None):
            with self.assertRaises(Fault):
                instant(wrong)


class Shapes(unittest.TestCase):
    GOOD = {"id": "1", "tags": ["ok"], "gone": False, "more": 1}

    def test_take_what_fits(self):
        row = load(Row, {**self.GOOD, "limit": "1.50", "from": 7, "Vendor-Name": "V", "at": "2026-03-02T11:15:00+01:00"})
        self.assertEqual((row.tags, row.limit, row.from_, row.vendorName), ([CreditStatus.OK], Decimal("1.50"), 7, "V"))
        self.assertEqual(row.at, "2026-03-02T10:15:00Z")
        self.assertEqual(to_json(row)["Vendor-Name"], "V")

    def test_name_what_does_not_fit(self):
        cases = [
            ({"id": 1}, "/id"), ({"id": None}, "/id"), ({"tags": ["ok", "x"]}, "/tags/1"), ({"tags": {}}, "/tags"),
            ({"gone": "no"}, "/gone"), ({"from": True}, "/from"), ({"limit": {}}, "/limit"), ({"limit": "NaN"}, "/limit"),
            ({"limit": "1" * 29}, "/limit"), ({"at": "soon"}, "/at"),
        ]
        for change, path in cases:
            with self.subTest(change), self.assertRaises(NotOfShape) as raised:
                load(Row, {**self.GOOD, **change})
            self.assertEqual(raised.exception.path, path)
        answer = Response(200, dumps({**self.GOOD, "gone": "no"}).encode())
        with self.assertRaises(Fault) as raised:
            answer.json(Row)
        self.assertEqual((raised.exception.kind, raised.exception.code), (FaultKind.TRANSIENT, Code.UNREADABLE_ANSWER))

    def test_a_canonical_object_is_checked_before_it_leaves(self):
        limit = Money(amount=Decimal("1.50"), currency="EUR")
        data = canonical_json(Customer(name="A", credit=Credit(status=CreditStatus.OK, limit=limit)))
        self.assertEqual(dumps(data["credit"]), '{"status":"ok","limit":{"amount":"1.50","currency":"EUR"}}')
        cases = [
            (Customer(name=1), "/name"), (Customer(name="A", currency="euro"), "/currency"),
            (Customer(name="A", status="gone"), "/status"), (Customer(name="A", payment_terms_days="x"), "/payment_terms_days"),
            (Customer(name="A", header=Header(recorded_at="soon")), "/header/recorded_at"),
        ]
        for wrong, path in cases:
            with self.subTest(path), self.assertRaises(Fault) as raised:
                canonical_json(wrong)
            self.assertEqual((raised.exception.field, raised.exception.code), (path, "NOT_CANONICAL"))
        with self.assertRaises(Fault) as raised:
            canonical_json(Customer(name="A", credit=Credit(status="ok", limit=Money(amount=1.5, currency="EUR"))))
        self.assertEqual(raised.exception.field, "/credit/limit/amount")
        with self.assertRaises(Fault) as raised:
            canonical_object("customer", {"name": "A", "colour": "red"})
        self.assertEqual(raised.exception.field, "/colour")

    def test_variants_are_told_apart(self):
        price = {"amount": "1", "currency": "EUR"}
        method = load(BillingMethod, {"method": "fixed_fee", "price": price, "milestones": []})
        self.assertIsInstance(method, BillingMethodFixedFee)
        with self.assertRaises(NotOfShape):
            load(BillingMethod, {"method": "barter"})

    def test_every_kind_can_be_read(self):
        for kind, shape in OBJECTS.items():
            with self.subTest(kind), self.assertRaises(NotOfShape):
                load(shape, [], strict=True)


class Requests(unittest.TestCase):
    def test_are_encoded(self):
        for value, encoded in [("a b", "a%20b"), ("x&y=z", "x%26y%3Dz"), ("Grüße", "Gr%C3%BC%C3%9Fe"), ("safe-._~", "safe-._~")]:
            self.assertEqual(Request.get("https://h/p").query("q", value).url, f"https://h/p?q={encoded}")
        self.assertEqual(Request.get("https://h/p?a=1").query("b", 2).url, "https://h/p?a=1&b=2")
        self.assertEqual(Request.post("https://h").form({"grant type": "a b", "x": "1&2"}).body, b"grant+type=a+b&x=1%262")

    def test_a_mapping_reads_in_both_directions(self):
        table = Mapping({"name": "/name", "limit": "/credit/limit/amount"}, lower={"limit": Number})
        limit = Money(amount=Decimal("1.50"), currency="EUR")
        customer = Customer(name="A", credit=Credit(status=CreditStatus.OK, limit=limit))
        self.assertEqual(dumps(table.lower(customer)), '{"name":"A","limit":1.50}')
        self.assertEqual((table.canonical("limit"), table.vendor("/name"), table.canonical("x")), ("/credit/limit/amount", "name", None))


class Outcomes(unittest.TestCase):
    def test_a_failed_write_is_retried_only_when_nothing_can_have_happened(self):
        cases = [
            (Fault(FaultKind.TRANSIENT, Code.UNKNOWN_OUTCOME, ""), Status.UNKNOWN),
            (Fault(FaultKind.TRANSIENT, Code.UNREADABLE_ANSWER, ""), Status.UNKNOWN),
            (KeyError("a bug behind the request"), Status.UNKNOWN),
            (Fault(FaultKind.OTHER, Code.NOT_SENT, ""), Status.RETRY),
            (Fault(FaultKind.RATE_LIMITED, "429", ""), Status.RETRY),
            (Fault(FaultKind.CONFLICT, "412", ""), Status.CONFLICT),
            (Fault(FaultKind.PERMISSION, Code.DENIED, ""), Status.REJECTED),
            (Fault(FaultKind.AUTH_EXPIRED, "401", ""), Status.REJECTED),
        ]
        for raised, status in cases:
            self.assertEqual(Outcome.after_fault(item(Customer(name="A")), raised).status, status, raised)

    def test_a_foreign_link_is_never_taken_for_one_of_ours(self):
        one = Item("k", "i", "{}", references=[Reference("project", "p", "77")])
        self.assertIsNone(one.external_of("project", LinkExternal(external="77")))
        self.assertEqual(one.external_of("project", LinkId(id="p")), "77")

    def test_a_change_carries_the_vendors_id_and_version(self):
        header = Change.upsert("c-1", "v2", Customer(name="A")).object("customer").header
        self.assertEqual((header.external, header.version), ("c-1", "v2"))

    def test_a_stored_cursor_of_another_format_is_refused_in_words(self):
        with self.assertRaises(Fault) as raised:
            ReadRequest("customer", 1, b'{"page":2}').position(Row)
        self.assertEqual((raised.exception.kind, raised.exception.code), (FaultKind.CONFIG, "CURSOR"))


class Fake(unittest.TestCase):
    def test_proves_deliveries_and_keeps_what_was_asked(self):
        host = FakeHost().secret("webhook", b"key").respond("GET", "https://v/", Response(404))
        host.respond("GET", "https://v/p", Response(200))
        statuses = [host.send(Request.get(url)).status for url in ("https://v/p?x", "https://v/q")]
        self.assertEqual((statuses, len(host.requests)), ([200, 404], 2))
        self.assertTrue(host.verify_equals("webhook", b"key") and not host.verify_equals("webhook", b"kez"))
        with self.assertRaises(Fault):
            host.verify_equals("none", b"")


if __name__ == "__main__":
    unittest.main()
