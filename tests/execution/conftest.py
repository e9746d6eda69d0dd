"""Fixtures of the tests that compare with graphql-core."""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from graphql.execution.values import get_argument_values, get_variable_values

import execution.arguments
import execution.variables


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner
    # Of what was never awaited it's told here, not in some later test.
    gc.collect()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the engine asked graphql-core for variables or arguments."""
    asked: Counter[str] = Counter()

    def counting(function: Any) -> Any:
        def counted(*arguments: Any, **more: Any) -> Any:
            asked[function.__name__] += 1
            return function(*arguments, **more)

        return counted

    for module, function in (
        (execution.variables, get_variable_values),
        (execution.arguments, get_argument_values),
    ):
        monkeypatch.setattr(module, function.__name__, counting(function))
    return asked
