"""Webhooks: events of the log become deliveries, and deliveries are attempted until they arrive.

Everything that waits is a row. A process claims rows that are due, sends them outside of any
transaction, and stores what came of it; what it doesn't come to tell is due again when the lease
ends, for whichever process asks first.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple, Protocol

from domain.callers import system
from domain.errors import AnswerTooLarge, DomainError
from domain.sources import Clock, utc_now
from domain.webhooks import (
    Claim,
    EndedAttempt,
    Outcome,
    WebhookEndpoint,
    after_attempt,
    decide,
)
from orchestration.payloads import delivery_of, events_of
from repositories.answer_size import UNLIMITED, limit_answer
from repositories.deadlines import set_deadline
from repositories.lazy import lazy
from repositories.unit_of_work import Storage, UnitOfWork

_CALLER: Final = system("webhooks", "webhooks")
_EVENTS_AT_ONCE: Final = 200
"""Of how many events the deliveries are made in one transaction, at most."""
_STATES_AT_ONCE: Final = 4_000_000
"""How many bytes the entities in these events may take; it's fewer events where they take more."""
_CHARACTERS_AT_ONCE: Final = 256 * 1024
"""After so many characters of payloads other tasks have a turn. It isn't after each payload, since
all writers wait meanwhile on SQLite."""
_PLANNERS: Final = 2
"""For how many endpoints deliveries are made at once."""
_PATIENCE: Final = 1.0
"""How long the others wait, in seconds, for an endpoint of which deliveries are made."""
_QUICK_MILLISECONDS: Final = 1_000
"""An endpoint is quick where a successful attempt took no longer."""
_REMOVED_AT_ONCE: Final = 500
_STORAGE_SECONDS: Final = 10.0
"""How long storage may take for one part of the work, or for the events of one endpoint."""
_CLEANING_PAUSE: Final = 600.0
_GRACE: Final = 3.0
"""How long attempts under way may take, in seconds, when the process ends."""
_LONGEST_PAUSE: Final = 30.0
"""How long to wait, in seconds, after storage wasn't to be had several times."""
_MAX_DOUBLINGS: Final = 10
"""How often a pause is doubled, so that it stays a number however long an outage is."""

log = logging.getLogger("aicmo.webhooks")


class Sender(Protocol):
    """Makes attempts outside of any transaction. It never raises because of a receiver."""

    async def send(self, claim: Claim) -> Outcome: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much is done at once, and how long things are waited for, in seconds."""

    concurrency: int = 100
    """How many attempts may be under way. Twice as many deliveries may be claimed."""
    per_endpoint: int = 10
    """How many deliveries of one endpoint may be claimed, about, so that others have a turn.

    An endpoint that answers quickly may have three quarters of all.
    """
    poll: float = 1.0
    """How long nothing is looked for after nothing was found."""
    lease: float = 60.0
    """How long nobody else attempts what was claimed: longer than two attempts take, one after the
    other."""
    retention: float = 30 * 86_400.0
    """How long deliveries are kept after they ended."""

    @property
    def claims(self) -> int:
        """How many deliveries may be claimed: attempts don't wait for claims to be stored."""
        return 2 * self.concurrency

    @property
    def claims_of_quick(self) -> int:
        return max(self.claims * 3 // 4, self.per_endpoint)


Part = Callable[[], Awaitable[bool]]
"""A part of the work; whether there may be more of it to do at once."""


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
        self._repositories = storage.as_(_CALLER)
        self._new_sender = new_sender
        self._pace = pace or Pace()
        self._clock = clock
        self._jitter = jitter
        self._attempts: dict[asyncio.Task[Outcome], Claim] = {}
        self._quick: set[str] = set()
        """Endpoints whose last attempt succeeded quickly."""
        self._has_sent = False
        self._events_at_once = _EVENTS_AT_ONCE
        self._planning: dict[str, asyncio.Task[bool]] = {}
        self._waiting: Collection[str] = ()
        """Endpoints that others, or deliveries that are made, had locked when attempts were to be
        stored."""
        self._failing: dict[str, _Failing] = {}
        """Endpoints whose events could not be read the last time, or become deliveries."""
        self._outages: set[str] = set()
        """Parts that storage failed the last time."""
        self._stopping = asyncio.Event()
        self._has_ended = asyncio.Event()
        """An attempt has."""
        self._may_be_due = asyncio.Event()
        """Deliveries were made, or others have ended."""
        self._may_be_behind = asyncio.Event()
        """Endpoints aren't locked any more by what stored their attempts."""
        self._clean_at = 0.0

    async def run(self) -> None:
        """Go on until told to stop. What attempts have led to that end soon is still stored.

        Leases run: so no part of the work waits for another.
        """
        try:
            await asyncio.gather(
                self._repeat("complete", self.complete, self._has_ended),
                self._repeat("claim", self.claim, self._may_be_due),
                self._repeat("plan", self.plan, self._may_be_behind),
                self._repeat("clean", self.clean),
            )
        finally:
            await self._end()

    def stop(self) -> None:
        """Let `run` end. Cancelling it would be forgotten where it meets a commit."""
        for event in (
            self._stopping,
            self._has_ended,
            self._may_be_due,
            self._may_be_behind,
        ):
            event.set()

    async def step(self) -> bool:
        """Each part of the work once; whether there may be more to do at once."""
        parts = (self.complete, self.claim, self.plan, self.clean)
        return any([await part() for part in parts])

    async def plan(self) -> bool:
        """Make deliveries of events that have come; whether any were made, or there are more.

        An endpoint for which this takes long is left to itself. One for which attempts are to be
        stored has to wait: both need its lock, and leases run.
        """
        set_deadline(_STORAGE_SECONDS)
        async with self._repositories.read() as snapshot:
            position = await snapshot.events.last_position()
            behind = await snapshot.webhooks.behind(position)
        begun = {
            endpoint_id: asyncio.create_task(self._plan_for(endpoint_id))
            for endpoint_id in behind
            if self._may_be_planned(endpoint_id)
        }
        if not begun:
            return False
        for endpoint_id, task in begun.items():
            self._planning[endpoint_id] = task
            task.add_done_callback(partial(self._forget_plan, endpoint_id))
        done, _ = await asyncio.wait(begun.values(), timeout=_PATIENCE)
        return any(task.result() for task in done)

    async def claim(self) -> bool:
        """Begin attempts of what is due; whether there may be more."""
        pace = self._pace
        room = pace.claims - len(self._attempts)
        if room <= 0:
            return False
        claimed = Counter(claim.endpoint_id for claim in self._attempts.values())
        quick = [key for key in self._quick if claimed[key] < pace.claims_of_quick]
        busy = [key for key, count in claimed.items() if count >= pace.per_endpoint]
        lease = timedelta(seconds=pace.lease)

        async def work(unit: UnitOfWork) -> tuple[Sequence[Claim], bool]:
            now = await self._now(unit)
            found = await unit.webhooks.claim(
                room, lease, now, of_each=pace.per_endpoint, excluded=[*self._quick, *busy]
            )
            is_full = len(found) == room
            if quick and not is_full:
                limit = min(room - len(found), pace.claims_of_quick)
                more = await unit.webhooks.claim(limit, lease, now, only=quick)
                found, is_full = [*found, *more], len(more) == limit
            return found, is_full

        set_deadline(_STORAGE_SECONDS)
        claims, may_be_more = await self._repositories.write(work)
        for claim in claims:
            attempt = asyncio.create_task(self._attempt(claim))
            attempt.add_done_callback(lambda _: self._has_ended.set())
            self._attempts[attempt] = claim
        return may_be_more

    async def complete(self, seconds: float = _STORAGE_SECONDS) -> bool:
        """Store what came of the attempts that have ended; whether any of it was stored.

        Storage may take `seconds`. What belongs to endpoints that others have locked is left for
        the next call.
        """
        ended = {task: claim for task, claim in self._attempts.items() if task.done()}
        if not ended:
            return False
        keys = list(dict.fromkeys(claim.endpoint_id for claim in ended.values()))

        async def work(unit: UnitOfWork) -> tuple[Collection[str], Collection[str]]:
            locked = await unit.webhooks.lock(keys)
            now = await self._now(unit)
            attempts = [
                self._decided(claim, task.result(), now)
                for task, claim in ended.items()
                if claim.endpoint_id in locked
            ]
            kept = await unit.webhooks.complete(attempts, now)
            for endpoint in _changed_by(kept, locked, now):
                await unit.webhooks.update(endpoint)
            if left := [key for key in keys if key not in locked]:
                return locked, await unit.webhooks.endpoints(left)
            return locked, ()

        set_deadline(seconds)
        locked, left = await self._repositories.write(work)
        self._waiting = {*left}
        self._may_be_behind.set()
        for task, claim in ended.items():
            if claim.endpoint_id in left:
                continue
            del self._attempts[task]
            is_quick = claim.endpoint_id in locked and _is_quick(task.result())
            (self._quick.add if is_quick else self._quick.discard)(claim.endpoint_id)
        self._may_be_due.set()
        return len(left) < len(keys)

    async def clean(self) -> bool:
        """Remove, now and then, what ended long ago; whether there may be more of it."""
        if self._loop_time() < self._clean_at:
            return False

        async def work(unit: UnitOfWork) -> int:
            before = await self._now(unit) - timedelta(seconds=self._pace.retention)
            return await unit.webhooks.remove_finished(before, _REMOVED_AT_ONCE)

        set_deadline(_STORAGE_SECONDS)
        if await self._repositories.write(work) == _REMOVED_AT_ONCE:
            return True
        self._clean_at = self._loop_time() + _CLEANING_PAUSE
        return False

    @property
    def under_way(self) -> Sequence[Claim]:
        """What is claimed, and not stored yet."""
        return [*self._attempts.values()]

    async def settle(self) -> None:
        """Do all that can be done at this time. For tests, and for commands that end."""
        while await self.step() or self._attempts:
            if self._attempts:
                await asyncio.wait(self._attempts)

    # Parts of the work, again and again

    async def _repeat(self, name: str, part: Part, wake: asyncio.Event | None = None) -> None:
        """Do a part of the work until told to stop; at once when `wake` is set."""
        failures = 0
        while not self._stopping.is_set():
            is_busy = False
            if wake is not None:
                wake.clear()
            try:
                is_busy = await part()
                failures = 0
                self._outages.discard(name)
            except DomainError as error:
                failures += 1
                if not self._outages:
                    log.warning("webhooks have to wait: %s", error)
                self._outages.add(name)
            except Exception:
                failures += 1
                log.exception("unexpected error of webhooks")
            if is_busy:
                await asyncio.sleep(0)
            elif failures:
                await _wait(self._stopping, self._pause(failures))
            else:
                await _wait(wake or self._stopping, self._pace.poll)

    # Deliveries

    async def _plan_for(self, endpoint_id: str) -> bool:
        """Whether there may be more; False where storage fails."""
        async with self._planners:
            set_deadline(_STORAGE_SECONDS)
            at_once = self._events_at_once
            limit_answer(_STATES_AT_ONCE if at_once > 1 else UNLIMITED)
            try:
                has_more = await self._repositories.write(
                    lambda unit: self._make_deliveries(unit, endpoint_id, at_once)
                )
            except AnswerTooLarge:
                self._events_at_once = max(at_once // 4, 1)
                return True
            except DomainError as error:
                failing = self._failing.get(endpoint_id)
                if failing is None:
                    log.warning("webhooks to the endpoint %s have to wait: %s", endpoint_id, error)
                count = 1 if failing is None else failing.times + 1
                self._failing[endpoint_id] = _Failing(count, self._loop_time() + self._pause(count))
                return False
        self._events_at_once = min(at_once * 2, _EVENTS_AT_ONCE)
        self._failing.pop(endpoint_id, None)
        self._may_be_due.set()
        if endpoint_id in self._waiting:
            self._has_ended.set()
        return has_more

    async def _make_deliveries(self, unit: UnitOfWork, endpoint_id: str, at_once: int) -> bool:
        endpoint = (await unit.webhooks.lock([endpoint_id])).get(endpoint_id)
        if endpoint is None or not endpoint.enabled:
            return False
        page = await unit.events.page(endpoint.position, at_once, events_of(endpoint))
        new, characters = [], 0
        for event in page.items:
            new.append(delivery_of(event, unit.new_key("delivery")))
            characters += len(new[-1].payload)
            if characters > _CHARACTERS_AT_ONCE:
                characters = 0
                await asyncio.sleep(0)  # requests are waiting
        await unit.webhooks.add(endpoint_id, new, await self._now(unit))
        await unit.webhooks.update(replace(endpoint, position=page.position))
        return bool(new) or page.has_more

    def _pause(self, failures: int) -> float:
        doubled: float = self._pace.poll * 2 ** min(failures, _MAX_DOUBLINGS)
        return min(doubled, _LONGEST_PAUSE)

    def _may_be_planned(self, endpoint_id: str) -> bool:
        if endpoint_id in self._planning or endpoint_id in self._waiting:
            return False
        failing = self._failing.get(endpoint_id)
        return failing is None or failing.until <= self._loop_time()

    def _forget_plan(self, endpoint_id: str, _: asyncio.Task[bool]) -> None:
        del self._planning[endpoint_id]

    # Attempts

    async def _attempt(self, claim: Claim) -> Outcome:
        """What came of it, also where a bug of the sender's ended it."""
        async with self._senders:
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

    def _decided(self, claim: Claim, outcome: Outcome, now: datetime) -> EndedAttempt:
        decision = decide(outcome, claim.failures, now, self._jitter())
        return EndedAttempt(claim=claim, outcome=outcome, decision=decision)

    @lazy
    def _sender(self) -> Sender:
        return self._new_sender()

    @lazy
    def _senders(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self._pace.concurrency)

    @lazy
    def _planners(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(_PLANNERS)

    async def _end(self) -> None:
        """Store what attempts have led to that end soon. Others are repeated after their leases."""
        try:
            if self._attempts:
                await asyncio.wait(self._attempts, timeout=_GRACE)
                await self.complete(_GRACE)
        finally:
            tasks = [*self._attempts, *self._planning.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._has_sent:
                await self._sender.close()

    def _loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    async def _now(self, unit: UnitOfWork) -> datetime:
        return await unit.webhooks.time(unit.now) if self._clock is None else self._clock()


class _Failing(NamedTuple):
    """How often in succession it failed, and until when it's left alone."""

    times: int
    until: float


def _is_quick(outcome: Outcome) -> bool:
    return outcome.is_success and outcome.duration_ms <= _QUICK_MILLISECONDS


def _changed_by(
    attempts: Sequence[EndedAttempt], stored: Mapping[str, WebhookEndpoint], now: datetime
) -> Sequence[WebhookEndpoint]:
    """The endpoints that the attempts have changed."""
    endpoints = dict(stored)
    for it in attempts:
        endpoint = endpoints[it.claim.endpoint_id]
        endpoints[it.claim.endpoint_id] = after_attempt(
            endpoint, it.claim.url, it.outcome, it.decision, now
        )
    return [endpoint for key, endpoint in endpoints.items() if endpoint != stored[key]]


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until it's set, or so many seconds have passed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
