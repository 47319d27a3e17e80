// A connector: one export per capability. What the vendor says is in `wire.ts`, what it means in `map.ts`, how it fails
// in `fault.ts`.

import { Fault, type Check, type Sink, type Source } from "quoin-sdk";

import { customers, whoWeAre } from "./read.js";
import { findCustomer, writeCustomer } from "./write.js";

export const check: Check = whoWeAre;

export const source: Source = {
  read(host, request) {
    if (request.object !== "customer") throw Fault.unsupported(request.object);
    return customers(host, request);
  },
};

export const sink: Sink = {
  apply(host, object, items) {
    if (object !== "customer") throw Fault.unsupported(object);
    return items.map((item) => writeCustomer(host, item));
  },
  lookup(host, object, items) {
    if (object !== "customer") throw Fault.unsupported(object);
    return items.map((item) => findCustomer(host, item));
  },
};
