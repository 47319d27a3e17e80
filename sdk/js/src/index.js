// What a connector's author imports. A connector is a module that exports the powers it has (`check`, `discover`,
// `source`, `sink`, `webhook`); everything it does to the world goes through the `host` that each call is given, so the
// same code runs natively in tests. The types are in `index.d.ts`.

export { add, compare, decimal, multiply, subtract } from "./decimal.js";
export { Code, Fault } from "./fault.js";
export { number, parse, stringify } from "./exact.js";
export { KINDS } from "./canonical.js";
export { canonical } from "./check.js";
export { Request, Response } from "./http.js";
export { earlier, instant } from "./instant.js";
export { mapping } from "./mapping.js";
export { Change, Page, ReadRequest } from "./source.js";
export { Item, Outcome } from "./sink.js";
export { Inbound, Reply } from "./webhook.js";
export { any, boolean, codes, decimalOf, instantOf, integer, list, map, optional, read, shape, text } from "./shape.js";

/** Contract version that this SDK speaks. */
export const CONTRACT = "1.0.0";
