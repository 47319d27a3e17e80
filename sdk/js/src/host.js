// What every host shares: the configuration in the connector's own shape.

import { parse } from "./exact.js";
import { Fault } from "./fault.js";
import { read } from "./shape.js";

/** The host has already checked the configuration against the manifest, so a failure means that shape and manifest disagree. */
export function configured(text, shape) {
  const value = parse(text);
  if (!shape) return value;
  return read(shape, value, (path, message) => new Fault("config", "CONFIG", `the configuration does not fit: ${path}: ${message}`));
}
