"""Processes for what takes long: neither Python nor a library holds up the event loop.

A thread would: the first check of a draft holds the interpreter for a third of a second while it
loads dictionaries, and nothing ends a thread that makes a document without an end.
"""

import asyncio
import logging
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Final, Protocol, TypeVar

from domain.errors import TimedOut, Unavailable

T = TypeVar("T")

SECONDS: Final = 10.0
"""How long one call may take; the usual one takes some hundredths of a second."""
_NICENESS: Final = 5
_ENDING: Final = "The server is ending; try again later."
MAX_WAITING: Final = 100

log = logging.getLogger("aicmo.producers")


class Worker(Protocol):
    """Calls functions elsewhere than on the event loop."""

    async def call(self, function: Callable[[], T]) -> T:
        """What the function returns. Raises TimedOut, Unavailable, and what the function raises."""
        ...

    async def close(self) -> None: ...


class ProcessWorker:
    """A process of its own, which is started at the first call, and again if it ended.

    `task` says what it does, in messages: `checks drafts`. It gets one function at a time, in the
    order in which they came; the others wait here, so that one that ends the process fails alone.
    A function that takes longer than `seconds` ends the process, also when nobody waits for it any
    more, and so does one that needs more than `max_bytes` of memory. It ends with the process that
    started it.
    """

    def __init__(
        self, task: str, *, seconds: float = SECONDS, max_bytes: int | None = None
    ) -> None:
        self._task = task
        self._seconds = seconds
        self._begin = partial(_begin, max_bytes)
        self._pool: Executor | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._is_closed = False

    async def call(self, function: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable(f"Too much waits for the process that {self._task}; try again later.")
        self._waiting += 1
        try:
            await self._turn.acquire()
            # Its turn ends with the function, also when this caller is gone before.
            job = asyncio.create_task(self._call(function))
            job.add_done_callback(self._end_turn)
            return await asyncio.shield(job)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        pool, self._pool, self._is_closed = self._pool, None, True
        if pool is not None:
            # Whoever waits for a turn is told that the server ends. A call under way has its bound.
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    def _end_turn(self, job: asyncio.Task[T]) -> None:
        self._turn.release()
        if not job.cancelled():
            job.exception()  # nobody may be there to hear of it

    async def _call(self, function: Callable[[], T]) -> T:
        if self._is_closed:
            raise Unavailable(_ENDING)
        loop = asyncio.get_running_loop()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=self._begin,
            )
        pool = self._pool
        began = loop.time()
        try:
            # To start the process takes a moment, too.
            future = await asyncio.to_thread(pool.submit, _bounded, function, self._seconds)
            return await asyncio.wrap_future(future)
        except BrokenProcessPool as error:
            if self._pool is pool:
                self._pool = None
            if loop.time() - began >= self._seconds:
                raise TimedOut from error
            log.warning("the process that %s ended; the next call starts another", self._task)
            raise Unavailable(f"The process that {self._task} ended; try again.") from error
        except (RuntimeError, asyncio.CancelledError) as error:
            # The pool takes nothing any more, or let go what it hadn't begun.
            if not self._is_closed:
                raise
            raise Unavailable(_ENDING) from error


def _begin(max_bytes: int | None) -> None:
    # Ctrl+C is for the server, which ends this process when it's done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    if max_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (max_bytes, max_bytes))
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _bounded(function: Callable[[], T], seconds: float) -> T:
    # Nobody handles the signal, so it ends the process, whatever holds the interpreter.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return function()
    except MemoryError:
        # What else is in this process may lack memory, too.
        os._exit(1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
