// Requests to the vendor.

import { shape, text, type Host, type Request, type Response } from "quoin-sdk";

import { refuse } from "./fault.js";

/** The fields of `connector.toml`. */
const Config = shape({ base_url: text });

/** The address of a path. */
export function url(host: Host, path: string): string {
  return `${host.config(Config).base_url}${path}`;
}

/** Asks; a refusal is a fault. */
export function ask(host: Host, request: Request): Response {
  return refuse(host.send(request.credential("api")));
}
