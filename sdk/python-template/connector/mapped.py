"""Between the vendor's shapes and the canonical ones: pure, the heart of a connector."""

from typing import Any

from quoin_sdk import Credit, CreditStatus, Customer, CustomerStatus, Header, Mapping, Money, Number

from .wire import Contact

#: The vendor's fields and ours. Amounts leave as JSON numbers, digit for digit.
FIELDS = Mapping(
    {
        "name": "/name",
        "vatNo": "/vat_id",
        "currencyCode": "/currency",
        "creditLimit": "/credit/limit/amount",
    },
    lower={"creditLimit": Number},
)


def customer(contact: Contact) -> Customer:
    """A contact as a canonical customer."""
    credit = None
    if contact.creditLimit is not None and contact.currencyCode is not None:
        limit = Money(amount=contact.creditLimit, currency=contact.currencyCode)
        credit = Credit(status=CreditStatus.OK, limit=limit)
    return Customer(
        header=Header(external=contact.id),
        name=contact.name,
        vat_id=contact.vatNo,
        currency=contact.currencyCode,
        credit=credit,
        status=CustomerStatus.ACTIVE,
    )


def contact(customer: Customer, marker: str) -> dict[str, Any]:
    """A canonical customer as a contact, marked with its canonical id: the vendor refuses a second one with the same
    marker."""
    return {**FIELDS.lower(customer), "marker": marker}
