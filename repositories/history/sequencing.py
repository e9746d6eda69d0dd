"""Positions for the events that were committed, on PostgreSQL.

Events get theirs after their commits, one after another: a position that were given before would be
read before earlier ones are there, or else every save would wait for the commits of others.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final, Protocol

from domain.errors import DomainError
from repositories.drivers.postgresql_sequencer import PostgresSequencer

EVENTS_AT_ONCE: Final = 1_000

APART_SECONDS: Final = 0.02
"""How long positions aren't given after some were: so often readers are told, at most."""

IDLE_SECONDS: Final = 1.0
"""After what time without commits of this process the events of others are looked for, whose
process may be gone."""

_SQL: Final = "SELECT sequence_events($1, $2)"

log = logging.getLogger("aicmo.history")


class Sequenced(Protocol):
    """What the storage is to the sequencer."""

    @property
    def committed(self) -> asyncio.Event:
        """Set by each commit of this process."""
        ...

    async def sequence_events(self, apart: float = 0.0) -> int | None: ...


async def sequence_events(sequencer: PostgresSequencer, apart: float) -> int | None:
    """How many events got their positions.

    None: somebody else does it at this time, or did so less than `apart` seconds ago.
    """
    count: int | None = await sequencer.call(_SQL, EVENTS_AT_ONCE, timedelta(seconds=apart))
    return count


async def keep_sequencing(storage: Sequenced) -> None:
    """Give events their positions soon after their commits, until it's cancelled.

    Every server of a database does so, one of them at a time. So when one of them is gone, the
    others go on within IDLE_SECONDS.
    """
    has_failed = False
    while True:
        # Whatever was committed before is seen by the next call.
        storage.committed.clear()
        try:
            count = await storage.sequence_events(APART_SECONDS)
            has_failed = False
        except DomainError as error:
            if not has_failed:
                log.warning("no positions for events: %s", error)
            has_failed = True
            count = 0
        except Exception:
            # Without positions nobody hears of anything, so it's tried again whatever it was.
            if not has_failed:
                log.exception("no positions for events")
            has_failed = True
            count = 0
        if count == 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await storage.committed.wait()
        await asyncio.sleep(APART_SECONDS)
