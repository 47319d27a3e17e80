// The vendor's failures, as decisions.

import { Fault, optional, shape, text, type FaultKind, type Response } from "quoin-sdk";

import { FIELDS } from "./map.js";

/** How the vendor refuses. */
const Refused = shape({ error: text, field: optional(text) });

/** What each status means. */
const KINDS: Record<number, FaultKind> = {
  400: "invalid-data",
  401: "auth-expired",
  403: "permission",
  404: "not-found",
  410: "config", // this version of the API is retired
  422: "invalid-data",
  429: "rate-limited",
  503: "unavailable",
};

/** The answer, unless the vendor refused. */
export function refuse(answer: Response): Response {
  if (answer.ok) return answer;
  const kind = KINDS[answer.status] ?? (answer.status >= 500 ? "transient" : "other");
  const { words, field } = refusal(answer);
  const fault = new Fault(kind, String(answer.status), words).at(field && FIELDS.canonical(field));
  const seconds = Number(answer.header("retry-after") ?? NaN);
  throw Number.isSafeInteger(seconds) ? fault.afterMs(seconds * 1000) : fault;
}

/** The vendor's sentence, or how much it said where it is none: a gateway's page helps nobody. */
function refusal(answer: Response): { words: string; field?: string | undefined } {
  try {
    const refused = answer.json(Refused);
    return { words: refused.error, field: refused.field };
  } catch {
    return { words: `${answer.body.length} bytes that are no refusal` };
  }
}

/** Like `refuse`, for a write: a server error leaves it unknown whether it was carried out. */
export function refuseWrite(answer: Response): Response {
  if (answer.status >= 500) throw Fault.unknownOutcome(`the address book answered ${answer.status}`);
  return refuse(answer);
}
