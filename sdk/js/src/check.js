// Whether an object is canonical: its members, their types and codes. The host judges the rules beyond that.

import { OBJECTS, TYPES } from "./canonical.js";
import { Fault } from "./fault.js";

const DECIMAL = /^-?\d+(\.\d+)?$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Patterns of the types, made once. */
const PATTERNS = new Map(Object.entries(TYPES).flatMap(([name, { pattern }]) => (pattern ? [[name, new RegExp(pattern)]] : [])));
PATTERNS.set("Decimal", DECIMAL);

const PLAIN = {
  text: [(value) => typeof value === "string", "a text"],
  integer: [(value) => Number.isSafeInteger(value), "an integer"],
  boolean: [(value) => typeof value === "boolean", "true or false"],
  date: [(value) => typeof value === "string" && DAY.test(value), "a day such as 2026-03-02"],
  instant: [(value) => typeof value === "string" && INSTANT.test(value), "an instant such as 2026-03-02T10:15:00Z"],
};

/** The object, once it is one of its kind; members that are undefined or null are left out. */
export function canonical(kind, object) {
  const type = OBJECTS[kind];
  if (!type) throw Fault.unsupported(kind);
  return taken(type, object, "", kind);
}

function wrong(path, message, kind) {
  throw new Fault("invalid-data", "NOT_CANONICAL", `no valid ${kind}: ${path || "/"}: ${message}`).at(path);
}

function taken(type, value, path, kind) {
  if (typeof type === "string" && PLAIN[type]) {
    const [fits, what] = PLAIN[type];
    return fits(value) ? value : wrong(path, `${what} is wanted`, kind);
  }
  if (typeof type === "string") return named(type, value, path, kind);
  if (type.maybe) return taken(type.maybe, value, path, kind);
  if (type.list) {
    if (!Array.isArray(value)) wrong(path, "a list is wanted", kind);
    return value.map((item, at) => taken(type.list, item, `${path}/${at}`, kind));
  }
  return members(value, path, kind, () => type.map);
}

function named(name, value, path, kind) {
  const type = TYPES[name];
  if (type.codes) {
    return type.codes.includes(value) ? value : wrong(path, `one of ${type.codes.join(", ")} is wanted`, kind);
  }
  if (type.fields) return record(type.fields, value, path, kind);
  if (type.variants) {
    const fits = (variant) => (variant.value === null ? variant.tag in Object(value) : value?.[variant.tag] === variant.value);
    const variant = type.variants.find(fits);
    if (!variant) wrong(path, `none of the forms of ${name}`, kind);
    return record(variant.value === null ? variant.fields : { ...variant.fields, [`${variant.tag}!`]: "text" }, value, path, kind);
  }
  return typeof value === "string" && (PATTERNS.get(name)?.test(value) ?? true) ? value : wrong(path, `a ${name} is wanted, as a text`, kind);
}

function record(fields, value, path, kind) {
  const kept = members(value, path, kind, (name) => fields[name] ?? fields[`${name}!`]);
  for (const field of Object.keys(fields)) {
    if (field.endsWith("!") && !(field.slice(0, -1) in kept)) wrong(`${path}/${field.slice(0, -1)}`, "it is missing", kind);
  }
  return kept;
}

function members(value, path, kind, typeOf) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) wrong(path, "an object is wanted", kind);
  const kept = {};
  for (const [name, member] of Object.entries(value)) {
    const type = typeOf(name);
    if (!type) wrong(`${path}/${name}`, `there is no such field; custom fields go into header.ext`, kind);
    if (member !== undefined && member !== null) kept[name] = taken(type, member, `${path}/${name}`, kind);
  }
  return kept;
}
