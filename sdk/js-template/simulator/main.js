// The address book as it behaves: a token, contacts ordered by their last change, a marker that may occur once, names
// of at most eighty characters. Faults, clock and ledger are `quoin simulate`'s, which stands before it.

import { Refusal, serve } from "quoin-sdk/simulator";

/** The token that is valid, unless `--option token=…` names another. */
const TOKEN = "address-book-token";
/** Longest name. */
const NAME_CHARACTERS = 80;
/** Fields that a contact may have. */
const FIELDS = ["name", "vatNo", "creditLimit", "currencyCode", "marker"];

const refused = (status, error, field) => ({ status, body: { error, ...(field && { field }) } });

/** Why the address book does not take these fields. */
function problem(fields) {
  if (typeof fields !== "object" || fields === null) return refused(400, "a contact is an object");
  const unknown = Object.keys(fields).find((name) => !FIELDS.includes(name));
  if (unknown) return refused(422, `a contact has no field '${unknown}'`, unknown);
  const length = [...String(fields.name ?? "")].length;
  if (length < 1 || length > NAME_CHARACTERS) return refused(422, `a name has 1 to ${NAME_CHARACTERS} characters`, "name");
  return undefined;
}

function add(book, fields, kit) {
  const wrong = problem(fields);
  if (wrong) return wrong;
  if (fields.marker && book.contacts.some((contact) => contact.fields.marker === fields.marker)) {
    return refused(409, "a contact with this marker exists");
  }
  const id = `c-${book.contacts.length + 1}`;
  kit.commit("customer", id, fields.marker, fields);
  book.contacts.push({ id, fields, changed: kit.now, gone: false });
  return { body: { id } };
}

function change(book, id, fields, kit) {
  const contact = book.contacts.find((contact) => contact.id === id && !contact.gone);
  if (!contact) return refused(404, "there is no such contact");
  const wrong = problem(fields);
  if (wrong) return wrong;
  kit.commit("customer_update", id, undefined, fields);
  Object.assign(contact, { fields, changed: kit.now });
  return { body: { id } };
}

/** Contacts by last change, then by id; removed ones as `gone`. */
function list(book, query) {
  const order = (contact) => `${contact.changed} ${contact.id}`;
  let found = [...book.contacts].sort((one, other) => (order(one) < order(other) ? -1 : 1));
  if (query.has("ids")) found = found.filter((contact) => query.get("ids").split(",").includes(contact.id));
  if (query.has("marker")) found = found.filter((contact) => contact.fields.marker === query.get("marker"));
  if (query.has("changed_from")) {
    const from = `${query.get("changed_from")} ${query.get("after_id") ?? ""}`;
    found = found.filter((contact) => order(contact) > from);
  }
  const limit = Math.min(Math.max(Number(query.get("limit") ?? 100), 1), 100);
  const shown = found.slice(0, limit).map(({ id, fields, changed, gone }) => ({ ...fields, id, changed, gone }));
  return { body: { contacts: shown, more: found.length > limit } };
}

serve({
  name: "template",
  start: ({ options }) => ({ token: options.token ?? TOKEN, contacts: [] }),
  answer(book, { method, path, query, headers, text }, kit) {
    if (headers.authorization !== `Bearer ${book.token}`) return refused(401, "invalid_token");
    const route = `${method} ${path.replace(/^(\/contacts\/).+/, "$1{id}")}`;
    if (route === "GET /me") return { body: { account: "demo", scopes: ["contacts.read", "contacts.write"] } };
    if (route === "GET /contacts") return list(book, query);
    if (route === "POST /contacts") return add(book, JSON.parse(text), kit);
    if (route === "PUT /contacts/{id}") return change(book, path.slice("/contacts/".length), JSON.parse(text), kit);
    return refused(404, `there is no ${method} ${path}`);
  },
  actions: {
    add_contact: {
      help: "{name, vatNo?, creditLimit?, currencyCode?}: a person adds a contact",
      run(book, input, kit) {
        const { status = 200, body } = add(book, input, kit);
        if (status !== 200) throw new Refusal(body.error);
        return body;
      },
    },
    remove_contact: {
      help: "{id}: a person removes a contact",
      run(book, { id }, kit) {
        const contact = book.contacts.find((contact) => contact.id === id);
        if (!contact) throw new Refusal(`there is no contact '${id}'`);
        Object.assign(contact, { gone: true, changed: kit.now });
        return { id };
      },
    },
  },
});
