"""The session of one unit of work in memory."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from domain.callers import Caller
from domain.entity import Entity
from repositories import visibility
from repositories.client_guard import ClientGuard
from repositories.errors import WriteConflict
from repositories.memory.criteria import matches
from repositories.memory.event_log import EventLog
from repositories.semaphores import FairSemaphore

_SCANS_AT_ONCE: Final = 4
"""After so many scans of tables, other tasks get a turn of the event loop."""

Root = Mapping[str, Any]
"""Everything stored, by table and key, and the log. Neither it nor anything in it is ever changed.
"""

LOG: Final = "events"
"""The name under which the root has the log."""


_NO_TYPES: Mapping[str, Any] = {}


class Recorder(Protocol):
    """Writes the events of one unit of work to the session's log."""

    def saved(
        self,
        session: "MemorySession",
        record: Entity,
        key: str,
        before: int,
        changed: Sequence[str],
    ) -> None:
        """The record, which has its children, was saved over the revision `before`; 0: none."""
        ...

    def deleted(self, session: "MemorySession", record: Entity, key: str) -> None: ...

    def last_revision(self, session: "MemorySession", record: Entity, key: str) -> int:
        """The last revision that there was of what the record's counts on for; 0: none."""
        ...


class MemorySession:
    """Reads a root for a caller, and holds copies of the tables that were changed.

    `repositories` are those of all types of entities, by the names of their records' types; `owned`
    those of the entities that one of a type may own.
    """

    def __init__(
        self,
        caller: Caller,
        root: Root,
        repositories: Mapping[str, Callable[["MemorySession"], Any]] = _NO_TYPES,
        recorder: Recorder | None = None,
        *,
        owned: Mapping[str, Sequence[Callable[["MemorySession"], Any]]] = _NO_TYPES,
        guard: ClientGuard | None = None,
    ) -> None:
        self.caller = caller
        self.changes_tokens = False
        self.rules = visibility.rules_of(caller)
        self._root = root
        self.repositories = repositories
        self.owned = owned
        self.guard = guard
        self._changed: dict[str, dict[Any, Any]] = {}
        self._is_closed = False
        self._failure: WriteConflict | None = None
        self._turn = FairSemaphore(1)
        self._scans = 0
        self._recorder = recorder
        self._log: EventLog = root.get(LOG) or EventLog()

    @property
    def log(self) -> EventLog:
        self._require_usable()
        return self._log

    @log.setter
    def log(self, log: EventLog) -> None:
        self._log = log

    @property
    def recorder(self) -> Recorder:
        """The recorder, which writes the events of the changes."""
        if self._recorder is None:
            raise RuntimeError("a snapshot is only read")
        return self._recorder

    async def scan(self) -> None:
        """Callers await this before they scan a table: other tasks get turns of the event loop in
        between, however many scans are requested at once."""
        async with self._turn:
            self._scans += 1
            if self._scans % _SCANS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _require_usable(self) -> None:
        if self._is_closed:
            raise RuntimeError("this unit of work has ended")
        if self._failure is not None:
            raise self._failure

    def table(self, name: str) -> Mapping[Any, Any]:
        """All rows, visible or not."""
        self._require_usable()
        if name in self._changed:
            return self._changed[name]
        found: Mapping[Any, Any] = self._root.get(name, {})
        return found

    def rows(self, type_name: str, name: str, children: str | None = None) -> Mapping[str, Any]:
        """The rows of a table of entities, or of their children's, that the caller may see."""
        found = self.table(children or name)
        rule = self.rules.get(type_name)
        if rule is None:
            return found
        entities = self.table(name)
        return {
            key: row
            for key, row in found.items()
            if key in entities and matches(entities[key], rule)
        }

    def mutable_table(self, name: str) -> dict[Any, Any]:
        """A table that the session may change: a copy, which the commit puts in its place."""
        if name not in self._changed:
            self._changed[name] = dict(self.table(name))
        return self._changed[name]

    def require_committable(self) -> None:
        """Raises the failure of the session, if there is one."""
        if self._failure is not None:
            raise self._failure

    def outcome(self) -> Root:
        """The root with everything that was changed."""
        if self._failure is not None:
            raise self._failure
        return {**self._root, **self._changed, LOG: self._log.committed()}

    def write_conflict(self) -> WriteConflict:
        """The error to raise when another writer changed the same rows; it fails the session."""
        self._failure = WriteConflict()
        return self._failure

    async def close(self) -> None:
        self._is_closed = True
