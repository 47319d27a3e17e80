// The vendor's shapes, spelled as the vendor spells them.
//
// What the vendor always sends is not optional: when it is missing one day, that is a fault and not an empty field.

import { boolean, decimalOf, instantOf, list, optional, shape, text, type Of } from "quoin-sdk";

export const Me = shape({ account: text, scopes: list(text) });

export const Contact = shape({
  id: text,
  name: text,
  vatNo: optional(text),
  // Money comes as a JSON number; its digits are kept.
  creditLimit: optional(decimalOf),
  currencyCode: optional(text),
  changed: instantOf,
  gone: boolean,
});
export type Contact = Of<typeof Contact>;

export const Contacts = shape({ contacts: list(Contact), more: boolean });

/** What the vendor answers to a write. */
export const Written = shape({ id: text });
