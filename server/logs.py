"""Logging of problems that many requests share, such as an outage of the database."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_SECONDS = 10.0
"""The interval at which the log repeats that a problem lasts."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function so many seconds later."""

log = logging.getLogger("aicmo.server")


@contextmanager
def logging_to_stderr() -> Iterator[None]:
    """Log warnings and errors to standard error, each problem once, and its count at the end."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(once := OncePerProblem())
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        once.tell_rest()


@dataclass(slots=True)
class _Met:
    request_id: str | None
    again: int = 0


class OncePerProblem(logging.Filter):
    """Lets the first line of a problem through, and counts the others while it lasts.

    After each interval it logs how many records there were. A problem without a record for that
    long is over: its next record is logged again. Records name their problem in the attribute
    `problem`, and perhaps a `request_id`: further records of one request aren't counted. Records
    without a problem pass.
    """

    def __init__(self, seconds: float = _SECONDS, later: Later | None = None) -> None:
        super().__init__()
        self._seconds = seconds
        self._later = later or _on_loop
        self._met: dict[str, _Met] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        problem: str | None = getattr(record, "problem", None)
        if problem is None:
            return True
        request_id: str | None = getattr(record, "request_id", None)
        met = self._met.get(problem)
        if met is None:
            self._met[problem] = _Met(request_id)
            self._later(self._seconds, lambda: self._tell(problem))
            return True
        if request_id is None or request_id != met.request_id:
            met.request_id = request_id
            met.again += 1
        return False

    def tell_rest(self) -> None:
        """Log the counts since the last interval: the event loop calls nothing later any more."""
        for problem, met in self._met.items():
            if met.again:
                log.warning("%s (%d more)", problem, met.again)
                met.again = 0

    def _tell(self, problem: str) -> None:
        met = self._met[problem]
        if not met.again:
            del self._met[problem]
            return
        log.warning("%s (%d more in %g seconds)", problem, met.again, self._seconds)
        met.again = 0
        self._later(self._seconds, lambda: self._tell(problem))


def _on_loop(seconds: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, call)
