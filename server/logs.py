"""What the log says of troubles that many requests meet, such as an outage of the database."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_SECONDS = 10.0
"""How often the log tells that a trouble lasts."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function so many seconds later."""

log = logging.getLogger("aicmo.server")


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Write warnings and errors to standard error, each trouble once, and its count at the end."""
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

    Every few seconds it tells how many there were. A trouble that nobody met for as long is over:
    the next one is told again. Records name theirs in `trouble`, and perhaps a `request_id`, whose
    further lines aren't counted; records without any are let through.
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
        """Tell what was counted since the last time: nothing calls later any more."""
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
