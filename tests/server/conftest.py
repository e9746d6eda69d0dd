"""Fixtures of the tests of the command line and the server."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.support import command_line
from tests.support.command_line import Aicmo
from tests.support.servers import environment


@pytest.fixture(autouse=True)
def _only_settings_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)


@pytest.fixture
def aicmo() -> Aicmo:
    """Runs a command in this process; `database` is the URL that it is to work on."""
    return command_line.aicmo


@pytest.fixture
def interrupts_count() -> Iterator[None]:
    """A shell that starts the tests in the background lets them, and what they start, ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
