"""Fixtures of the tests of the command line and the server."""

import os

import pytest

from tests.support.servers import environment


@pytest.fixture(autouse=True)
def _only_settings_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)
