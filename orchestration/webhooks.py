"""Webhooks: events of the log become deliveries, and deliveries are attempted until they arrive.

Everything that waits is a row. A process claims rows that are due, sends them outside of any
transaction, and stores what came of it; what it doesn't come to tell is due again when the lease
ends, for whichever process asks first.
"""

import asyncio
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.callers import system
from domain.errors import DomainError
from domain.sources import Clock
from domain.webhooks import Claim, Outcome, after_attempt, decide
from orchestration.payloads import delivery_of, events_of
from repositories.deadlines import set_deadline
from repositories.lazy import lazy
from repositories.unit_of_work import Storage, UnitOfWork

_CALLER: Final = system("webhooks", "webhooks")
_EVENTS_AT_ONCE: Final = 50
"""Of how many events the deliveries are made in one transaction."""
_REMOVED_AT_ONCE: Final = 500
_STEP_SECONDS: Final = 30.0
"""How long storage may take for one turn of everything."""
_CLEANING_PAUSE: Final = 600.0
_GRACE: Final = 3.0
"""How long attempts under way may take, in seconds, when the process ends."""
_LONGEST_PAUSE: Final = 30.0
"""How long to wait, in seconds, after storage wasn't to be had several times."""

log = logging.getLogger("aicmo.webhooks")


class Sender(Protocol):
    """Makes attempts outside of any transaction. It never raises because of a receiver."""

    async def send(self, claim: Claim) -> Outcome: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is done at once, and how long things are waited for, in seconds."""

    concurrency: int = 50
    """How many attempts may be under way."""
    per_endpoint: int = 10
    """To how many of them one endpoint is limited, about, so that others have a turn."""
    poll: float = 1.0
    """How long nothing is looked for after nothing was found."""
    lease: float = 60.0
    """How long nobody else attempts what was claimed: longer than an attempt takes."""
    retention: float = 30 * 86_400.0
    """How long deliveries are kept after they ended."""


class Dispatcher:
    """Makes deliveries from the log, and attempts those that are due.

    Any number of processes may have one, for the same storage.
    """

    def __init__(
        self,
        storage: Storage,
        new_sender: Callable[[], Sender],
        pace: Pace | None = None,
        *,
        clock: Clock | None = None,
        jitter: Callable[[], float] = lambda: random.uniform(-1, 1),  # noqa: S311
    ) -> None:
        """`clock` takes the place of the database's. The sender is made for the first attempt."""
        self._storage = storage
        self._repositories = storage.as_(_CALLER)
        self._new_sender = new_sender
        self._pace = pace or Pace()
        self._clock = clock
        self._jitter = jitter
        self._attempts: dict[asyncio.Task[Outcome], Claim] = {}
        self._has_sent = False
        self._stopping = asyncio.Event()
        self._clean_at = 0.0

    async def run(self) -> None:
        """Go on until told to stop. What attempts have led to that end soon is still stored."""
        failures = 0
        try:
            while not self._stopping.is_set():
                try:
                    is_busy = await self.step()
                    failures = 0
                except DomainError as error:
                    is_busy = False
                    failures += 1
                    if failures == 1:
                        log.warning("webhooks have to wait: %s", error)
                except Exception:
                    is_busy = False
                    failures += 1
                    log.exception("unexpected error of webhooks")
                if is_busy:
                    await asyncio.sleep(0)
                else:
                    await self._wait(min(self._pace.poll * 2**failures, _LONGEST_PAUSE))
        finally:
            await self._end()

    def stop(self) -> None:
        """Let `run` end. Cancelling it would be forgotten where it meets a commit."""
        self._stopping.set()

    async def step(self) -> bool:
        """One turn of everything; whether there may be more to do at once."""
        set_deadline(_STEP_SECONDS)
        has_planned = await self.plan()
        has_completed = await self.complete()
        has_claimed = await self.claim()
        await self._clean()
        return has_planned or has_completed or has_claimed

    async def plan(self) -> bool:
        """Make deliveries of events that have come; whether there are more."""
        async with self._repositories.read() as snapshot:
            position = await snapshot.events.last_position()
            behind = await snapshot.webhooks.behind(position)
        more = [await self._plan_for(endpoint_id) for endpoint_id in behind]
        return any(more)

    async def claim(self) -> bool:
        """Begin attempts of what is due; whether there may be more."""
        limit = min(self._pace.concurrency - len(self._attempts), self._pace.per_endpoint)
        if limit <= 0:
            return False
        under_way = Counter(claim.endpoint_id for claim in self._attempts.values())
        busy = [key for key, count in under_way.items() if count >= self._pace.per_endpoint]
        lease = timedelta(seconds=self._pace.lease)

        async def work(unit: UnitOfWork) -> Sequence[Claim]:
            return await unit.webhooks.claim(limit, lease, await self._now(unit), busy)

        claims = await self._repositories.write(work)
        for claim in claims:
            self._has_sent = True
            self._attempts[asyncio.create_task(self._sender.send(claim))] = claim
        return len(claims) == limit

    async def complete(self) -> bool:
        """Store what came of the attempts that have ended; whether there were any."""
        ended = [task for task in self._attempts if task.done()]
        of_endpoint: defaultdict[str, list[tuple[Claim, Outcome]]] = defaultdict(list)
        for task in ended:
            claim = self._attempts[task]
            of_endpoint[claim.endpoint_id].append((claim, task.result()))
        for endpoint_id, outcomes in of_endpoint.items():
            await self._complete_for(endpoint_id, outcomes)
        for task in ended:
            del self._attempts[task]
        return bool(ended)

    @property
    def under_way(self) -> Sequence[Claim]:
        """What is being attempted."""
        return [*self._attempts.values()]

    async def settle(self) -> None:
        """Do all that can be done at this time. For tests, and for commands that end."""
        while await self.step() or self._attempts:
            if self._attempts:
                await asyncio.wait(self._attempts)

    async def _plan_for(self, endpoint_id: str) -> bool:
        async def work(unit: UnitOfWork) -> bool:
            endpoint = await unit.webhooks.get_for_update(endpoint_id, skip_locked=True)
            if endpoint is None or not endpoint.enabled:
                return False
            page = await unit.events.page(endpoint.position, _EVENTS_AT_ONCE, events_of(endpoint))
            new = [delivery_of(event, unit.new_key("delivery")) for event in page.items]
            await unit.webhooks.add(endpoint_id, new, await self._now(unit))
            await unit.webhooks.update(replace(endpoint, position=page.position))
            return page.has_more

        return await self._repositories.write(work)

    async def _complete_for(
        self, endpoint_id: str, outcomes: Sequence[tuple[Claim, Outcome]]
    ) -> None:
        async def work(unit: UnitOfWork) -> None:
            stored = endpoint = await unit.webhooks.get_for_update(endpoint_id)
            if stored is None or endpoint is None:
                return
            now = await self._now(unit)
            for claim, outcome in outcomes:
                decision = decide(outcome, claim.failures, now, self._jitter())
                if await unit.webhooks.complete(claim, outcome, decision, now):
                    endpoint = after_attempt(endpoint, outcome, decision, now)
            if endpoint != stored:
                await unit.webhooks.update(endpoint)

        await self._repositories.write(work)

    async def _clean(self) -> None:
        """Remove, now and then, what ended long ago."""
        if self._loop_time() < self._clean_at:
            return

        async def work(unit: UnitOfWork) -> int:
            before = await self._now(unit) - timedelta(seconds=self._pace.retention)
            return await unit.webhooks.remove_finished(before, _REMOVED_AT_ONCE)

        if await self._repositories.write(work) < _REMOVED_AT_ONCE:
            self._clean_at = self._loop_time() + _CLEANING_PAUSE

    async def _wait(self, seconds: float) -> None:
        """Until an attempt has ended, `stop` is called, or so many seconds have passed."""
        stopped = asyncio.create_task(self._stopping.wait())
        waiting = {stopped, *self._attempts}
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()

    @lazy
    def _sender(self) -> Sender:
        return self._new_sender()

    async def _end(self) -> None:
        """Store what attempts have led to that end soon. Others are repeated after their leases."""
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=_GRACE)
            with suppress(DomainError):
                await self.complete()
        for task in self._attempts:
            task.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        if self._has_sent:
            await self._sender.close()

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    async def _now(self, unit: UnitOfWork) -> datetime:
        return await unit.webhooks.time(unit.now) if self._clock is None else self._clock()
