"""The server may be killed at any moment: what it acknowledged is there, and all of it is whole."""

import asyncio
from dataclasses import dataclass, field

import httpx

from tests import inputs
from tests.e2e.conftest import Running, Start
from tests.support.graphql import GraphQLClient, Json

ROUNDS = 4
CLIENTS = 6


@dataclass(slots=True)
class Ledger:
    """What clients know of their packages: each save has a name, which all of its parts carry."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    saves: int = 0

    async def save(self, api: GraphQLClient, key: str) -> None:
        self.saves += 1
        name = f"save-{self.saves}"
        self.unanswered[key] = name
        await api.do("saveDeliveryPackage", saving(key, name))
        self.acknowledged[key] = self.unanswered.pop(key)

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


async def save_until_killed(running: Running, ledger: Ledger, kill_after: int) -> None:
    """Each client replaces a package of its own, and adds a new one, in turn."""
    enough = asyncio.Event()
    acknowledged = 0

    async def client(number: int) -> None:
        nonlocal acknowledged
        while True:
            new = f"new-{ledger.saves}"
            for key in (f"replaced-{number}", new):
                try:
                    await ledger.save(running.api, key)
                except httpx.HTTPError:
                    return
                acknowledged += 1
                if acknowledged == kill_after:
                    enough.set()

    clients = [asyncio.create_task(client(number)) for number in range(CLIENTS)]
    await enough.wait()
    running.server.kill()
    await asyncio.gather(*clients)


async def test_every_save_that_was_acknowledged_survives_a_kill(start: Start) -> None:
    ledger = Ledger()
    for number in range(ROUNDS):
        async with start() as running:
            await ledger.settle(running.api)
            await save_until_killed(running, ledger, kill_after=25 + 10 * number)

    async with start() as running:
        await ledger.settle(running.api)
        total = (await running.api.ask("{ deliveryPackages { totalCount } }"))["deliveryPackages"]

    assert total["totalCount"] == len(ledger.acknowledged)
    assert ledger.saves > ROUNDS * 25
