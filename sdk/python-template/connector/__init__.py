"""A connector: one name per capability. What the vendor says is in `wire.py`, what it means in `mapped.py`, how it fails
in `refused.py`."""

from quoin_sdk import Fault, Host, Item, Outcome, Page, ReadRequest

from .read import customers, who_we_are
from .write import find_customer, write_customer

check = who_we_are


class source:
    @staticmethod
    def read(host: Host, request: ReadRequest) -> Page:
        if request.object != "customer":
            raise Fault.unsupported(request.object)
        return customers(host, request)


class sink:
    @staticmethod
    def apply(host: Host, kind: str, items: list[Item]) -> list[Outcome]:
        if kind != "customer":
            raise Fault.unsupported(kind)
        return [write_customer(host, item) for item in items]

    @staticmethod
    def lookup(host: Host, kind: str, items: list[Item]) -> list[Outcome]:
        if kind != "customer":
            raise Fault.unsupported(kind)
        return [find_customer(host, item) for item in items]
