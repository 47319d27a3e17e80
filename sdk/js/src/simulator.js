// A vendor's simulator in JavaScript: the vendor's routes and state. `quoin simulate` stands before it with everything
// that is the same for all vendors: faults, clock, ledger, request log.

import { createServer } from "node:http";

/** A person's action that the vendor does not take, in words. */
export class Refusal extends Error {}

/** Header fields between `quoin simulate` and the vendor. */
const NOW = "x-simulator-now";
const LEDGER = "x-simulator-ledger";

/** Serves a vendor until standard input closes. */
export function serve({ name, start, answer, actions = {} }) {
  const begin = () => start({ seed: process.env.SIMULATOR_SEED, options: JSON.parse(process.env.SIMULATOR_OPTIONS ?? "{}") });
  const vendor = { state: begin() };

  function control(path, text, kit) {
    if (path === "/_kit/actions") {
      return { body: Object.fromEntries(Object.entries(actions).map(([action, { help }]) => [action, help])) };
    }
    if (path === "/_kit/reset") {
      vendor.state = begin();
      return { body: {} };
    }
    const action = actions[path.slice("/_kit/act/".length)];
    try {
      return { body: action.run(vendor.state, text ? JSON.parse(text) : null, kit) };
    } catch (thrown) {
      if (thrown instanceof Refusal) return { status: 400, body: { error: thrown.message } };
      throw thrown;
    }
  }

  const server = createServer((incoming, outgoing) => {
    const pieces = [];
    incoming.on("data", (piece) => pieces.push(piece));
    incoming.on("end", () => {
      const effects = [];
      const kit = {
        now: incoming.headers[NOW] ?? new Date().toISOString(),
        commit: (kind, id, key, data) => effects.push({ kind, id, key: key ?? null, data }),
      };
      const url = new URL(incoming.url, "http://simulator");
      const text = Buffer.concat(pieces).toString();
      const request = { method: incoming.method, path: url.pathname, query: url.searchParams, headers: incoming.headers, text };
      const done = url.pathname.startsWith("/_kit/") ? control(url.pathname, text, kit) : answer(vendor.state, request, kit);
      const { status = 200, body, headers = {} } = done;
      outgoing.writeHead(status, { "content-type": "application/json", [LEDGER]: ascii(effects), ...headers });
      outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`${JSON.stringify({ simulator: name, http: `http://127.0.0.1:${server.address().port}` })}\n`);
  });
  process.stdin.on("end", () => process.exit(0)).resume();
}

/** JSON that a header field can carry. */
function ascii(value) {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
