// Instants as texts: vendors' stamps have more digits than a Date holds, and a cursor must not lose any.

import { Fault } from "./fault.js";

const INSTANT = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:?\d{2})$/;

/** An instant in UTC with the digits it came with: `2026-03-02T11:15:00.5+01:00` is `2026-03-02T10:15:00.5Z`. */
export function instant(value) {
  const parts = typeof value === "string" ? INSTANT.exec(value) : null;
  const zone = parts && (/^[zZ]$/.test(parts[4]) ? "Z" : parts[4].replace(/^(...)(\d\d)$/, "$1:$2"));
  const millis = parts ? Date.parse(`${parts[1]}T${parts[2]}${zone}`) : NaN;
  if (Number.isNaN(millis)) {
    throw new Fault("invalid-data", "INSTANT", `${JSON.stringify(value) ?? value} is no instant with its zone, such as 2026-03-02T10:15:00Z`);
  }
  return written(millis, parts[3] ?? "");
}

/** So many seconds before an instant. */
export function earlier(value, seconds) {
  const text = instant(value);
  const fraction = /\.\d+/.exec(text)?.[0] ?? "";
  return written(Date.parse(text.replace(fraction, "")) - seconds * 1000, fraction);
}

function written(millis, fraction) {
  return new Date(millis).toISOString().replace(/\.\d+Z$/, `${fraction}Z`);
}
