"""Logging of troubles that many requests share, such as an outage of the database."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_SECONDS = 10.0
"""The interval at which the log repeats that a trouble lasts."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function so many seconds later."""

log = logging.getLogger("aicmo.server")


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Log warnings and errors to standard error, each trouble once, and its count at the end."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(once := OncePerTrouble())
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        once.tell_rest()


@dataclass(slots=True)
class _Met:
    request_id: str | None
    again: int = 0


class OncePerTrouble(logging.Filter):
    """Lets the first line of a trouble through, and counts the others while it lasts.

    After each interval it logs how many records there were. A trouble without a record for that
    long is over: its next record is logged again. Records name their trouble in the attribute
    `trouble`, and perhaps a `request_id`: further records of one request aren't counted. Records
    without a trouble pass.
    """

    def __init__(self, seconds: float = _SECONDS, later: Later | None = None) -> None:
        super().__init__()
        self._seconds = seconds
        self._later = later or _on_loop
        self._met: dict[str, _Met] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        trouble: str | None = getattr(record, "trouble", None)
        if trouble is None:
            return True
        request_id: str | None = getattr(record, "request_id", None)
        met = self._met.get(trouble)
        if met is None:
            self._met[trouble] = _Met(request_id)
            self._later(self._seconds, lambda: self._tell(trouble))
            return True
        if request_id is None or request_id != met.request_id:
            met.request_id = request_id
            met.again += 1
        return False

    def tell_rest(self) -> None:
        """Log the counts since the last interval: the event loop calls nothing later any more."""
        for trouble, met in self._met.items():
            if met.again:
                log.warning("%s (%d more)", trouble, met.again)
                met.again = 0

    def _tell(self, trouble: str) -> None:
        met = self._met[trouble]
        if not met.again:
            del self._met[trouble]
            return
        log.warning("%s (%d more in %g seconds)", trouble, met.again, self._seconds)
        met.again = 0
        self._later(self._seconds, lambda: self._tell(trouble))


def _on_loop(seconds: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, call)
