"""Requests to the vendor."""

from dataclasses import dataclass

from quoin_sdk import Host, Request, Response

from .refused import refuse


@dataclass
class Config:
    """The fields of `connector.toml`."""

    base_url: str


def url(host: Host, path: str) -> str:
    """The address of a path."""
    return f"{host.config(Config).base_url}{path}"


def ask(host: Host, request: Request) -> Response:
    """Asks; a refusal is a fault."""
    return refuse(host.send(request.with_credential("api")))
