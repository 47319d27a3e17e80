// A host for native tests: scripted answers, recorded requests, a clock that stands still. Never a network.

import { createHmac, timingSafeEqual } from "node:crypto";

import { canonical } from "./check.js";
import { stringify } from "./exact.js";
import { Code, Fault } from "./fault.js";
import { configured } from "./host.js";
import { Response } from "./http.js";
import { Inbound as Received } from "./webhook.js";
import { Item } from "./sink.js";

export class FakeHost {
  constructor(config = {}) {
    this.text = stringify(config);
    this.scripts = [];
    this.requests = [];
    this.logs = [];
    this.secrets = new Map();
    this.moment = "2026-01-01T00:00:00Z";
    this.left = 30_000;
  }

  /** Answers requests of this method whose URL starts so. The longest beginning wins; several answers for the same one are given in turn, the last again and again. */
  respond(method, prefix, response) {
    this.scripts.push({ method, prefix, response, spent: false });
    return this;
  }

  /** Like `respond`, but no answer comes. */
  fail(method, prefix, fault) {
    this.scripts.push({ method, prefix, fault, spent: false });
    return this;
  }

  at(now) {
    this.moment = now;
    return this;
  }

  remaining(ms) {
    this.left = ms;
    return this;
  }

  secret(slot, value) {
    this.secrets.set(slot, Buffer.from(value));
    return this;
  }

  send(request) {
    // As it was when it was sent.
    this.requests.push(Object.assign(Object.create(Object.getPrototypeOf(request)), request));
    const fits = this.scripts.filter((script) => script.method === request.method && request.url.startsWith(script.prefix));
    const longest = Math.max(...fits.map((script) => script.prefix.length));
    const turn = fits.filter((script) => script.prefix.length === longest && !script.spent);
    if (turn.length === 0) {
      throw new Fault("internal", Code.DENIED, `no answer for ${request.method} ${request.url}; add .respond(…) to the fake host`);
    }
    turn[0].spent = turn.length > 1;
    if (turn[0].fault) throw turn[0].fault;
    return turn[0].response;
  }

  sendAll(requests) {
    return requests.map((request) => {
      try {
        return this.send(request);
      } catch (thrown) {
        return Fault.of(thrown);
      }
    });
  }

  config(shape) {
    return configured(this.text, shape);
  }

  now() {
    return this.moment;
  }

  remainingMs() {
    return this.left;
  }

  log(level, message, fields = {}) {
    this.logs.push({ level, message, fields });
  }

  verifyHmac(slot, algorithm, payload, mac) {
    const hash = algorithm === "hmac-sha256" ? "sha256" : "sha1";
    return same(createHmac(hash, this.secretOf(slot)).update(payload).digest(), mac);
  }

  verifyEquals(slot, candidate) {
    return same(this.secretOf(slot), candidate);
  }

  secretOf(slot) {
    const secret = this.secrets.get(slot);
    if (!secret) throw new Fault("config", "SECRET_MISSING", `slot '${slot}' has no secret; add .secret(…)`);
    return secret;
  }
}

function same(one, other) {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** An answer with a JSON body and its content type. */
export function json(status, body, headers = {}) {
  return new Response(status, stringify(body), [["content-type", "application/json"], ...Object.entries(headers)]);
}

/** An item to write, as the host would make it. */
export function item(kind, object, more = {}) {
  const data = canonical(kind, object);
  return new Item({ key: "key", id: data.header?.id ?? "00000000-0000-8000-8000-000000000001", data: stringify(data), ...more });
}

/** An inbound request, as a vendor would send it. */
export function inbound(url, headers, body) {
  return new Received({ url, headers: Object.entries(headers), body });
}
