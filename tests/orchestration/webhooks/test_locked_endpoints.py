"""An endpoint that is locked, or fails, makes no other one wait."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from domain.errors import TimedOut
from domain.webhooks import DeliveryState
from orchestration import webhooks
from orchestration.webhooks import Dispatcher
from repositories.webhooks.database import DatabaseWebhookRepository
from repositories.webhooks.memory import MemoryWebhookRepository
from tests import builders as build
from tests.support.patience import SECONDS
from tests.support.webhook_system import System


class Locks:
    """Changes what locking an endpoint does: it fails, waits, or finds that another has it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def fail(self, endpoint_id: str) -> None:
        async def fail() -> bool:
            raise TimedOut

        self._meet(endpoint_id, fail)

    def are_taken(self, endpoint_id: str) -> None:
        async def is_free() -> bool:
            return False

        self._meet(endpoint_id, is_free)

    def stop(self) -> None:
        self._patch.undo()

    def _meet(self, endpoint_id: str, is_free: Callable[[], Awaitable[bool]]) -> None:
        for repository in (DatabaseWebhookRepository, MemoryWebhookRepository):
            self._patch.setattr(repository, "lock", _met(repository.lock, endpoint_id, is_free))


def _met(lock: Any, met: str, is_free: Callable[[], Awaitable[bool]]) -> Any:
    async def lock_others(it: Any, endpoint_ids: Sequence[str]) -> Any:
        if met not in endpoint_ids or await is_free():
            return await lock(it, endpoint_ids)
        return await lock(it, [key for key in endpoint_ids if key != met])

    return lock_others


@pytest.fixture
def locks(monkeypatch: pytest.MonkeyPatch) -> Locks:
    return Locks(monkeypatch)


async def test_endpoints_do_not_wait_for_one_whose_events_can_not_be_read(
    system: System, caplog: pytest.LogCaptureFixture, locks: Locks
) -> None:
    dispatcher = system.another(poll=0)
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a")
    await system.storage.sequence_events()
    locks.fail("one")

    await dispatcher.settle()
    await dispatcher.settle()

    assert [claim.endpoint_id for claim in system.sent.claims] == ["two"]
    [message] = caplog.messages
    assert message.startswith("webhooks to the endpoint one have to wait: ")
    locks.stop()
    await dispatcher.settle()
    assert [claim.endpoint_id for claim in system.sent.claims] == ["two", "one"]


async def test_an_endpoint_whose_events_could_not_be_read_is_left_alone_for_a_while(
    system: System, locks: Locks
) -> None:
    dispatcher = system.another(poll=3_600)
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    locks.fail("endpoint-1")
    await dispatcher.settle()
    locks.stop()

    await dispatcher.settle()

    assert system.sent.claims == []


async def test_endpoints_do_not_wait_for_one_whose_events_take_long(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_PATIENCE", 0)
    plan_for = Dispatcher._plan_for
    go_on = asyncio.Event()

    async def take_long(it: Dispatcher, endpoint_id: str) -> bool:
        if endpoint_id == "one":
            await go_on.wait()
        return await plan_for(it, endpoint_id)

    monkeypatch.setattr(Dispatcher, "_plan_for", take_long)
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a")
    dispatcher = system.another(poll=0)
    running = asyncio.create_task(dispatcher.run())
    await system.storage.sequence_events()
    async with asyncio.timeout(SECONDS):
        while not system.sent.claims:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert [claim.endpoint_id for claim in system.sent.claims] == ["two"]

    go_on.set()
    async with asyncio.timeout(SECONDS):
        while len(system.sent.claims) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)

    dispatcher.stop()
    await running
    assert [claim.endpoint_id for claim in system.sent.claims] == ["two", "one"]


async def test_outcomes_of_endpoints_that_another_has_locked_are_stored_later(
    system: System, locks: Locks
) -> None:
    await system.endpoint("one")
    await system.endpoint("two")
    await system.save("a")
    await system.storage.sequence_events()
    system.sent.respond = lambda _: build.outcome(500)
    await system.dispatcher.plan()
    await system.dispatcher.claim()
    await system.attempts_end()
    locks.are_taken("one")

    assert await system.dispatcher.complete()
    assert [claim.endpoint_id for claim in system.dispatcher.under_way] == ["one"]
    assert not await system.dispatcher.complete()

    locks.stop()
    assert await system.dispatcher.complete()
    assert system.dispatcher.under_way == []
    assert [delivery.attempt_count for delivery in await system.deliveries()] == [1, 1]


async def test_outcomes_that_can_not_be_stored_are_kept_for_the_next_time(
    system: System, locks: Locks
) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    await system.dispatcher.plan()
    await system.dispatcher.claim()
    await system.attempts_end()
    locks.fail("endpoint-1")
    with pytest.raises(TimedOut):
        await system.dispatcher.complete()
    locks.stop()

    await system.settle()

    assert len(system.sent.claims) == 1
    assert await system.states() == [DeliveryState.DELIVERED]
