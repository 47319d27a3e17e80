"""The address book as it behaves: a token, contacts ordered by their last change, a marker that may occur once, names of
at most eighty characters. Faults, clock and ledger are `quoin simulate`'s, which stands before it."""

import json
from dataclasses import dataclass
from typing import Any

from quoin_sdk.simulator import Kit, Refusal, Vendor, VendorAnswer, VendorRequest, serve

#: The token that is valid, unless `--option token=…` names another.
TOKEN = "address-book-token"
#: Longest name.
NAME_CHARACTERS = 80
#: Fields that a contact may have.
FIELDS = ["name", "vatNo", "creditLimit", "currencyCode", "marker"]


@dataclass
class Contact:
    id: str
    fields: dict[str, Any]
    changed: str
    gone: bool = False

    def order(self) -> tuple[str, str]:
        return self.changed, self.id

    def shown(self) -> dict[str, Any]:
        return {**self.fields, "id": self.id, "changed": self.changed, "gone": self.gone}


def refused(status: int, error: str, **more: str) -> VendorAnswer:
    return VendorAnswer({"error": error, **more}, status)


def problem(fields: Any) -> VendorAnswer | None:
    """Why the address book does not take these fields."""
    if not isinstance(fields, dict):
        return refused(400, "a contact is an object")
    for name in fields:
        if name not in FIELDS:
            return refused(422, f"a contact has no field '{name}'", field=name)
    if not 1 <= len(fields.get("name") or "") <= NAME_CHARACTERS:
        return refused(422, f"a name has 1 to {NAME_CHARACTERS} characters", field="name")
    return None


class Book(Vendor):
    name = "template"
    actions = {
        "add_contact": "{name, vatNo?, creditLimit?, currencyCode?}: a person adds a contact",
        "remove_contact": "{id}: a person removes a contact",
    }

    def __init__(self, seed: str | None, options: dict[str, str]):
        super().__init__(seed, options)
        self.token = options.get("token", TOKEN)
        self.contacts: list[Contact] = []

    def answer(self, request: VendorRequest, kit: Kit) -> VendorAnswer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return refused(401, "invalid_token")
        match request.method, request.path.split("/")[1:]:
            case "GET", ["me"]:
                return VendorAnswer({"account": "demo", "scopes": ["contacts.read", "contacts.write"]})
            case "GET", ["contacts"]:
                return self.page(request.query)
            case "POST", ["contacts"]:
                return self.add(json.loads(request.body), kit)
            case "PUT", ["contacts", id]:
                return self.change(id, json.loads(request.body), kit)
        return refused(404, f"there is no {request.method} {request.path}")

    def add(self, fields: Any, kit: Kit) -> VendorAnswer:
        if wrong := problem(fields):
            return wrong
        marker = fields.get("marker")
        if marker and any(contact.fields.get("marker") == marker for contact in self.contacts):
            return refused(409, "a contact with this marker exists")
        contact = Contact(f"c-{len(self.contacts) + 1}", fields, kit.now)
        kit.commit("customer", contact.id, marker, fields)
        self.contacts.append(contact)
        return VendorAnswer({"id": contact.id})

    def change(self, id: str, fields: Any, kit: Kit) -> VendorAnswer:
        for contact in self.contacts:
            if contact.id == id and not contact.gone:
                if wrong := problem(fields):
                    return wrong
                kit.commit("customer_update", id, None, fields)
                contact.fields, contact.changed = fields, kit.now
                return VendorAnswer({"id": id})
        return refused(404, "there is no such contact")

    def page(self, query: dict[str, str]) -> VendorAnswer:
        """Contacts by last change, then by id; removed ones as `gone`."""
        found = sorted(self.contacts, key=Contact.order)
        if "ids" in query:
            found = [contact for contact in found if contact.id in query["ids"].split(",")]
        if "marker" in query:
            found = [contact for contact in found if contact.fields.get("marker") == query["marker"]]
        if "changed_from" in query:
            start = (query["changed_from"], query.get("after_id", ""))
            found = [contact for contact in found if contact.order() > start]
        limit = min(max(int(query.get("limit", 100)), 1), 100)
        shown = [contact.shown() for contact in found[:limit]]
        return VendorAnswer({"contacts": shown, "more": len(found) > limit})

    def add_contact(self, given: dict[str, Any], kit: Kit) -> Any:
        answer = self.add(given, kit)
        if answer.status != 200:
            raise Refusal(answer.body["error"])
        return answer.body

    def remove_contact(self, given: dict[str, Any], kit: Kit) -> Any:
        for contact in self.contacts:
            if contact.id == given["id"]:
                contact.gone, contact.changed = True, kit.now
                return {"id": contact.id}
        raise Refusal(f"there is no contact '{given['id']}'")


serve(Book)
