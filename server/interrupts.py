"""Ctrl+C during commands that follow what servers go on with."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Final

import typer

INTERRUPTED: Final = 130
"""The exit code after Ctrl+C, as shells have it."""


def run_until_interrupted(work: Coroutine[None, None, None]) -> None:
    """Run it to its end, or until Ctrl+C cancels it."""
    try:
        asyncio.run(work)
    except asyncio.CancelledError:
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def cancelled_by_interrupts() -> Iterator[None]:
    """Within it Ctrl+C cancels this task. It ends the process otherwise."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
