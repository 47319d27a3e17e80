// The component side: the host behind the contract's imports, and the functions that the component exports. Only the
// build takes this file in; authors see none of it.

import { emit } from "quoin:host/log@1.0.0";
import { send, sendAll } from "quoin:host/http@1.0.0";
import { nowMs, remainingMs } from "quoin:host/clock@1.0.0";
import { get } from "quoin:host/config@1.0.0";
import { equals, hmac } from "quoin:host/verify@1.0.0";

import { KINDS } from "./canonical.js";
import { stringify } from "./exact.js";
import { Fault } from "./fault.js";
import { configured } from "./host.js";
import { Response } from "./http.js";
import { Item } from "./sink.js";
import { ReadRequest } from "./source.js";
import { Inbound } from "./webhook.js";

/** The real host. */
const host = {
  send: (request) => lifted(() => answer(send(requestOut(request)))),
  sendAll(requests, maxParallel) {
    const answers = sendAll(requests.map(requestOut), maxParallel);
    return answers.map(({ tag, val }) => (tag === "ok" ? answer(val) : faultIn(val)));
  },
  config: (shape) => configured(get(), shape),
  now: () => new Date(Number(nowMs())).toISOString(),
  remainingMs: () => Number(remainingMs()),
  log: (level, message, fields = {}) => emit(level, message, Object.entries(fields).map(([name, value]) => [name, String(value)])),
  verifyHmac: (slot, algorithm, payload, mac) => lifted(() => hmac(slot, algorithm, payload, mac)),
  verifyEquals: (slot, candidate) => lifted(() => equals(slot, candidate)),
};

function requestOut(request) {
  return {
    method: request.method,
    url: request.url,
    headers: request.headers,
    body: request.body,
    credential: request.slot,
    idempotencyKey: request.key,
    timeoutMs: request.timeout,
    cost: request.price,
  };
}

function answer({ status, body, headers }) {
  return new Response(status, body, headers);
}

/** The host's own faults, thrown as ours. */
function lifted(ask) {
  try {
    return ask();
  } catch (thrown) {
    throw thrown?.payload ? faultIn(thrown.payload) : thrown;
  }
}

function faultIn({ kind, code, message, field, retryAfterMs }) {
  const fault = new Fault(kind, code, message);
  fault.field = field;
  fault.retryAfterMs = retryAfterMs === undefined ? undefined : Number(retryAfterMs);
  return fault;
}

function faultOut({ kind, code, message, field, retryAfterMs }) {
  const wait = Number.isFinite(retryAfterMs) ? BigInt(Math.max(0, Math.ceil(retryAfterMs))) : undefined;
  return { kind, code, message, field, retryAfterMs: wait, ext: [] };
}

/** Runs a power: whatever it throws crosses the border as a fault, never as a trap. */
function guarded(work) {
  try {
    return work();
  } catch (thrown) {
    const fault = Fault.of(thrown);
    if (fault.code === "BUG") emit("error", fault.message, []);
    throw { payload: faultOut(fault) };
  }
}

function kindIn(object) {
  if (!KINDS.includes(object)) throw Fault.unsupported(object);
  return object;
}

function outcomeOut(outcome) {
  return {
    key: outcome.key,
    // How contract 1.0 spells "surely not there": a retry with a fault of kind not-found.
    status: outcome.status === "absent" ? "retry" : outcome.status,
    external: outcome.external,
    version: outcome.version,
    data: outcome.data,
    references: outcome.references,
    fault: outcome.fault && faultOut(outcome.fault),
  };
}

function pageOut({ changes, next, more, cursorFormat }) {
  return { changes: changes.map(({ op, external, version, data }) => ({ op, external, version, data })), next, more, cursorFormat };
}

/** Time and output of the language's own kind show the call's moment and reach the log; there is no randomness. */
function furnish() {
  const levels = { debug: "debug", error: "error", info: "info", log: "info", trace: "trace", warn: "warn" };
  const shown = (value) => (typeof value === "string" ? value : value instanceof Error ? `${value}` : stringify(value));
  for (const [name, level] of Object.entries(levels)) console[name] = (...values) => emit(level, values.map(shown).join(" "), []);
  const Real = Date;
  const now = () => Number(nowMs());
  globalThis.Date = new Proxy(Real, {
    construct: (target, values, made) => Reflect.construct(target, values.length > 0 ? values : [now()], made),
    apply: () => String(new Real(now())),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
  });
  Math.random = () => {
    throw new Error("a connector has no randomness: it must do the same on every attempt. Ids and keys come with the items");
  };
}

furnish();

/** What the component exports, of a module with powers. */
export function exported(connector, manifest) {
  const { check, discover, source, sink, webhook } = connector;
  const applied = (work) => (object, items) =>
    guarded(() => work(host, kindIn(object), items.map((item) => new Item(item))).map(outcomeOut));
  return {
    describe: { describe: () => manifest },
    check: { check: () => guarded(() => ({ scopes: [], warnings: [], ...check(host) })) },
    discover: { discover: () => guarded(() => stringify(discover(host))) },
    source: {
      read: ({ object, cursor, ids, limit }) =>
        guarded(() => pageOut(source.read(host, new ReadRequest(kindIn(object), limit, { cursor, ids })))),
    },
    sink: sink && { apply: applied(sink.apply), lookup: applied(sink.lookup) },
    webhook: {
      handle: (request) =>
        guarded(() => {
          const { status, headers, body, touched, deliveryId } = webhook.handle(host, new Inbound(request));
          return { status, headers, body, touched, delivery: deliveryId };
        }),
    },
  };
}
