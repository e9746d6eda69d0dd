"""Clients that leave while their reads run do no harm to those who stay."""

import asyncio
import itertools
from collections.abc import Iterator

from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from tests.conftest import close_database
from tests.http.conftest import Serve
from tests.support.serving import Served
from tests.support.wire import request, wired

FIELDS = ("draftId", "strategyId", "campaignId", "contentType", "title", "metadata", "createdAt")
LEAVING = 120
STAYING = 120


def reads() -> Iterator[str]:
    """Reads of one statement each, none of which a connection knows already."""
    for number in itertools.count(1):
        chosen = [name for bit, name in enumerate(FIELDS) if number >> bit & 1]
        for root in ("drafts(first: 3)", "drafts(last: 3)", "drafts(first: 3, after: null)"):
            yield f"{{ {root} {{ nodes {{ {' '.join(chosen)} }} }} }}"


async def leave(server: Served, queries: Iterator[str]) -> None:
    for turns, query in zip(itertools.cycle(range(6)), itertools.islice(queries, LEAVING // 4)):
        async with wired(server.address) as wire:
            await wire.send(request(query=query))
            for _ in range(turns):
                await asyncio.sleep(0.001)


async def test_none_of_those_who_stay_fails(postgresql_url: str, serve: Serve) -> None:
    database = open_database(postgresql_url, pool_size=3)
    server = await serve(create_storage(PersistenceMode.DB, database))
    failed = []

    async def stay() -> None:
        for _ in range(STAYING // 4):
            response = await server.api.send("{ briefs { totalCount } drafts { totalCount } }")
            failed.extend(response.get("errors", []))

    queries = reads()
    await asyncio.gather(*(leave(server, queries) for _ in range(4)), *(stay() for _ in range(4)))
    await server.idle()

    assert failed == []
    await close_database(database)
