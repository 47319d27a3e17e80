// Reading: what is asked, and the page that answers.

import { canonical } from "./check.js";
import { parse, stringify } from "./exact.js";
import { Fault } from "./fault.js";
import { read } from "./shape.js";

export class ReadRequest {
  constructor(object, limit, { cursor, ids = [] } = {}) {
    this.object = object;
    this.limit = limit;
    this.cursor = cursor;
    this.ids = ids;
  }

  /** The cursor in the connector's own shape, written by `Page.endingAt`. */
  position(shape) {
    if (!this.cursor) return undefined;
    const other = (problem) =>
      new Fault("config", "CURSOR", `the stored cursor is of another format: ${problem}; reset the stream to read anew`);
    let value;
    try {
      value = parse(new TextDecoder("utf-8", { fatal: true }).decode(this.cursor));
    } catch (thrown) {
      throw other(thrown.message);
    }
    return read(shape, value, (path, message) => other(`${path}: ${message}`));
  }
}

export class Page {
  constructor(changes, more = false) {
    this.changes = changes;
    this.more = more;
    this.next = undefined;
    this.cursorFormat = 1;
  }

  endingAt(position) {
    this.next = new TextEncoder().encode(stringify(position));
    return this;
  }
}

export class Change {
  constructor(op, external, version, data) {
    this.op = op;
    this.external = external;
    this.version = version;
    this.data = data;
  }

  static upsert(kind, external, version, object) {
    const header = { ...object.header, external: object.header?.external ?? external, version: object.header?.version ?? version };
    return new Change("upsert", external, version, stringify(canonical(kind, { ...object, header })));
  }

  static delete(external, version) {
    return new Change("delete", external, version, "");
  }

  /** The object, for tests. */
  object() {
    return parse(this.data);
  }
}
