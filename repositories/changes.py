"""Notifications of committed changes, for watchers of an entity in this process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager

from domain.changes import Change
from domain.entity import Entity

PENDING_CHANGES = 16
"""How many changes wait for a slow watcher. Older ones are dropped, the latest never."""


class Watcher:
    """The changes of one entity, in the order of their commits, from now on."""

    def __init__(self) -> None:
        self._pending: deque[Change] = deque(maxlen=PENDING_CHANGES)
        self._news = asyncio.Event()

    def notify(self, change: Change) -> None:
        self._pending.append(change)
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            await self._news.wait()
            while self._pending:
                yield self._pending.popleft()
            self._news.clear()


class ChangeFeed:
    """Units of work publish here once they are committed."""

    def __init__(self) -> None:
        self._watchers: dict[tuple[type[Entity], str], set[Watcher]] = {}

    @contextmanager
    def watch(self, record_type: type[Entity], key: str) -> Iterator[Watcher]:
        """Collects changes of the entity from here to the end of the context."""
        watcher, topic = Watcher(), (record_type, key)
        self._watchers.setdefault(topic, set()).add(watcher)
        try:
            yield watcher
        finally:
            self._watchers[topic].discard(watcher)
            if not self._watchers[topic]:
                del self._watchers[topic]

    def publish(self, changes: Iterable[Change]) -> None:
        for change in changes:
            for watcher in self._watchers.get((change.record_type, change.key), ()):
                watcher.notify(change)
