"""Limits of connections, of all clients and of one address, and of open streams, of all clients and
of one caller."""

import resource
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from domain.callers import Caller, CallerKind
from schema.errors import TopLevelCode
from server.proxies import Proxies
from server.requests import RequestRefused, at_capacity

_MAX_FILES: Final = 65_536
"""The most files that the process asks for; some systems have no limit of their own."""
_OTHER_FILES: Final = 128
"""Files other than clients' connections: listening sockets, the database, logs, libraries."""

_SUBSCRIBE_AGAIN_SECONDS: Final = 5
"""After how long to try again, though nobody knows when the caller ends a subscription."""


class ConnectionLimiter:
    """Counts connections in total and by client address; `exempt` addresses only in total."""

    def __init__(
        self,
        limit: int = _MAX_FILES,
        client_limit: int = _MAX_FILES,
        exempt: Sequence[str] = (),
    ) -> None:
        self._limit = limit
        self._client_limit = client_limit
        self._exempt = Proxies(exempt)
        self._in_use = Counter[str]()
        self.total = 0

    def acquire(self, address: str) -> str | None:
        """Count one more connection. Returns the reason when the limit is reached."""
        if self.total >= self._limit:
            return f"There are {self._limit:,} open connections already"
        if self._in_use[address] >= self._client_limit and not self._exempt.include(address):
            return f"There are {self._client_limit:,} open connections of this address already"
        self._in_use[address] += 1
        self.total += 1
        return None

    def release(self, address: str) -> None:
        self.total -= 1
        self._in_use[address] -= 1
        if not self._in_use[address]:
            del self._in_use[address]


class StreamSlots:
    """Counts open streams, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.in_use = 0

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Holds a slot while it is entered. Raises RequestRefused when none is free."""
        if self.in_use >= self._limit:
            raise at_capacity(f"There are {self._limit:,} open streams already")
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1


class SubscriptionSlots:
    """Counts the subscriptions of each caller, up to a limit. The operator may have any number."""

    def __init__(self, limit: int) -> None:
        """A limit of 0 is none."""
        self._limit = limit
        self._in_use = Counter[tuple[str | None, ...]]()

    @property
    def total(self) -> int:
        """How many are held, of all callers that are counted."""
        return self._in_use.total()

    def acquire(self, caller: Caller) -> None:
        """Hold a slot of the caller until it's released. Raises RequestRefused when none is free.

        Whatever credentials it uses, a caller is the same by its kind, its id and its person.
        """
        if self._is_exempt(caller):
            return
        key = caller[:3]
        if self._in_use[key] >= self._limit:
            raise RequestRefused(
                429,
                f"You follow as much as a caller may, {self._limit:,} subscriptions at once; "
                "end one, or try again later.",
                code=TopLevelCode.RATE_LIMITED,
                headers={"Retry-After": str(_SUBSCRIBE_AGAIN_SECONDS)},
                extensions={"retryAfter": _SUBSCRIBE_AGAIN_SECONDS},
            )
        self._in_use[key] += 1

    def release(self, caller: Caller) -> None:
        if self._is_exempt(caller):
            return
        key = caller[:3]
        self._in_use[key] -= 1
        if not self._in_use[key]:
            del self._in_use[key]

    def _is_exempt(self, caller: Caller) -> bool:
        return not self._limit or caller.kind is CallerKind.OPERATOR


def raise_file_limit() -> int:
    """Raise the limit of open files as far as the system allows, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _MAX_FILES if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # some systems refuse a limit that they report as allowed
        return soft
    return wanted


def connections_within(files: int, other_files: int) -> int:
    """The number of connections that so many files allow, beside all other files."""
    return max(files - _OTHER_FILES - other_files, 1)
