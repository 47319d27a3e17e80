"""The vendor's shapes, spelled as the vendor spells them.

What the vendor always sends has no default: when it is missing one day, that is a fault and not an empty field."""

from dataclasses import dataclass

from quoin_sdk import Decimal, Instant


@dataclass
class Me:
    account: str
    scopes: list[str]


@dataclass
class Contact:
    id: str
    name: str
    changed: Instant
    gone: bool
    vatNo: str | None = None
    #: Money comes as a JSON number; its digits are kept.
    creditLimit: Decimal | None = None
    currencyCode: str | None = None


@dataclass
class Contacts:
    contacts: list[Contact]
    more: bool


@dataclass
class Written:
    """What the vendor answers to a write."""

    id: str
