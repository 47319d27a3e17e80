// Between the vendor's shapes and the canonical ones: pure, the heart of a connector.

import { mapping, number, type Credit, type Customer } from "quoin-sdk";

import type { Contact } from "./wire.js";

/** The vendor's fields and ours. Amounts leave as JSON numbers, digit for digit. */
export const FIELDS = mapping([
  ["name", "/name"],
  ["vatNo", "/vat_id"],
  ["currencyCode", "/currency"],
  ["creditLimit", "/credit/limit/amount", { lower: number }],
]);

/** A contact as a canonical customer. */
export function customer(contact: Contact): Customer {
  const { name, vat_id, currency } = FIELDS.lift(contact);
  const limit = contact.creditLimit && currency && { amount: contact.creditLimit, currency };
  const credit: Credit | null = limit ? { status: "ok", limit } : null;
  return { header: { external: contact.id }, name, vat_id, currency, credit, status: "active" };
}

/** A canonical customer as a contact, marked with its canonical id: the vendor refuses a second one with the same marker. */
export function contact(customer: Customer, marker: string): object {
  return { ...FIELDS.lower(customer), marker };
}
