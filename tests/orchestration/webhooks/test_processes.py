"""Several processes send webhooks, survive outages and bugs, and end."""

import asyncio

import pytest

from domain.errors import Unavailable
from domain.webhooks import Claim, DeliveryState, Outcome
from orchestration.webhooks import Dispatcher
from repositories.deadlines import set_deadline
from server.settings import load_settings
from server.webhooks import sending_webhooks
from tests.support.webhook_system import Sent, System


async def test_processes_share_the_work(system: System) -> None:
    await system.endpoint()
    await system.save(*(f"draft-{number}" for number in range(30)))
    await system.storage.sequence_events()
    other = Sent()

    async with asyncio.TaskGroup() as group:
        group.create_task(system.dispatcher.settle())
        group.create_task(system.another(other).settle())

    assert sorted(system.sent.events + other.events) == sorted(
        f"event-new-{number}" for number in range(1, 31)
    )


async def test_what_a_process_leaves_behind_is_taken_over(system: System) -> None:
    await system.endpoint()
    await system.save("a", "a")
    await system.storage.sequence_events()
    killed = system.another(Sent(), lease=60)
    await killed.plan()
    await killed.claim()

    await system.settle()
    assert system.sent.events == []
    system.clock.move(seconds=60)
    await system.settle()
    assert system.sent.events == ["event-new-1", "event-new-2"]

    # It wasn't killed after all, and comes too late.
    await killed.settle()
    assert [delivery.attempt_count for delivery in await system.deliveries()] == [1, 1]


async def test_a_process_that_ends_stores_what_its_attempts_have_led_to(system: System) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Sent):
        async def send(self, claim: Claim) -> Outcome:
            begun.set()
            await go_on.wait()
            return await super().send(claim)

    slow = Slow()
    dispatcher = system.another(slow)
    running = asyncio.create_task(dispatcher.run())
    await begun.wait()

    dispatcher.stop()
    asyncio.get_running_loop().call_soon(go_on.set)
    await running

    assert slow.is_closed
    assert await system.states() == [DeliveryState.DELIVERED]


class Turns:
    """Fails at each turn of making deliveries, and stops after some."""

    def __init__(self, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> None:
        self._dispatcher = dispatcher
        self.error: Exception = Unavailable("There is no database.")
        self.last = 1
        self.count = 0
        monkeypatch.setattr(dispatcher, "plan", self._turn)

    async def _turn(self) -> bool:
        self.count += 1
        if self.count == self.last:
            self._dispatcher.stop()
        raise self.error


async def test_an_outage_is_told_once_and_survived(
    system: System, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = system.another(poll=0)
    turns = Turns(dispatcher, monkeypatch)
    turns.last = 5

    await dispatcher.run()

    assert caplog.messages == ["webhooks have to wait: There is no database."]
    assert turns.count == 5


async def test_a_bug_does_not_end_all_deliveries(
    system: System, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher = system.another(poll=0)
    turns = Turns(dispatcher, monkeypatch)
    turns.error, turns.last = KeyError("bug"), 2

    await dispatcher.run()

    assert caplog.messages == ["unexpected error of webhooks"] * 2


async def test_an_outage_may_last(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    dispatcher = system.another(poll=0.0)
    turns = Turns(dispatcher, monkeypatch)
    turns.last = 1_100

    await dispatcher.run()

    assert turns.count == 1_100


async def test_the_end_has_a_deadline_of_its_own_and_closes_the_sender(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    dispatcher = system.another()
    await dispatcher.plan()
    await dispatcher.claim()
    set_deadline(-1)
    dispatcher.stop()

    await dispatcher.run()

    assert await system.states() == [DeliveryState.DELIVERED]
    assert system.sent.is_closed


async def test_a_sender_is_closed_even_where_the_end_fails(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.endpoint()
    await system.save("a")
    await system.storage.sequence_events()
    dispatcher = system.another()
    await dispatcher.plan()
    await dispatcher.claim()
    dispatcher.stop()

    async def complete(*_: object) -> bool:
        raise KeyError("bug")

    monkeypatch.setattr(dispatcher, "complete", complete)
    with pytest.raises(KeyError):
        await dispatcher.run()

    assert system.sent.is_closed


async def test_an_end_that_nobody_asked_for_is_logged(
    system: System, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(_: Dispatcher) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(Dispatcher, "run", run)
    async with sending_webhooks(system.storage, load_settings()):
        pass

    assert caplog.messages == ["webhooks are sent no more"]
