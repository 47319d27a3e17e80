// Exact decimals as their digits. Sums and products are exact; nothing here divides or rounds, because that is the
// host's to do at named points.

import { Fault } from "./fault.js";

const DIGITS = /^-?\d+(\.\d+)?$/;
const EXPONENT = /^(-?\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/;
/** Digits that a canonical amount holds. */
const DIGITS_MAX = 28;

/** The decimal that a text of digits, an exponent form or an integer says. */
export function decimal(value) {
  const digits = digitsOf(value);
  if (digits === undefined || digits.replace(/[-.]/g, "").replace(/^0+/, "").length > DIGITS_MAX) {
    throw new Fault("invalid-data", "DECIMAL", `${JSON.stringify(value) ?? value} is no decimal of at most ${DIGITS_MAX} digits`);
  }
  return digits;
}

function digitsOf(value) {
  // A number with a fraction has been a float already: its digits are gone.
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (DIGITS.test(text)) return text;
  const parts = EXPONENT.exec(text);
  if (!parts) return undefined;
  const exponent = Number(parts[3]);
  if (Math.abs(exponent) > DIGITS_MAX * 2) return BigInt(parts[1] + (parts[2] ?? "")) === 0n ? "0" : undefined;
  return written(BigInt(parts[1] + (parts[2] ?? "")), (parts[2]?.length ?? 0) - exponent);
}

/** An integer and how many of its digits stand behind the point. */
function parts(value) {
  const [whole, fraction = ""] = decimal(value).split(".");
  return { units: BigInt(whole + fraction), scale: fraction.length };
}

function written(units, scale) {
  if (scale <= 0) return String(units * 10n ** BigInt(-scale));
  const negative = units < 0n;
  const digits = String(negative ? -units : units).padStart(scale + 1, "0");
  return `${negative ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function aligned(one, other) {
  const [a, b] = [parts(one), parts(other)];
  const scale = Math.max(a.scale, b.scale);
  return [a.units * 10n ** BigInt(scale - a.scale), b.units * 10n ** BigInt(scale - b.scale), scale];
}

export function add(one, other) {
  const [a, b, scale] = aligned(one, other);
  return decimal(written(a + b, scale));
}

export function subtract(one, other) {
  const [a, b, scale] = aligned(one, other);
  return decimal(written(a - b, scale));
}

export function multiply(one, other) {
  const [a, b] = [parts(one), parts(other)];
  return decimal(written(a.units * b.units, a.scale + b.scale));
}

/** -1, 0 or 1. */
export function compare(one, other) {
  const [a, b] = aligned(one, other);
  return a < b ? -1 : a > b ? 1 : 0;
}
