"""Jobs: what is to be done without a request, each claimed by one server until a lease ends.

A queue has the jobs of one kind of work. Its rows are in a table of the module whose work it is;
this contract, and what carries it out on each storage, is the same for all queues.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from domain.callers import Caller, CallerKind
from domain.json_object import dumps
from domain.scopes import Scope


class Queue(StrEnum):
    TRANSFERS = "transfers"
    RUNS = "runs"


class Job(NamedTuple):
    """Work that one server may carry out, until its lease ends.

    Only who has the newest `token` may store what came of it.
    """

    key: str
    """The business key of what is carried out."""
    token: int
    caller: Caller
    """In whose name it's carried out."""
    failures: int
    """How often in succession a bug has ended it."""


class JobReads(Protocol):
    """Reading what there is to do."""

    async def has_due(self, now: datetime | None) -> bool:
        """Whether a job is due at this time; None: at the present one, PostgreSQL's."""
        ...


class JobQueue(JobReads, Protocol):
    """The work of one queue, inside a unit of work.

    Methods that take `now` take the time that `time` gave in the same unit of work.
    """

    async def time(self, now: datetime) -> datetime:
        """The present time: PostgreSQL's, since several servers may share it, or else `now`."""
        ...

    async def add(self, key: str, caller: Caller, now: datetime) -> None:
        """Have it carried out in the name of the caller, from now on."""
        ...

    async def claim(self, limit: int, lease: timedelta, now: datetime) -> Sequence[Job]:
        """Up to `limit` jobs that are due, those that are so for longest first.

        They are due again when the lease ends, unless it's renewed before. Those that others claim
        at this time aren't among them.
        """
        ...

    async def renew(self, job: Job, lease: timedelta, now: datetime | None, failures: int) -> bool:
        """Hold the job for so long from this time on; None: from the present one, PostgreSQL's.

        False where somebody has claimed it since, or it has ended. Nobody claims it before this
        unit of work ends.
        """
        ...

    async def release(self, job: Job, due_at: datetime | None, failures: int) -> None:
        """Let it be due at this time, or when it's woken, unless somebody has claimed it since."""
        ...

    async def wake(self, keys: Collection[str], now: datetime) -> int:
        """Let those of the jobs be due now that nobody holds; how many jobs have these keys.

        Who holds one of the others renews it only after this unit of work has ended, and then sees
        what it has stored.
        """
        ...

    async def remove(self, job: Job) -> bool:
        """End the job; False where somebody has claimed it since, or it has ended."""
        ...


def caller_as_json(caller: Caller) -> str:
    """The caller, with what it may do and see."""
    return dumps(
        {
            "kind": caller.kind.value,
            "id": caller.id,
            "onBehalfOf": caller.on_behalf_of,
            "requestId": caller.request_id,
            "clients": None if caller.clients is None else sorted(caller.clients),
            "scopes": sorted(caller.scopes),
        }
    )


def caller_of_json(text: str) -> Caller:
    """The caller; scopes that this version doesn't know are left out."""
    found = json.loads(text)
    known = {scope.value for scope in Scope}
    clients = found["clients"]
    return Caller(
        CallerKind(found["kind"]),
        found["id"],
        found["onBehalfOf"],
        found["requestId"],
        None if clients is None else frozenset(clients),
        frozenset(Scope(scope) for scope in found["scopes"] if scope in known),
    )
