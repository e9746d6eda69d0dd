"""Callers: every read and every write happens in the name of one, and in a request."""

from enum import StrEnum
from typing import NamedTuple


class CallerKind(StrEnum):
    OPERATOR = "operator"
    """A person who runs this server, and may do everything."""
    SYSTEM = "system"
    """The server itself, for work without a request."""


class Caller(NamedTuple):
    """The subject in whose name a read or a write happens, and its request.

    Every request makes one, so it is a tuple: the cheapest immutable record.
    """

    kind: CallerKind
    id: str
    """Names the caller among those of its kind."""
    on_behalf_of: str | None
    """The id of the person whom the caller acts for; None: the caller acts for itself."""
    request_id: str
    """Names the request in logs and in masked errors; it is never empty."""
    clients: frozenset[str] | None
    """The clients that the caller is bound to: it sees and changes nothing of others. None: it
    isn't bound."""


def local_operator(request_id: str) -> Caller:
    """The caller of every request: without authentication, every client is the local operator."""
    return Caller(CallerKind.OPERATOR, "local", None, request_id, clients=None)


def system(id: str, request_id: str) -> Caller:
    """The caller for work of the server itself; the id names the part of the server."""
    return Caller(CallerKind.SYSTEM, id, None, request_id, clients=None)
