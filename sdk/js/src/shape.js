// The vendor's shapes, read strictly: what is missing or of another type is a fault that names the member, never an
// empty field. Members that a shape does not name are let be.

import { decimal } from "./decimal.js";
import { Code, Fault } from "./fault.js";
import { instant } from "./instant.js";

/** Something that reads a value, and says at which path it could not. */
function reader(what, accept) {
  return {
    what,
    read(value, path) {
      const taken = accept(value, path);
      if (taken === undefined) throw new Mismatch(path, `${what} is wanted, not ${shown(value)}`);
      return taken;
    },
  };
}

class Mismatch extends Error {
  constructor(path, message) {
    super(message);
    this.path = path;
  }
}

function shown(value) {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `${/^[aeiou]/.test(typeof value) ? "an" : "a"} ${typeof value}`;
}

const caught = (make) => (value) => {
  try {
    return make(value);
  } catch {
    return undefined;
  }
};

export const text = reader("a text", (value) => (typeof value === "string" ? value : undefined));
export const boolean = reader("true or false", (value) => (typeof value === "boolean" ? value : undefined));
export const integer = reader("an integer", (value) => (Number.isSafeInteger(value) ? value : undefined));
/** A JSON number, or a text that holds one; its digits are kept. */
export const decimalOf = reader("a decimal", caught(decimal));
/** A text that names an instant with its zone. */
export const instantOf = reader("an instant", caught(instant));
export const any = { what: "anything", read: (value) => value };

/** One of these texts. */
export function codes(...allowed) {
  return reader(`one of ${allowed.join(", ")}`, (value) => (allowed.includes(value) ? value : undefined));
}

/** May be missing or null; it is `undefined` then. */
export function optional(inner) {
  return { what: inner.what, optional: true, read: (value, path) => (value == null ? undefined : inner.read(value, path)) };
}

export function list(inner) {
  return reader("a list", (value, path) =>
    Array.isArray(value) ? value.map((item, at) => inner.read(item, `${path}/${at}`)) : undefined,
  );
}

/** Members by name, all of one shape. */
export function map(inner) {
  return reader("an object", (value, path) => {
    if (!isObject(value)) return undefined;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inner.read(member, `${path}/${name}`)]));
  });
}

/** An object with these members. */
export function shape(members) {
  return reader("an object", (value, path) => {
    if (!isObject(value)) return undefined;
    const taken = Object.entries(members).map(([name, inner]) => [name, inner.read(value[name], `${path}/${name}`)]);
    return Object.fromEntries(taken.filter(([, member]) => member !== undefined));
  });
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads a value by its shape; `fault` makes the fault from path and message. */
export function read(inner, value, fault = unreadable) {
  try {
    return inner.read(value, "");
  } catch (thrown) {
    if (thrown instanceof Mismatch) throw fault(thrown.path || "/", thrown.message);
    throw thrown;
  }
}

function unreadable(path, message) {
  return new Fault("transient", Code.UNREADABLE_ANSWER, `${path}: ${message}`);
}
