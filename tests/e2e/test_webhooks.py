"""Senders of webhooks may be killed at any moment, and receivers may fail: every event arrives."""

import asyncio
import json
import random
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from aiohttp import web

from domain.webhooks import SECRET_BYTES, new_secret
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from tests import builders as build
from tests.support.commands import Commands
from tests.support.patience import SECONDS
from tests.support.receivers import Received, receiving
from tests.support.servers import environment

ROOT = Path(__file__).parents[2]
KILLS = 5
KEYS = [f"draft-{number}" for number in range(8)]
SAVES = 240


class Sender:
    """A process that sends, started again whenever it's killed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._starts = 0
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        command = [sys.executable, "-m", "tests.tools.dispatch", self._url, str(self._starts)]
        return subprocess.Popen(command, cwd=ROOT, env=environment())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(SECONDS)

    def restart(self) -> None:
        self.kill()
        self._process = self._start()


async def test_kills_and_bad_receivers_lose_nothing_and_change_no_order(
    migrated_database_url: str,
) -> None:
    database = open_database(migrated_database_url)
    storage = create_storage(PersistenceMode.DB, database)
    dice = random.Random(7)
    arrived: defaultdict[str, list[int]] = defaultdict(list)
    is_bad = True
    count = asyncio.Semaphore(0)

    async def respond(received: Received) -> web.StreamResponse:
        fate = dice.random() if is_bad else 1.0
        if fate < 0.1:
            await asyncio.sleep(1)  # longer than the sender waits
        if fate < 0.2:
            assert received.request.transport is not None
            received.request.transport.abort()
        if fate < 0.5:
            return web.Response(status=503)
        data = json.loads(received.body)["data"]
        arrived[data["key"]].append(data["position"])
        count.release()
        return web.Response(status=204)

    async with receiving() as receiver:
        receiver.respond = respond
        await _add_endpoint(storage, receiver.url)
        senders = [await asyncio.to_thread(Sender, migrated_database_url) for _ in range(2)]
        commands = Commands(storage.as_(build.caller()))
        try:
            for number in range(SAVES):
                key = dice.choice(KEYS)
                await commands.save_draft(build.save_draft(draft_id=key, title=f"{number}"))
                await storage.sequence_events()
                if number % (SAVES // KILLS) == SAVES // KILLS - 1:
                    await count.acquire()
                    await asyncio.to_thread(dice.choice(senders).restart)
            is_bad = False
            async with asyncio.timeout(SECONDS):
                while sum(len({*positions}) for positions in arrived.values()) < SAVES:
                    await count.acquire()
        finally:
            for sender in senders:
                await asyncio.to_thread(sender.kill)

    async with storage.as_(build.caller()).read() as snapshot:
        events = (await snapshot.events.page(0, 2 * SAVES)).items
    await database.close()
    logged = defaultdict(list)
    for event in events:
        logged[event.entity_key].append(event.position)
    assert {key: sorted({*found}) for key, found in arrived.items()} == logged
    assert [key for key, found in arrived.items() if any(b < a for a, b in pairwise(found))] == []


async def _add_endpoint(storage: Storage, url: str) -> None:
    endpoint = build.webhook_endpoint(url=url, event_types=(), client_ids=(), position=0)
    secret = new_secret(b"x" * SECRET_BYTES)
    await storage.as_(build.caller()).write(lambda unit: unit.webhooks.insert(endpoint, secret))
