"""Webhooks: events of the log become deliveries, and deliveries are attempted until they arrive.

Everything that waits is a row. A process claims rows that are due, sends them outside of any
transaction, and stores what came of it; what it doesn't come to tell is due again when the lease
ends, for whichever process asks first.
"""

import asyncio
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from domain.callers import system
from domain.errors import DomainError
from domain.sources import Clock, utc_now
from domain.webhooks import Claim, Outcome, after_attempt, decide
from orchestration.payloads import delivery_of, events_of
from repositories.deadlines import set_deadline
from repositories.lazy import lazy
from repositories.unit_of_work import Storage, UnitOfWork

_CALLER: Final = system("webhooks", "webhooks")
_EVENTS_AT_ONCE: Final = 50
"""Of how many events the deliveries are made in one transaction."""
_REMOVED_AT_ONCE: Final = 500
_STORAGE_SECONDS: Final = 10.0
"""How long storage may take for one part of a turn, or for one endpoint."""
_CLEANING_PAUSE: Final = 600.0
_GRACE: Final = 3.0
"""How long attempts under way may take, in seconds, when the process ends."""
_LONGEST_PAUSE: Final = 30.0
"""How long to wait, in seconds, after storage wasn't to be had several times."""
_MOST_DOUBLINGS: Final = 10
"""How often a pause is doubled, so that it stays a number however long an outage is."""

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
        self._failing: set[str] = set()
        """Endpoints for which storage failed the last time."""
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
                    pause = self._pace.poll * 2 ** min(failures, _MOST_DOUBLINGS)
                    await self._wait(min(pause, _LONGEST_PAUSE))
        finally:
            await self._end()

    def stop(self) -> None:
        """Let `run` end. Cancelling it would be forgotten where it meets a commit."""
        self._stopping.set()

    async def step(self) -> bool:
        """One turn of everything; whether there may be more to do at once."""
        # Leases run: what storage needs for new deliveries comes after what it needs for attempts.
        has_completed = await self.complete()
        has_claimed = await self.claim()
        has_planned = await self.plan()
        await self._clean()
        return has_completed or has_claimed or has_planned

    async def plan(self) -> bool:
        """Make deliveries of events that have come; whether any were made, or there are more."""
        set_deadline(_STORAGE_SECONDS)
        async with self._repositories.read() as snapshot:
            position = await snapshot.events.last_position()
            behind = await snapshot.webhooks.behind(position)
        made = [await self._for(endpoint_id, self._plan_for(endpoint_id)) for endpoint_id in behind]
        return any(made)

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

        set_deadline(_STORAGE_SECONDS)
        claims = await self._repositories.write(work)
        for claim in claims:
            self._attempts[asyncio.create_task(self._attempt(claim))] = claim
        return len(claims) == limit

    async def complete(self, seconds: float = _STORAGE_SECONDS) -> bool:
        """Store what came of the attempts that have ended; whether any of it was stored.

        Storage may take `seconds` for each endpoint. What it didn't take is left for the next call.
        """
        of_endpoint: defaultdict[str, list[asyncio.Task[Outcome]]] = defaultdict(list)
        for task, claim in self._attempts.items():
            if task.done():
                of_endpoint[claim.endpoint_id].append(task)
        stored = [
            await self._for(endpoint_id, self._complete_for(endpoint_id, tasks), seconds)
            for endpoint_id, tasks in of_endpoint.items()
        ]
        return any(stored)

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
            new = []
            for event in page.items:
                new.append(delivery_of(event, unit.new_key("delivery")))
                await asyncio.sleep(0)  # payloads may be large, and requests are waiting
            await unit.webhooks.add(endpoint_id, new, await self._now(unit))
            await unit.webhooks.update(replace(endpoint, position=page.position))
            return bool(new) or page.has_more

        return await self._repositories.write(work)

    async def _complete_for(self, endpoint_id: str, tasks: Sequence[asyncio.Task[Outcome]]) -> bool:
        outcomes = [(self._attempts[task], task.result()) for task in tasks]

        async def work(unit: UnitOfWork) -> None:
            stored = endpoint = await unit.webhooks.get_for_update(endpoint_id)
            if stored is None or endpoint is None:
                return
            now = await self._now(unit)
            for claim, outcome in outcomes:
                decision = decide(outcome, claim.failures, now, self._jitter())
                if await unit.webhooks.complete(claim, outcome, decision, now):
                    endpoint = after_attempt(endpoint, claim.url, outcome, decision, now)
            if endpoint != stored:
                await unit.webhooks.update(endpoint)

        await self._repositories.write(work)
        for task in tasks:
            del self._attempts[task]
        return True

    async def _for(
        self, endpoint_id: str, work: Awaitable[bool], seconds: float = _STORAGE_SECONDS
    ) -> bool:
        """What the work gives; False where storage fails, since other endpoints don't wait."""
        set_deadline(seconds)
        try:
            result = await work
        except DomainError as error:
            if endpoint_id not in self._failing:
                log.warning("webhooks to the endpoint %s have to wait: %s", endpoint_id, error)
            self._failing.add(endpoint_id)
            return False
        self._failing.discard(endpoint_id)
        return result

    async def _attempt(self, claim: Claim) -> Outcome:
        """What came of it, also where a bug of the sender's ended it."""
        began_at, began = (self._clock or utc_now)(), self._loop_time()
        try:
            sender = self._sender
            self._has_sent = True
            return await sender.send(claim)
        except Exception:
            log.exception("unexpected error of an attempt")
            duration_ms = round((self._loop_time() - began) * 1_000)
            error = "The server failed to make the attempt."
            return Outcome(began_at=began_at, duration_ms=duration_ms, error=error)

    async def _clean(self) -> None:
        """Remove, now and then, what ended long ago."""
        if self._loop_time() < self._clean_at:
            return

        async def work(unit: UnitOfWork) -> int:
            before = await self._now(unit) - timedelta(seconds=self._pace.retention)
            return await unit.webhooks.remove_finished(before, _REMOVED_AT_ONCE)

        set_deadline(_STORAGE_SECONDS)
        if await self._repositories.write(work) < _REMOVED_AT_ONCE:
            self._clean_at = self._loop_time() + _CLEANING_PAUSE

    async def _wait(self, seconds: float) -> None:
        """Until an attempt has ended, `stop` is called, or so many seconds have passed."""
        stopped = asyncio.create_task(self._stopping.wait())
        waiting = {stopped, *(task for task in self._attempts if not task.done())}
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()

    @lazy
    def _sender(self) -> Sender:
        return self._new_sender()

    async def _end(self) -> None:
        """Store what attempts have led to that end soon. Others are repeated after their leases."""
        try:
            if self._attempts:
                await asyncio.wait(self._attempts, timeout=_GRACE)
                await self.complete(_GRACE)
        finally:
            for task in self._attempts:
                task.cancel()
            await asyncio.gather(*self._attempts, return_exceptions=True)
            if self._has_sent:
                await self._sender.close()

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    async def _now(self, unit: UnitOfWork) -> datetime:
        return await unit.webhooks.time(unit.now) if self._clock is None else self._clock()
