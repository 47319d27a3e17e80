// A vendor's simulator in JavaScript, behind `quoin simulate`.

/** A person's action that the vendor does not take, in words. */
export class Refusal extends Error {}

/** A request to the vendor. */
export interface VendorRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** What the vendor answers; a body that is no text is sent as JSON. */
export interface VendorAnswer {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** What `quoin simulate` keeps for the vendor. */
export interface Kit {
  /** The simulator's clock; use it for every stamp and every expiry. */
  now: string;
  /** Notes what was really committed: the canonical word (`customer`) for something new, with `_update` for a change. */
  commit(kind: string, id: string, key: string | undefined, data: unknown): void;
}

export interface Vendor<S> {
  name: string;
  /** The state to begin with; called at the start and at every reset. */
  start(asked: { seed: string | undefined; options: Record<string, string> }): S;
  answer(state: S, request: VendorRequest, kit: Kit): VendorAnswer;
  /** What a person does in the vendor's user interface. */
  actions?: Record<string, { help: string; run(state: S, input: any, kit: Kit): unknown }>;
}

/** Serves a vendor until standard input closes. */
export function serve<S>(vendor: Vendor<S>): void;
