// Writing: the items to write, and what became of each.

import { canonical } from "./check.js";
import { parse, stringify } from "./exact.js";
import { Code, Fault } from "./fault.js";

export class Item {
  constructor(fields) {
    Object.assign(this, { external: undefined, delete: false, ifVersion: undefined, references: [] }, fields);
  }

  /** The object to write, of this kind. */
  object(kind) {
    let object;
    try {
      object = parse(this.data);
    } catch (thrown) {
      throw new Fault("invalid-data", "CANONICAL_JSON", `no ${kind}: ${thrown.message}`);
    }
    return canonical(kind, object);
  }

  /** The vendor's id, in this connection, of what a link points at; a link by another system's id is never taken for one of ours. */
  externalOf(kind, link) {
    const id = typeof link === "string" ? link : link?.id;
    return id && this.references.find((known) => known.object === kind && known.id === id)?.external;
  }
}

export class Outcome {
  constructor(item, status, more = {}) {
    this.key = item.key;
    this.status = status;
    this.external = item.external;
    this.version = undefined;
    this.data = undefined;
    this.references = [];
    this.fault = undefined;
    Object.assign(this, more);
  }

  static created(item, external) {
    return new Outcome(item, "created", { external });
  }

  static updated(item, external) {
    return new Outcome(item, "updated", { external });
  }

  static unchanged(item, external) {
    return new Outcome(item, "unchanged", { external });
  }

  static deleted(item) {
    return new Outcome(item, "deleted");
  }

  static conflict(item, fault) {
    return new Outcome(item, "conflict", { fault });
  }

  static rejected(item, fault) {
    return new Outcome(item, "rejected", { fault });
  }

  static retry(item, fault) {
    return new Outcome(item, "retry", { fault });
  }

  /** A look-up asked the vendor, and it is surely not there: the next write is the first. */
  static absent(item, why) {
    return new Outcome(item, "absent", { fault: new Fault("not-found", Code.ABSENT, why) });
  }

  static unknown(item, fault) {
    return new Outcome(item, "unknown", { fault });
  }

  /** What a failed write means for its item. What was thrown and is no fault may have happened after the request left. */
  static afterFault(item, thrown) {
    const fault = Fault.of(thrown);
    return new Outcome(item, statusAfter(fault), { fault });
  }

  at(version) {
    this.version = version;
    return this;
  }

  holding(kind, object) {
    this.data = stringify(canonical(kind, object));
    return this;
  }

  reference(object, id, external) {
    this.references.push({ object, id, external });
    return this;
  }
}

function statusAfter({ code, kind }) {
  if (code === Code.UNKNOWN_OUTCOME || code === Code.UNREADABLE_ANSWER || kind === "internal") return "unknown";
  if (code === Code.NOT_SENT || ["rate-limited", "transient", "unavailable"].includes(kind)) return "retry";
  return kind === "conflict" ? "conflict" : "rejected";
}
