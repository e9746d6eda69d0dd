"""Callers: every read and every write happens in the name of one, and in a request."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.scopes import ALL_SCOPES, NO_SCOPES, Scopes


class CallerKind(StrEnum):
    OPERATOR = "operator"
    """A person who runs this server, and may do everything."""
    SYSTEM = "system"
    """The server itself, for work without a request."""
    USER = "user"
    """A person who has authenticated."""
    SERVICE = "service"
    """A program that acts for itself."""
    AGENT = "agent"
    """A program that acts on behalf of a person, and decides by itself what to do."""


class Caller(NamedTuple):
    """The subject in whose name a read or a write happens, and its request.

    Every request makes one, so it is a tuple: the cheapest immutable record. Without scopes it may
    do nothing: such are the callers that the log names.
    """

    kind: CallerKind
    id: str
    """Names the caller among those of its kind; of a person, it's the name that others name."""
    on_behalf_of: str | None
    """The id of the person whom the caller acts for; None: the caller acts for itself."""
    request_id: str
    """Names the request in logs and in masked errors; it is never empty."""
    clients: frozenset[str] | None
    """The clients that the caller is bound to: it sees and changes nothing of others. None: it
    isn't bound."""
    scopes: Scopes = NO_SCOPES
    """What the caller may do."""
    expires_at: datetime | None = None
    """When the credentials end, aware and in UTC; None: they don't."""

    def in_request(self, request_id: str) -> "Caller":
        """The same caller in another request; `_replace` would take several times as long."""
        return Caller(self[0], self[1], self[2], request_id, *self[4:])

    @property
    def identity(self) -> "Caller":
        """Who the caller is, without what it may do or see, as the log has it."""
        return Caller(self.kind, self.id, self.on_behalf_of, self.request_id, clients=None)

    @property
    def is_authenticated(self) -> bool:
        """Whether credentials name the caller."""
        return self.kind in _AUTHENTICATED

    @property
    def person(self) -> str | None:
        """The id of the person who acts, or for whom the caller acts; None where there is none."""
        return self.id if self.kind is CallerKind.USER else self.on_behalf_of


_AUTHENTICATED = frozenset({CallerKind.USER, CallerKind.SERVICE, CallerKind.AGENT})


def local_operator(request_id: str) -> Caller:
    """The caller of requests without credentials, where a server takes these."""
    return Caller(CallerKind.OPERATOR, "local", None, request_id, None, ALL_SCOPES)


def system(id: str, request_id: str) -> Caller:
    """The caller for work of the server itself; the id names the part of the server."""
    return Caller(CallerKind.SYSTEM, id, None, request_id, None, ALL_SCOPES)
