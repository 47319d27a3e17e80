// Reading: who we are, and pages of changes.

import { Change, Page, Request, earlier, instantOf, shape, text, type Host, type ReadRequest, type Report } from "quoin-sdk";

import { ask, url } from "./api.js";
import { customer } from "./map.js";
import { Contacts, Me, type Contact } from "./wire.js";

/** The vendor commits late by up to so much: that far a finished reading goes back (`overlap_seconds` in `connector.toml`). */
const OVERLAP_SECONDS = 5;

/** What the connector needs. */
const SCOPES = ["contacts.read", "contacts.write"];

/** Where a page ended: the vendor's stamp, and the id that breaks ties of it. */
const Position = shape({ changed: instantOf, id: text });

/**
 * In the middle of a reading: exactly behind the last record. At its end: a little before it, because a record with an
 * earlier stamp may still turn up.
 */
function behind(last: Contact, more: boolean) {
  if (more) return { changed: last.changed, id: last.id };
  return { changed: earlier(last.changed, OVERLAP_SECONDS), id: "" };
}

/** Who we are at the vendor, and what is missing there. */
export function whoWeAre(host: Host): Report {
  const me = ask(host, Request.get(url(host, "/me"))).json(Me);
  const missing = SCOPES.filter((scope) => !me.scopes.includes(scope));
  const warnings = missing.map((scope) => `the token lacks the scope '${scope}'; make one that has it`);
  return { account: me.account, scopes: me.scopes, warnings };
}

/** A page of contacts. */
export function customers(host: Host, request: ReadRequest): Page {
  const from = request.position(Position);
  const asked = Request.get(url(host, "/contacts")).query("limit", request.limit);
  if (request.ids.length > 0) asked.query("ids", request.ids.join(","));
  else if (from) asked.query("changed_from", from.changed).query("after_id", from.id);
  const { contacts, more } = ask(host, asked).json(Contacts);
  const page = new Page(contacts.map(change), more);
  const last = contacts.at(-1);
  if (request.ids.length > 0) return page;
  if (last) return page.endingAt(behind(last, more));
  return from ? page.endingAt(from) : page;
}

function change(contact: Contact): Change {
  if (contact.gone) return Change.delete(contact.id, contact.changed);
  return Change.upsert("customer", contact.id, contact.changed, customer(contact));
}
