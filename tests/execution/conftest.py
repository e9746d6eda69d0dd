"""What tests that compare with graphql-core share."""

import asyncio
import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
    # Of what was never awaited it's told here, not in some later test.
    gc.collect()
