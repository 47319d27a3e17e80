// The types of the SDK. The canonical objects are in `canonical.d.ts`, made from their schemas.

import type { Decimal, Instant, ObjectKind, Objects, Link } from "./canonical.js";

export * from "./canonical.js";

/** Contract version that this SDK speaks. */
export const CONTRACT: string;

// --- Why something failed

/** What the host can decide; the closed list of the contract. */
export type FaultKind =
  /** The credential was refused or ran out: the connection needs attention. */
  | "auth-expired"
  /** The credential is good but may not do this. */
  | "permission"
  | "not-found"
  /** Somebody changed it since, or several records match. */
  | "conflict"
  /** The vendor refuses the content; the field names the canonical field. */
  | "invalid-data"
  | "rate-limited"
  /** May work when tried again. */
  | "transient"
  /** The vendor is down. */
  | "unavailable"
  | "unsupported"
  /** The connection is configured wrongly. */
  | "config"
  /** A bug in the connector. */
  | "internal"
  | "other";

/** Codes with a meaning to the host or to `Outcome.afterFault`. */
export const Code: {
  /** The policy refused the request; nothing was sent. */
  readonly DENIED: "DENIED";
  /** The vendor cannot have seen the request. */
  readonly NOT_SENT: "NOT_SENT";
  /** A look-up asked the vendor, and what was to be written is not there. */
  readonly ABSENT: "ABSENT";
  /** The request may have been carried out. */
  readonly UNKNOWN_OUTCOME: "UNKNOWN_OUTCOME";
  /** An answer came but is not what was announced. */
  readonly UNREADABLE_ANSWER: "UNREADABLE_ANSWER";
};

/** A failure that can be decided on. Throw it. */
export class Fault extends Error {
  constructor(kind: FaultKind, code: string, message: string);
  kind: FaultKind;
  /** The vendor's own code, or one of the connector's. */
  code: string;
  /** Canonical path of the field at fault, such as `/lines/0/tax`. */
  field: string | undefined;
  /** Wait so long before the next attempt, in milliseconds. */
  retryAfterMs: number | undefined;
  /** The canonical field at fault, as a JSON pointer. */
  at(field: string | undefined): this;
  /** How long to wait before the next attempt, in milliseconds. */
  afterMs(waitMs: number): this;
  /** Content that cannot be used: which canonical field, and why. */
  static invalid(field: string, message: string): Fault;
  /** An object this connector does not handle. */
  static unsupported(object: string): Fault;
  /** The request may have been carried out: the host looks it up before anything else. */
  static unknownOutcome(message: string): Fault;
  /** A link whose vendor id is not known in this connection. */
  static missingReference(field: string, object: ObjectKind): Fault;
  /** Anything that was thrown, as a fault. */
  static of(thrown: unknown): Fault;
}

// --- Numbers, instants, JSON

/** The decimal that these digits say. A number with a fraction is refused: it has been a float. */
export function decimal(value: string | number | bigint): Decimal;
export function add(one: Decimal, other: Decimal): Decimal;
export function subtract(one: Decimal, other: Decimal): Decimal;
export function multiply(one: Decimal, other: Decimal): Decimal;
/** -1, 0 or 1. */
export function compare(one: Decimal, other: Decimal): -1 | 0 | 1;

/** A decimal that is written as a JSON number, digit for digit. */
export interface JsonNumber {
  readonly digits: string;
}
/** For vendors that take amounts as JSON numbers. */
export function number(value: Decimal): JsonNumber;
/** JSON text; integers are numbers, every other number is a text of its digits. */
export function parse(source: string): unknown;
/** JSON text; a float is refused. */
export function stringify(value: unknown): string;

/** An instant in UTC with the digits it came with. */
export function instant(value: string): Instant;
/** So many seconds before an instant. */
export function earlier(value: Instant, seconds: number): Instant;

// --- The vendor's shapes

/** Reads a value of one type. */
export interface Shape<T> {
  readonly what: string;
  read(value: unknown, path: string): T;
}
/** May be missing or null. */
export interface OptionalShape<T> extends Shape<T | undefined> {
  readonly optional: true;
}
/** The type that a shape reads. */
export type Of<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string>;
export const boolean: Shape<boolean>;
export const integer: Shape<number>;
/** A JSON number, or a text that holds one; its digits are kept. */
export const decimalOf: Shape<Decimal>;
export const instantOf: Shape<Instant>;
export const any: Shape<unknown>;
export function codes<const T extends string>(...allowed: T[]): Shape<T>;
export function optional<T>(inner: Shape<T>): OptionalShape<T>;
export function list<T>(inner: Shape<T>): Shape<T[]>;
export function map<T>(inner: Shape<T>): Shape<Record<string, T>>;

type Required<M> = { [K in keyof M as M[K] extends OptionalShape<unknown> ? never : K]: Of<M[K]> };
type Optional<M> = { [K in keyof M as M[K] extends OptionalShape<unknown> ? K : never]?: Of<M[K]> };
/** An object with these members; others are let be. */
export function shape<M extends Record<string, Shape<unknown>>>(members: M): Shape<Required<M> & Optional<M>>;
/** Reads a value by its shape; what does not fit is a fault that names the member. */
export function read<T>(shape: Shape<T>, value: unknown, fault?: (path: string, message: string) => Fault): T;

/** A row of a mapping: the vendor's member, the canonical JSON pointer, and what is done on the way in and out. */
export type Row = readonly [
  vendor: string,
  pointer: string,
  convert?: { lift?: (value: any) => unknown; lower?: (value: any) => unknown },
];
/** A table of fields, read in both directions. */
export interface Mapping {
  /** The canonical pointer of a vendor's member. */
  canonical(vendor: string): string | undefined;
  /** The vendor's member of a canonical pointer. */
  vendor(pointer: string): string | undefined;
  /** The canonical fields of a vendor's record. */
  lift(record: object): Record<string, any>;
  /** The vendor's members of a canonical object. */
  lower(object: object): Record<string, any>;
}
export function mapping(rows: readonly Row[]): Mapping;

// --- Requests

/** One request, built in a chain: `Request.get(url).query("limit", 200).credential("api")`. */
export class Request {
  constructor(method: string, url: string);
  readonly method: string;
  readonly url: string;
  readonly headers: [string, string][];
  readonly body: Uint8Array | undefined;
  /** The credential slot. */
  readonly slot: string | undefined;
  static get(url: string): Request;
  static post(url: string): Request;
  static put(url: string): Request;
  static patch(url: string): Request;
  static delete(url: string): Request;
  /** Credentials are not headers: see `credential`. */
  header(name: string, value: string | number): this;
  /** A query parameter, percent-encoded. */
  query(name: string, value: string | number | boolean): this;
  /** A JSON body, with its content type. */
  json(value: unknown): this;
  /** A form body (`application/x-www-form-urlencoded`). */
  form(fields: Record<string, string | number>): this;
  /** A text body of any content type (XML, query languages). */
  text(contentType: string, body: string): this;
  /** Name of a credential slot of the manifest; the host attaches the credential itself. */
  credential(slot: string): this;
  /** The key that makes a repeat harmless, where the vendor honours one. */
  idempotencyKey(key: string): this;
  /** Longest wait for this answer, in milliseconds. */
  timeoutMs(timeoutMs: number): this;
  /** Cost against the rate budget; 1 for an ordinary request. */
  cost(cost: number): this;
}

/** A whole answer, of any status. */
export class Response {
  constructor(status: number, body?: string | Uint8Array, headers?: [string, string][]);
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: Uint8Array;
  /** Whether the status is 2xx. */
  readonly ok: boolean;
  /** A header's first value, whatever the case of its name. */
  header(name: string): string | undefined;
  text(): string;
  /** The body by its shape. What is no JSON or does not fit is a fault `UNREADABLE_ANSWER`; after a write that means unknown. */
  json<T>(shape: Shape<T>): T;
  json(): unknown;
}

// --- The host

/** Everything a connector can do to the world. */
export interface Host {
  /** One request. An answer of any status is returned; thrown is a fault: no whole answer came, and its code says whether the vendor may have acted. */
  send(request: Request): Response;
  /** Several at once, at most so many in flight; answers or faults in the order asked. */
  sendAll(requests: Request[], maxParallel: number): (Response | Fault)[];
  /** The connection's configuration. */
  config<T>(shape: Shape<T>): T;
  /** Now, the same during one call. */
  now(): Instant;
  /** Milliseconds left before this call is stopped. */
  remainingMs(): number;
  /** A line for the operator. */
  log(level: "trace" | "debug" | "info" | "warn" | "error", message: string, fields?: Record<string, string | number>): void;
  /** Whether `mac` is the MAC of `payload` under the secret in `slot`, in constant time. */
  verifyHmac(slot: string, algorithm: "hmac-sha256" | "hmac-sha1", payload: Uint8Array, mac: Uint8Array): boolean;
  /** Whether `candidate` equals the secret in `slot`, in constant time. */
  verifyEquals(slot: string, candidate: Uint8Array): boolean;
}

// --- The powers: a connector's module exports those that it has

/** Who we are at the vendor and what we may do. */
export interface Report {
  account?: string | undefined;
  /** What the credential may do. */
  scopes?: string[];
  /** What an operator should mend, though the connection works. */
  warnings?: string[];
}

/** Asks the vendor who we are. Reads only. */
export type Check = (host: Host) => Report;
/** The vendor's schema of the mapped objects, by canonical kind. Reads only. */
export type Discover = (host: Host) => Record<string, unknown>;
/** Reads canonical objects. Reads only. */
export interface Source {
  read(host: Host, request: ReadRequest): Page;
}
/** Writes canonical objects with exactly-once effect. */
export interface Sink {
  /** Exactly one outcome per item, in order. */
  apply(host: Host, object: ObjectKind, items: Item[]): Outcome[];
  /** What became of these items. Reads only. */
  lookup(host: Host, object: ObjectKind, items: Item[]): Outcome[];
}
/** Proves an inbound request and says what to read again. Has no network. A fault of kind `permission`: not proven. */
export interface Webhook {
  handle(host: Host, inbound: Inbound): Reply;
}

/** What to read. */
export class ReadRequest {
  constructor(object: ObjectKind, limit: number, more?: { cursor?: Uint8Array | undefined; ids?: string[] });
  readonly object: ObjectKind;
  /** At most so many changes. */
  readonly limit: number;
  /** Where the last page ended. */
  readonly cursor: Uint8Array | undefined;
  /** Exactly these records, by vendor id, when not empty; the cursor is then ignored. */
  readonly ids: string[];
  /** The cursor in the connector's own shape. */
  position<T>(shape: Shape<T>): T | undefined;
}

/** A page of changes. */
export class Page {
  constructor(changes: Change[], more?: boolean);
  readonly changes: Change[];
  /** More can be read at once. */
  readonly more: boolean;
  readonly next: Uint8Array | undefined;
  /** Where this page ended; the host stores it in the same transaction as the changes. */
  endingAt(position: object): this;
}

/** One change. */
export class Change {
  readonly op: "upsert" | "delete";
  readonly external: string;
  readonly version: string | undefined;
  /** A record that is there: its vendor id, its version there, and the canonical object. */
  static upsert<K extends ObjectKind>(kind: K, external: string, version: string | undefined, object: Objects[K]): Change;
  /** A record that is gone. */
  static delete(external: string, version?: string): Change;
  /** The object, for tests. */
  object(): any;
}

/** A canonical id with this connection's name for it. */
export interface Reference {
  object: string;
  id: string;
  external: string;
}

/** One object to write. */
export class Item {
  constructor(fields: Partial<Item> & { key: string; id: string; data: string });
  /** Idempotency key, made by the host; the same on every attempt at the same effect. */
  readonly key: string;
  /** Canonical id of the object. */
  readonly id: string;
  /** The vendor's id, when it is known from an earlier write or read. */
  readonly external: string | undefined;
  /** Remove instead of write. */
  readonly delete: boolean;
  /** Only when the vendor still holds this version. */
  readonly ifVersion: string | undefined;
  readonly references: Reference[];
  /** Canonical JSON. */
  readonly data: string;
  /** The object to write, of this kind. */
  object<K extends ObjectKind>(kind: K): Objects[K];
  /** The vendor's id, in this connection, of what a link (or a canonical id) points at. */
  externalOf(kind: ObjectKind, link: Link | string): string | undefined;
}

/** The ends of an item. `absent`: a look-up asked, and it is surely not there. */
export type Status =
  | "created"
  | "updated"
  | "unchanged"
  | "deleted"
  | "conflict"
  | "rejected"
  | "retry"
  | "absent"
  | "unknown";

/** What became of one item. */
export class Outcome {
  readonly key: string;
  readonly status: Status;
  readonly external: string | undefined;
  readonly fault: Fault | undefined;
  static created(item: Item, external: string): Outcome;
  static updated(item: Item, external: string): Outcome;
  /** It was there already, and equal. */
  static unchanged(item: Item, external: string): Outcome;
  static deleted(item: Item): Outcome;
  static conflict(item: Item, fault: Fault): Outcome;
  /** The vendor refuses it for good. */
  static rejected(item: Item, fault: Fault): Outcome;
  /** Surely nothing happened; try again later. */
  static retry(item: Item, fault: Fault): Outcome;
  /** A look-up asked the vendor, and it is surely not there. */
  static absent(item: Item, why: string): Outcome;
  /** It may or may not have happened. */
  static unknown(item: Item, fault: Fault): Outcome;
  /** What a failed write means for its item. A vendor's 5xx to a write must be a `Fault.unknownOutcome` first. */
  static afterFault(item: Item, thrown: unknown): Outcome;
  /** The vendor's version. */
  at(version: string): this;
  /** The object as the vendor now holds it, such as an invoice with its number. */
  holding<K extends ObjectKind>(kind: K, object: Objects[K]): this;
  /** A further canonical object written on the way, and its vendor id. */
  reference(object: ObjectKind, id: string, external: string): this;
}

/** An inbound HTTP request, raw. */
export class Inbound {
  readonly method: string;
  /** The exact public URL that was called. */
  readonly url: string;
  readonly headers: [string, string][];
  /** What the vendor signed. */
  readonly body: Uint8Array;
  header(name: string): string | undefined;
}

/** What to answer, and what to read again. */
export class Reply {
  constructor(status?: number, body?: string);
  static ok(): Reply;
  /** A record to read again. */
  touch(object: ObjectKind, external: string): this;
  /** The vendor's id of this delivery, equal on its retries. */
  delivery(id: string): this;
}

/** The object, once it is one of its kind; thrown is a fault that names the field. */
export function canonical<K extends ObjectKind>(kind: K, object: Objects[K]): Objects[K];
