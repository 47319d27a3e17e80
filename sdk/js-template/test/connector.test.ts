// The connector on a fake host: what it asks, and what it makes of the answers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Code, Fault, ReadRequest, Response, decimal, type Customer, type Status } from "quoin-sdk";
import { FakeHost, item, json } from "quoin-sdk/testing";

import { check, sink, source } from "../src/connector.js";

const BASE = "https://book.example";
const CONTACT = { id: "c-1", name: "Aster GmbH", currencyCode: "EUR", changed: "2026-03-02T10:15:00Z", gone: false };
const CUSTOMER: Customer = {
  name: "Aster GmbH",
  currency: "EUR",
  credit: { status: "ok", limit: { amount: decimal("1000.50"), currency: "EUR" } },
};

const host = () => new FakeHost({ base_url: BASE });
const list = (contacts: object[], more: boolean) => json(200, { contacts, more });
const first = (limit: number, cursor?: Uint8Array) => new ReadRequest("customer", limit, { cursor });

/** What a call throws. */
function fault(call: () => unknown): Fault {
  try {
    call();
  } catch (thrown) {
    return Fault.of(thrown);
  }
  return assert.fail("nothing was thrown");
}

test("a reading goes on behind the last record and ends a little before it", () => {
  const gone = { ...CONTACT, id: "c-2", name: "", gone: true };
  const book = host()
    .respond("GET", `${BASE}/contacts`, list([CONTACT, gone], true))
    .respond("GET", `${BASE}/contacts`, list([CONTACT], false));
  const page = source.read(book, first(2));
  assert.deepEqual(page.changes.map((change) => change.op), ["upsert", "delete"]);
  const last = source.read(book, first(2, page.next));
  source.read(book, first(2, last.next));
  assert.deepEqual(
    book.requests.map((request) => request.url.replaceAll("%3A", ":")),
    [
      `${BASE}/contacts?limit=2`,
      `${BASE}/contacts?limit=2&changed_from=2026-03-02T10:15:00Z&after_id=c-2`,
      `${BASE}/contacts?limit=2&changed_from=2026-03-02T10:14:55Z&after_id=`,
    ],
  );
  assert.ok(book.requests.every((request) => request.slot === "api"));
});

test("amounts keep their digits on the way in and out", () => {
  const text = JSON.stringify({ contacts: [CONTACT], more: false }).replace('"gone"', '"creditLimit":1000.50,"gone"');
  const page = source.read(host().respond("GET", BASE, new Response(200, text)), first(1));
  assert.equal(page.changes[0]?.object().credit.limit.amount, "1000.50");
  const book = host().respond("POST", BASE, json(200, { id: "c-1" }));
  sink.apply(book, "customer", [item("customer", CUSTOMER)]);
  assert.match(new TextDecoder().decode(book.requests[0]?.body), /"creditLimit":1000\.50[,}]/);
});

test("a repeated write finds the first one", () => {
  const book = host()
    .respond("POST", BASE, json(409, { error: "marker exists" }))
    .respond("GET", BASE, list([CONTACT], false));
  const [outcome] = sink.apply(book, "customer", [item("customer", CUSTOMER)]);
  assert.equal(outcome?.external, "c-1");
});

test("failures become decisions", () => {
  const lost = new Fault("transient", Code.UNKNOWN_OUTCOME, "connection reset");
  const cases: [FakeHost, Status][] = [
    [host().fail("PUT", BASE, lost), "unknown"],
    [host().respond("PUT", BASE, new Response(502, "<html>")), "unknown"],
    [host().respond("PUT", BASE, new Response(200, '{"id":')), "unknown"],
    [host().respond("PUT", BASE, json(429, {}, { "Retry-After": "7" })), "retry"],
    [host().respond("PUT", BASE, json(422, { error: "too long", field: "name" })), "rejected"],
  ];
  for (const [book, status] of cases) {
    const [outcome] = sink.apply(book, "customer", [item("customer", CUSTOMER, { external: "c-1" })]);
    assert.equal(outcome?.status, status, JSON.stringify(outcome));
  }
});

test("a member that the vendor takes away is a fault that names it", () => {
  const { changed: _, ...without } = CONTACT;
  const thrown = fault(() => source.read(host().respond("GET", BASE, list([without], false)), first(1)));
  assert.equal(thrown.code, Code.UNREADABLE_ANSWER);
  assert.match(thrown.message, /\/contacts\/0\/changed/);
});

test("says what it cannot do", () => {
  assert.equal(fault(() => source.read(host(), new ReadRequest("invoice", 1))).kind, "unsupported");
  assert.equal(fault(() => check(host().respond("GET", BASE, json(401, { error: "expired" })))).kind, "auth-expired");
});
