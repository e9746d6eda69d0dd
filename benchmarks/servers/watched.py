"""Our server, which tells for how long its event loop was taken: `aicmo serve`, with a clock."""

import asyncio
import json
import sys
import time
from pathlib import Path
from socket import socket

from server.cli import app
from server.listening import Listener

_TICK_SECONDS = 0.001


class _Clock:
    """Ticks on the event loop, and tells the longest that it had to wait since it was asked.

    It's asked by a line on standard input, and answers by one on standard output: seconds between
    two ticks, but for those in which the thread waited for a processor that others had; and seconds
    of CPU time that it took itself. It may have waited for other threads of the process, too.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reset()
        self._loop.add_reader(sys.stdin.fileno(), self._tell)
        self._wait()

    def _reset(self) -> None:
        self._longest = self._busiest = 0.0

    def _wait(self) -> None:
        self._at, self._cpu = time.perf_counter() - _seconds_in_queue(), time.thread_time()
        self._loop.call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        waited = time.perf_counter() - _seconds_in_queue() - self._at - _TICK_SECONDS
        self._longest = max(self._longest, waited)
        self._busiest = max(self._busiest, time.thread_time() - self._cpu)
        self._wait()

    def _tell(self) -> None:
        if not sys.stdin.readline():
            self._loop.remove_reader(sys.stdin.fileno())
            return
        print(json.dumps({"longest": self._longest, "busiest": self._busiest}), flush=True)
        self._reset()


def _seconds_in_queue() -> float:
    """How long the thread has waited for a processor so far."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


async def _startup(listener: Listener, sockets: list[socket] | None = None) -> None:
    await _start(listener, sockets)
    _Clock()


if __name__ == "__main__":
    _start = Listener.startup
    Listener.startup = _startup  # type: ignore[assignment, method-assign]
    app(prog_name="aicmo")
