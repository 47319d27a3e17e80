// A host for native tests.

import type { Fault, Host, Inbound, Instant, Item, ObjectKind, Objects, Request, Response } from "./index.js";

/** Scripted answers, recorded requests, a clock that stands still. */
export class FakeHost implements Host {
  /** With this configuration. */
  constructor(config?: object);
  /** Every request so far, in order. */
  readonly requests: Request[];
  /** Every logged line so far, in order. */
  readonly logs: { level: string; message: string; fields: Record<string, string | number> }[];
  /** Answers requests of this method whose URL starts so. The longest beginning wins; several answers come in turn, the last again and again. */
  respond(method: string, prefix: string, response: Response): this;
  /** Like `respond`, but no answer comes. */
  fail(method: string, prefix: string, fault: Fault): this;
  /** Sets the clock. */
  at(now: Instant): this;
  /** Sets the time left. */
  remaining(ms: number): this;
  /** Fills a secret slot, for proofs. */
  secret(slot: string, value: string | Uint8Array): this;
  send(request: Request): Response;
  sendAll(requests: Request[], maxParallel: number): (Response | Fault)[];
  config: Host["config"];
  now(): Instant;
  remainingMs(): number;
  log: Host["log"];
  verifyHmac: Host["verifyHmac"];
  verifyEquals: Host["verifyEquals"];
}

/** An answer with a JSON body and its content type. */
export function json(status: number, body: unknown, headers?: Record<string, string>): Response;
/** An item to write, as the host would make it. */
export function item<K extends ObjectKind>(kind: K, object: Objects[K], more?: Partial<Item>): Item;
/** An inbound request, as a vendor would send it. */
export function inbound(url: string, headers: Record<string, string>, body: string | Uint8Array): Inbound;
