// The SDK by itself, on Node.js's own runner: node --test test/

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Change, Code, Fault, Item, Outcome, ReadRequest, Request, Response, add, boolean, canonical, codes, compare, decimal,
  decimalOf, earlier, instant, list, mapping, multiply, number, optional, parse, shape, stringify, subtract, text,
} from "../src/index.js";
import { FakeHost, item } from "../src/testing.js";

const thrown = (call) => {
  try {
    call();
  } catch (fault) {
    return fault;
  }
  return assert.fail("nothing was thrown");
};

test("decimals keep their digits, and a float is refused", () => {
  const rows = [
    ["0.1", "0.1"], ["100.10", "100.10"], ["-38562.5", "-38562.5"], [" 12.30 ", "12.30"], [7, "7"], [10n ** 20n, "1" + "0".repeat(20)],
    ["1e3", "1000"], ["1.25E-2", "0.0125"], ["-5e-1", "-0.5"], ["0e99", "0"],
  ];
  for (const [given, digits] of rows) assert.equal(decimal(given), digits);
  for (const wrong of [0.1, NaN, "", "abc", "1.", "1e29", "1".repeat(29), null, undefined, {}, true]) {
    assert.equal(thrown(() => decimal(wrong)).code, "DECIMAL", String(wrong));
  }
});

test("sums and products are exact", () => {
  assert.equal(add("0.1", "0.2"), "0.3");
  assert.equal(subtract("0.10", "10"), "-9.90");
  assert.equal(multiply("-0.05", "1.1"), "-0.055");
  assert.deepEqual([compare("1.0", "1"), compare("-2", "1.5"), compare("0.10", "0.09")], [0, -1, 1]);
});

test("JSON has no floats in either direction", () => {
  const value = parse(' {"a": [1, 1.10, 1e2, -0, 12345678901234567890], "b": "\\u00e4\\n", "c": {"__proto__": null}, "d": true} ');
  assert.deepEqual(value.a, [1, "1.10", "1e2", -0, "12345678901234567890"]);
  assert.equal(value.b, "ä\n");
  assert.deepEqual(Object.keys(value.c), ["__proto__"]);
  for (const wrong of ["", "{", "[1,]", "{'a':1}", "01", "1 2", '{"a":1', "nul", '"\n"', "[".repeat(300)]) {
    assert.ok(thrown(() => parse(wrong)) instanceof SyntaxError, wrong);
  }
  assert.equal(stringify({ a: number("1000.50"), b: "1.5", c: undefined, d: [null, 3] }), '{"a":1000.50,"b":"1.5","d":[null,3]}');
  assert.match(thrown(() => stringify({ a: 0.1 })).message, /float/);
});

test("an engine that tells a number's digits and one that does not read and write the same", async () => {
  const { parseByHand, stringifyByHand } = await import("../src/exact.js");
  for (const text of ['{"a":[1,1.10,-0.5e-3,12345678901234567890,"x"],"b":null}', "[]", '"ä"']) {
    assert.deepEqual(parse(text), parseByHand(text));
    assert.equal(stringify(parse(text)), stringifyByHand(parse(text)));
  }
  assert.equal(stringify([number("1.50"), 2n, undefined, { a: undefined }]), stringifyByHand([number("1.50"), 2n, undefined, { a: undefined }]));
});

test("instants keep every digit and turn to UTC", () => {
  assert.equal(instant("2026-03-02T11:15:00.123456789+01:00"), "2026-03-02T10:15:00.123456789Z");
  assert.equal(earlier("2026-03-01T00:00:02.5Z", 5), "2026-02-28T23:59:57.5Z");
  for (const wrong of ["2026-03-02", "2026-03-02T10:15:00", "2026-13-02T10:15:00Z", 5]) assert.equal(thrown(() => instant(wrong)).code, "INSTANT");
});

test("a shape takes what fits and names what does not", () => {
  const Row = shape({ id: text, limit: optional(decimalOf), tags: list(codes("a", "b")), gone: boolean });
  const good = { id: "1", limit: null, tags: ["a"], gone: false, more: 1 };
  assert.deepEqual(new Response(200, JSON.stringify(good)).json(Row), { id: "1", tags: ["a"], gone: false });
  const rows = [[{ ...good, id: 1 }, "/id"], [{ ...good, limit: {} }, "/limit"], [{ ...good, tags: ["a", "c"] }, "/tags/1"], [{ ...good, gone: undefined }, "/gone"], [[], "/"]];
  for (const [row, path] of rows) {
    const fault = thrown(() => new Response(200, JSON.stringify(row)).json(Row));
    assert.equal(fault.code, Code.UNREADABLE_ANSWER);
    assert.ok(fault.message.includes(`${path}:`), fault.message);
  }
});

test("a canonical object is checked before it leaves", () => {
  const good = { name: "Aster", credit: { status: "ok", limit: { amount: "1.50", currency: "EUR" } }, vat_id: null };
  assert.deepEqual(canonical("customer", good), { name: "Aster", credit: good.credit });
  const rows = [
    [{}, "/name"], [{ name: 1 }, "/name"], [{ name: "A", colour: "red" }, "/colour"], [{ name: "A", status: "gone" }, "/status"],
    [{ name: "A", credit: { status: "ok", limit: { amount: 1.5, currency: "EUR" } } }, "/credit/limit/amount"],
    [{ name: "A", currency: "euro" }, "/currency"], [{ name: "A", header: { valid_from: "tomorrow" } }, "/header/valid_from"],
  ];
  for (const [object, path] of rows) assert.equal(thrown(() => canonical("customer", object)).field, path);
  assert.equal(thrown(() => canonical("colour", {})).kind, "unsupported");
});

test("variants are told apart by their tag", () => {
  const line = { id: "1", description: "d", billing: { method: "fixed_fee", price: { amount: "1", currency: "EUR" }, milestones: [] } };
  assert.equal(thrown(() => canonical("contract", { lines: [{ ...line, billing: { method: "barter" } }] })).field, "/lines/0/billing");
});

test("a mapping reads in both directions", () => {
  const table = mapping([["name", "/name"], ["limit", "/credit/limit/amount", { lower: number }]]);
  assert.deepEqual(table.lift({ name: "A", limit: "1.50", other: 1 }), { name: "A", credit: { limit: { amount: "1.50" } } });
  assert.equal(stringify(table.lower({ name: "A", credit: { limit: { amount: "1.50" } } })), '{"name":"A","limit":1.50}');
  assert.deepEqual([table.canonical("limit"), table.vendor("/name"), table.canonical("x")], ["/credit/limit/amount", "name", undefined]);
});

test("requests are encoded", () => {
  const rows = [["a b", "a%20b"], ["x&y=z", "x%26y%3Dz"], ["Grüße", "Gr%C3%BC%C3%9Fe"], ["(1)*!'", "%281%29%2A%21%27"], ["safe-._~", "safe-._~"]];
  for (const [value, encoded] of rows) assert.equal(Request.get("https://h/p").query("q", value).url, `https://h/p?q=${encoded}`);
  assert.equal(new TextDecoder().decode(Request.post("https://h").form({ "grant type": "a b", x: "1&2" }).body), "grant+type=a+b&x=1%262");
});

test("a failed write is retried only when nothing can have happened", () => {
  const rows = [
    [new Fault("transient", Code.UNKNOWN_OUTCOME, ""), "unknown"], [new Fault("transient", Code.UNREADABLE_ANSWER, ""), "unknown"],
    [new TypeError("a bug behind the request"), "unknown"], [new Fault("other", Code.NOT_SENT, ""), "retry"],
    [new Fault("rate-limited", "429", ""), "retry"], [new Fault("unavailable", "503", ""), "retry"], [new Fault("conflict", "412", ""), "conflict"],
    [new Fault("permission", Code.DENIED, ""), "rejected"], [new Fault("auth-expired", "401", ""), "rejected"],
  ];
  for (const [fault, status] of rows) assert.equal(Outcome.afterFault(item("customer", { name: "A" }), fault).status, status);
});

test("a foreign link is never taken for one of ours", () => {
  const one = new Item({ key: "k", id: "i", data: "{}", references: [{ object: "project", id: "p", external: "77" }] });
  assert.equal(one.externalOf("project", { external: "77" }), undefined);
  assert.equal(one.externalOf("project", { id: "p" }), "77");
});

test("a stored cursor of another format is refused in words", () => {
  const request = new ReadRequest("customer", 1, { cursor: new TextEncoder().encode('{"page":2}') });
  const fault = thrown(() => request.position(shape({ changed: text })));
  assert.deepEqual([fault.kind, fault.code], ["config", "CURSOR"]);
});

test("a change carries the vendor's id and version in its header", () => {
  const { header } = Change.upsert("customer", "c-1", "v2", { name: "A", header: { external: undefined } }).object();
  assert.deepEqual(header, { external: "c-1", version: "v2" });
});

test("the fake host proves deliveries and keeps what was asked", () => {
  const host = new FakeHost({}).secret("webhook", "key").respond("GET", "https://v/", new Response(404)).respond("GET", "https://v/p", new Response(200));
  assert.deepEqual([host.send(Request.get("https://v/p?x")).status, host.send(Request.get("https://v/q")).status], [200, 404]);
  assert.equal(host.requests.length, 2);
  assert.ok(host.verifyEquals("webhook", Buffer.from("key")) && !host.verifyEquals("webhook", Buffer.from("kez")));
  assert.equal(thrown(() => host.verifyEquals("none", Buffer.from(""))).kind, "config");
});
