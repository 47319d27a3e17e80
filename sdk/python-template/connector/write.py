"""Writing, and what became of what was written."""

from quoin_sdk import Host, Item, Outcome, Request

from .api import ask, url
from .mapped import contact
from .refused import refuse_write
from .wire import Contacts, Written


def write_customer(host: Host, item: Item) -> Outcome:
    """Makes or changes a contact."""
    try:
        return _written(host, item)
    except Exception as raised:
        return Outcome.after_fault(item, raised)


def _written(host: Host, item: Item) -> Outcome:
    """The vendor refuses a second contact with the same marker, so a repeat cannot make two."""
    body = contact(item.object("customer"), item.id)
    if item.external:
        request = Request.put(url(host, f"/contacts/{item.external}"))
    else:
        request = Request.post(url(host, "/contacts"))
    answer = host.send(request.json(body).with_credential("api"))
    if answer.status == 409:
        return find_customer(host, item)  # an earlier attempt got through
    written = refuse_write(answer).json(Written)
    return Outcome.updated(item, written.id) if item.external else Outcome.created(item, written.id)


def find_customer(host: Host, item: Item) -> Outcome:
    """The contact with our marker."""
    found = ask(host, Request.get(url(host, "/contacts")).query("marker", item.id)).json(Contacts)
    if found.contacts:
        return Outcome.created(item, found.contacts[0].id)
    return Outcome.absent(item, f"no contact is marked '{item.id}'")
