"""Webhooks of each storage in turn."""

import pytest

from repositories.unit_of_work import Storage
from tests.support.sources import SettableClock
from tests.support.webhook_system import Sent, System


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def system(storage: Storage, sent: Sent, clock: SettableClock) -> System:
    return System(storage, sent, clock)
