"""Whether a server is what its name says, by what it counted itself."""

import asyncio
import json
from collections.abc import Sequence
from urllib.parse import urljoin
from urllib.request import urlopen

from benchmarks.contenders import OURS
from benchmarks.load import Requests, check
from benchmarks.scenarios import Scenario
from benchmarks.servers.serving import COUNTS
from domain.callers import system
from repositories.factory import PersistenceMode, create_storage
from schema.root import CompiledSchema
from server.seed.bulk import seed_bulk
from tests.support.graphql import InProcess

_REQUESTS = 3


class WrongContender(Exception):
    """A server isn't what its name says."""


async def require_counted(requests: Requests, address: str, counted: str) -> None:
    """Raise WrongContender unless the server at the address counts so often as it answers."""
    before = await _count(address, counted)
    for _ in range(_REQUESTS):
        await check(requests)
    found = await _count(address, counted) - before
    if found != _REQUESTS:
        raise WrongContender(f"for {_REQUESTS} requests there were {found} {counted}")


async def require_plans(schema: CompiledSchema, scenarios: Sequence[Scenario]) -> None:
    """Raise WrongContender unless our executor runs all of the scenarios by plans.

    In this process: the server that users start doesn't tell what it counts.
    """
    storage = create_storage(PersistenceMode.INMEMORY)
    async for _ in seed_bulk(storage.as_(system("benchmarks", "identity")), size=1):
        pass
    client = InProcess(schema, storage)
    for scenario in scenarios:
        before = schema.engine.counts.by_plan
        await client.send(scenario.query, scenario.variables[0])
        if schema.engine.counts.by_plan != before + 1:
            raise WrongContender(f"{OURS}, {scenario.name}: it wasn't run by a plan")


async def _count(address: str, counted: str) -> int:
    counts: dict[str, int] = await asyncio.to_thread(_counts, urljoin(address, COUNTS))
    return counts.get(counted, 0)


def _counts(url: str) -> dict[str, int]:
    with urlopen(url) as answer:
        counts: dict[str, int] = json.load(answer)
    return counts
