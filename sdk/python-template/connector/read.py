"""Reading: who we are, and pages of changes."""

from dataclasses import dataclass

from quoin_sdk import Change, Host, Instant, Page, ReadRequest, Report, Request, earlier

from .api import ask, url
from .mapped import customer
from .wire import Contact, Contacts, Me

#: The vendor commits late by up to so much: that far a finished reading goes back (`overlap_seconds` in
#: `connector.toml`).
OVERLAP_SECONDS = 5

#: What the connector needs.
SCOPES = ["contacts.read", "contacts.write"]


@dataclass
class Position:
    """Where a page ended: the vendor's stamp, and the id that breaks ties of it."""

    changed: Instant
    id: str

    @classmethod
    def behind(cls, last: Contact, more: bool) -> "Position":
        """In the middle of a reading: exactly behind the last record. At its end: a little before it, because a record
        with an earlier stamp may still turn up."""
        return cls(last.changed, last.id) if more else cls(earlier(last.changed, OVERLAP_SECONDS), "")


def who_we_are(host: Host) -> Report:
    """Who we are at the vendor, and what is missing there."""
    me = ask(host, Request.get(url(host, "/me"))).json(Me)
    missing = [scope for scope in SCOPES if scope not in me.scopes]
    warnings = [f"the token lacks the scope '{scope}'; make one that has it" for scope in missing]
    return Report(me.account, me.scopes, warnings)


def customers(host: Host, request: ReadRequest) -> Page:
    """A page of contacts."""
    start = request.position(Position)
    asked = Request.get(url(host, "/contacts")).query("limit", request.limit)
    if request.ids:
        asked.query("ids", ",".join(request.ids))
    elif start:
        asked.query("changed_from", start.changed).query("after_id", start.id)
    found = ask(host, asked).json(Contacts)
    page = Page([_change(contact) for contact in found.contacts], found.more)
    if request.ids:
        return page
    if found.contacts:
        return page.ending_at(Position.behind(found.contacts[-1], found.more))
    return page.ending_at(start) if start else page


def _change(contact: Contact) -> Change:
    if contact.gone:
        return Change.delete(contact.id, contact.changed)
    return Change.upsert(contact.id, contact.changed, customer(contact))
