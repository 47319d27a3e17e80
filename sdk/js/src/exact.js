// JSON without floats. Reading: an integer that a number holds exactly is a number, every other number is a text of its
// own digits. Writing: a `number(…)` is a JSON number, digit for digit.

import { decimal } from "./decimal.js";

/** Deepest nesting that is read. */
const DEPTH_MAX = 200;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS = { true: true, false: false, null: null };

class Digits {
  constructor(digits) {
    this.digits = digits;
  }
}

/** A decimal that `stringify` writes as a JSON number instead of a text. */
export function number(value) {
  return new Digits(decimal(value));
}

/** A number as it is kept: an integer that a number holds exactly, or the text of its digits. */
function kept(digits) {
  const whole = /^-?\d+$/.test(digits) ? Number(digits) : NaN;
  return Number.isSafeInteger(whole) ? whole : digits;
}

/** Whether this engine tells a number's own digits, as the one in the component does; Node.js 20 does not. */
const TELLS_DIGITS = JSON.parse("1.10", (_, value, context) => context?.source ?? value) === "1.10";

/** Reads JSON text. Throws a SyntaxError. */
export const parse = TELLS_DIGITS ? parseByEngine : parseByHand;

function parseByEngine(source) {
  return JSON.parse(source, (_, value, { source: digits }) => (typeof value === "number" ? kept(digits) : value));
}

/** The same for engines that only give floats. */
export function parseByHand(source) {
  const reader = new Reader(source);
  const value = reader.value(0);
  reader.space();
  if (reader.at !== source.length) reader.wrong();
  return value;
}

class Reader {
  constructor(source) {
    this.source = source;
    this.at = 0;
  }

  wrong() {
    const found = this.at < this.source.length ? `${JSON.stringify(this.source[this.at])} at ${this.at}` : "its end";
    throw new SyntaxError(`no JSON: unexpected ${found}`);
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (!found) return undefined;
    this.at = pattern.lastIndex;
    return found[0];
  }

  space() {
    this.match(SPACE);
  }

  /** Whether the next character is this one, which is then taken. */
  takes(character) {
    this.space();
    if (this.source[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  value(depth) {
    if (depth > DEPTH_MAX) throw new SyntaxError(`no JSON: nested deeper than ${DEPTH_MAX}`);
    this.space();
    const next = this.source[this.at];
    if (next === "{") return this.object(depth);
    if (next === "[") return this.array(depth);
    if (next === '"') return this.string();
    for (const [word, value] of Object.entries(WORDS)) {
      if (this.source.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return kept(this.match(NUMBER) ?? this.wrong());
  }

  string() {
    return JSON.parse(this.match(STRING) ?? this.wrong());
  }

  array(depth) {
    this.takes("[");
    const items = [];
    if (this.takes("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.takes(","));
    return this.takes("]") ? items : this.wrong();
  }

  object(depth) {
    this.takes("{");
    const members = {};
    if (this.takes("}")) return members;
    do {
      this.space();
      const name = this.string();
      if (!this.takes(":")) this.wrong();
      // Not an assignment: a member called __proto__ is a member.
      Object.defineProperty(members, name, { value: this.value(depth + 1), enumerable: true, writable: true, configurable: true });
    } while (this.takes(","));
    return this.takes("}") ? members : this.wrong();
  }
}

/** Writes JSON text. A float with a fraction is refused: its digits are not what anybody wrote. */
export const stringify = typeof JSON.rawJSON === "function" ? stringifyByEngine : stringifyByHand;

function stringifyByEngine(value) {
  const exact = (_, member) => {
    if (typeof member === "number" || typeof member === "bigint" || member instanceof Digits) {
      return JSON.rawJSON(stringifyByHand(member));
    }
    return member;
  };
  return JSON.stringify(value, exact) ?? "null";
}

/** The same for engines that write no number digit for digit. */
export function stringifyByHand(value) {
  if (value instanceof Digits) return value.digits;
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new TypeError(`${value} is a float; write amounts as number(decimal)`);
  }
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (typeof value.toJSON === "function") return stringifyByHand(value.toJSON());
  if (Array.isArray(value)) return `[${value.map(stringifyByHand).join(",")}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${stringifyByHand(member)}`).join(",")}}`;
}
