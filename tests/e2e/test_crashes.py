"""The server may be killed at any moment: what it acknowledged is there, and all of it is whole."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx
import pytest

from domain.history import Event
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from tests import builders as build
from tests import inputs
from tests.e2e.conftest import Start
from tests.support.graphql import GraphQLClient, Json
from tests.support.patience import SECONDS
from tests.support.servers import OverHttp

ROUNDS = 6
CLIENTS = 6


@dataclass(slots=True)
class Ledger:
    """What clients know of their packages: each save has a name, which all of its parts carry."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    answered: list[tuple[str, str]] = field(default_factory=list)
    unanswered: dict[str, str] = field(default_factory=dict)
    saves: int = 0

    async def save(self, api: GraphQLClient, key: str) -> None:
        self.saves += 1
        name = f"save-{self.saves}"
        self.unanswered[key] = name
        await api.do("saveDeliveryPackage", saving(key, name))
        self.acknowledged[key] = self.unanswered.pop(key)
        self.answered.append((key, name))

    def possible(self, key: str) -> set[str | None]:
        """What may be stored: the last save that was acknowledged, or one that came after it."""
        names = {self.acknowledged.get(key)}
        return names | {self.unanswered[key]} if key in self.unanswered else names

    async def settle(self, api: GraphQLClient) -> None:
        """Find what became of every save; fails unless it's one of the possible outcomes."""
        keys = sorted(self.acknowledged.keys() | self.unanswered.keys())
        stored = await stored_names(api, keys)
        for key in keys:
            assert stored.get(key) in self.possible(key), key
        self.acknowledged = stored
        self.unanswered.clear()


def saving(key: str, name: str) -> Json:
    count = int(name.removeprefix("save-")) * 7 % 11
    return inputs.save_package(
        packageId=key, draftId=name, artifacts=inputs.artifacts(*[name] * count)
    )


async def stored_names(api: GraphQLClient, keys: list[str]) -> dict[str, str]:
    """The name of the save that is stored under each key; fails unless all of it is there."""
    names = {}
    for begin in range(0, len(keys), 100):
        data = await api.ask(
            """query($keys: [ID!]!) {
              deliveryPackages(first: 100, filter: { packageId: { in: $keys } }) {
                nodes { packageId draftId artifacts { name url format } }
              }
            }""",
            keys=keys[begin : begin + 100],
        )
        for package in data["deliveryPackages"]["nodes"]:
            key, name = package["packageId"], package["draftId"]
            assert package == saving(key, name)
            names[key] = name
    return names


async def save_until_killed(
    api: GraphQLClient, ledger: Ledger, kill: Callable[[], None], kill_after: int
) -> None:
    """Each client replaces a package of its own, and adds a new one, in turn.

    No response is what they expect after the kill; before it, the first one that fails ends all.
    """
    acknowledged = 0

    async def client(number: int) -> None:
        nonlocal acknowledged
        while True:
            new = f"new-{ledger.saves}"
            for key in (f"replaced-{number}", new):
                try:
                    await ledger.save(api, key)
                except httpx.HTTPError:
                    if acknowledged < kill_after:
                        raise
                    return
                acknowledged += 1
                if acknowledged == kill_after:
                    kill()

    async with asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            clients.create_task(client(number))


async def log_of(url: str) -> Sequence[Event]:
    """All events, after those that the killed servers left have their positions."""
    database = open_database(url)
    storage = create_storage(PersistenceMode.DB, database)
    try:
        await storage.sequence_events()
        async with storage.as_(build.caller()).read() as snapshot:
            return (await snapshot.events.page(0, 100_000)).items
    finally:
        await database.close()


def require_log(events: Sequence[Event], ledger: Ledger) -> None:
    """The log has what was acknowledged, each revision once, and at its end what is stored."""
    assert [event.position for event in events] == [*range(1, len(events) + 1)]
    saved: dict[str, list[str]] = {}
    for event in events:
        assert event.state is not None
        names = saved.setdefault(event.entity_key, [])
        assert (event.revision_before, event.revision_after) == (len(names), len(names) + 1)
        names.append(event.state.to_python()["draftId"])
    assert {key: names[-1] for key, names in saved.items()} == ledger.acknowledged
    assert [(key, name) for key, name in ledger.answered if name not in saved[key]] == []


async def test_every_save_that_was_acknowledged_survives_a_kill(
    start: Start, migrated_database_url: str
) -> None:
    ledger = Ledger()
    for number in range(ROUNDS):
        async with start() as running:
            await ledger.settle(running.api)
            await save_until_killed(
                running.api, ledger, running.server.kill, kill_after=25 + 10 * number
            )

    async with start() as running:
        await ledger.settle(running.api)
        total = (await running.api.ask("{ deliveryPackages { totalCount } }"))["deliveryPackages"]

    assert total["totalCount"] == len(ledger.acknowledged)
    assert ledger.saves > ROUNDS * 25
    require_log(await log_of(migrated_database_url), ledger)


# The test itself: it tells why it fails, and doesn't wait for a kill that never comes


def no_response(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("gone", request=request)


def refusal(request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, text="busy")


def failure(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": None, "errors": [{"message": "a bug"}]})


@pytest.mark.parametrize(
    ("respond", "told"), [(no_response, "gone"), (refusal, "busy"), (failure, "a bug")]
)
async def test_a_save_that_fails_before_the_kill_is_told_at_once(
    respond: Callable[[httpx.Request], httpx.Response], told: str
) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(respond)) as http:
        api = OverHttp(http, "http://server/graphql")

        with pytest.raises(ExceptionGroup) as failed:
            async with asyncio.timeout(SECONDS):
                await save_until_killed(api, Ledger(), pytest.fail, kill_after=25)

    assert all(told in str(error) for error in failed.value.exceptions)
