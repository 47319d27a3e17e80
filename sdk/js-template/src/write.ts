// Writing, and what became of what was written.

import { Outcome, Request, type Host, type Item } from "quoin-sdk";

import { ask, url } from "./api.js";
import { refuseWrite } from "./fault.js";
import { contact } from "./map.js";
import { Contacts, Written } from "./wire.js";

/** Makes or changes a contact. */
export function writeCustomer(host: Host, item: Item): Outcome {
  try {
    return written(host, item);
  } catch (thrown) {
    return Outcome.afterFault(item, thrown);
  }
}

/** The vendor refuses a second contact with the same marker, so a repeat cannot make two. */
function written(host: Host, item: Item): Outcome {
  const body = contact(item.object("customer"), item.id);
  const request = item.external
    ? Request.put(url(host, `/contacts/${item.external}`))
    : Request.post(url(host, "/contacts"));
  const answer = host.send(request.json(body).credential("api"));
  if (answer.status === 409) return findCustomer(host, item); // an earlier attempt got through
  const { id } = refuseWrite(answer).json(Written);
  return item.external ? Outcome.updated(item, id) : Outcome.created(item, id);
}

/** The contact with our marker. */
export function findCustomer(host: Host, item: Item): Outcome {
  const { contacts } = ask(host, Request.get(url(host, "/contacts")).query("marker", item.id)).json(Contacts);
  const found = contacts[0];
  return found ? Outcome.created(item, found.id) : Outcome.absent(item, `no contact is marked '${item.id}'`);
}
