"""The connector on a fake host: what it asks, and what it makes of the answers."""

import unittest
from urllib.parse import unquote

import connector
from quoin_sdk import Code, Credit, CreditStatus, Customer, Decimal, Fault, FaultKind, Money, ReadRequest, Response, Status
from quoin_sdk.testing import FakeHost, item, json

BASE = "https://book.example"
CONTACT = {"id": "c-1", "name": "Aster GmbH", "currencyCode": "EUR", "changed": "2026-03-02T10:15:00Z", "gone": False}
CUSTOMER = Customer(
    name="Aster GmbH",
    currency="EUR",
    credit=Credit(status=CreditStatus.OK, limit=Money(amount=Decimal("1000.50"), currency="EUR")),
)


def host() -> FakeHost:
    return FakeHost({"base_url": BASE})


def contacts(found: list, more: bool) -> Response:
    return json(200, {"contacts": found, "more": more})


def first(limit: int, cursor: bytes | None = None) -> ReadRequest:
    return ReadRequest("customer", limit, cursor)


class Reading(unittest.TestCase):
    def test_goes_on_behind_the_last_record_and_ends_a_little_before_it(self):
        gone = {**CONTACT, "id": "c-2", "name": "", "gone": True}
        book = host().respond("GET", f"{BASE}/contacts", contacts([CONTACT, gone], True))
        book.respond("GET", f"{BASE}/contacts", contacts([CONTACT], False))
        page = connector.source.read(book, first(2))
        self.assertEqual([change.op for change in page.changes], ["upsert", "delete"])
        last = connector.source.read(book, first(2, page.next))
        connector.source.read(book, first(2, last.next))
        asked = [
            f"{BASE}/contacts?limit=2",
            f"{BASE}/contacts?limit=2&changed_from=2026-03-02T10:15:00Z&after_id=c-2",
            f"{BASE}/contacts?limit=2&changed_from=2026-03-02T10:14:55Z&after_id=",
        ]
        self.assertEqual([unquote(request.url) for request in book.requests], asked)
        self.assertTrue(all(request.credential == "api" for request in book.requests))

    def test_names_a_member_that_the_vendor_takes_away(self):
        without = {name: value for name, value in CONTACT.items() if name != "changed"}
        with self.assertRaises(Fault) as raised:
            connector.source.read(host().respond("GET", BASE, contacts([without], False)), first(1))
        self.assertEqual(raised.exception.code, Code.UNREADABLE_ANSWER)
        self.assertIn("/contacts/0/changed", raised.exception.message)

    def test_says_what_it_cannot_do(self):
        with self.assertRaises(Fault) as raised:
            connector.source.read(host(), ReadRequest("invoice", 1))
        self.assertEqual(raised.exception.kind, FaultKind.UNSUPPORTED)
        with self.assertRaises(Fault) as raised:
            connector.check(host().respond("GET", BASE, json(401, {"error": "expired"})))
        self.assertEqual(raised.exception.kind, FaultKind.AUTH_EXPIRED)


class Writing(unittest.TestCase):
    def test_amounts_keep_their_digits_on_the_way_in_and_out(self):
        page = connector.source.read(
            host().respond("GET", BASE, contacts([{**CONTACT, "creditLimit": Decimal("1000.50")}], False)), first(1)
        )
        self.assertEqual(str(page.changes[0].object("customer").credit.limit.amount), "1000.50")
        book = host().respond("POST", BASE, json(200, {"id": "c-1"}))
        connector.sink.apply(book, "customer", [item(CUSTOMER)])
        self.assertIn(b'"creditLimit":1000.50', book.requests[0].body)

    def test_a_repeated_write_finds_the_first_one(self):
        book = host().respond("POST", BASE, json(409, {"error": "marker exists"}))
        book.respond("GET", BASE, contacts([CONTACT], False))
        (outcome,) = connector.sink.apply(book, "customer", [item(CUSTOMER)])
        self.assertEqual(outcome.external, "c-1")

    def test_failures_become_decisions(self):
        lost = Fault(FaultKind.TRANSIENT, Code.UNKNOWN_OUTCOME, "connection reset")
        cases = [
            (lost, Status.UNKNOWN),
            (Response(502, b"<html>"), Status.UNKNOWN),
            (Response(200, b'{"id":'), Status.UNKNOWN),
            (json(429, {}, retry_after="7"), Status.RETRY),
            (json(422, {"error": "too long", "field": "name"}), Status.REJECTED),
        ]
        for answer, status in cases:
            book = host().respond("PUT", BASE, answer)
            (outcome,) = connector.sink.apply(book, "customer", [item(CUSTOMER, external="c-1")])
            self.assertEqual(outcome.status, status, outcome)


if __name__ == "__main__":
    unittest.main()
