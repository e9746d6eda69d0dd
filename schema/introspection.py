"""Answers of operations that ask for nothing but the schema: they stay the same."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

import orjson
from graphql import ExecutionResult
from graphql.execution.values import VariableValues

from execution.plans import OperationPlan
from schema.encoding import encode

BYTES_KEPT: Final = 4_000_000
"""Of all answers together."""
LARGEST_KEPT: Final = 1_000_000
LONGEST_VARIABLES: Final = 1_000
"""In characters."""

Key = tuple[OperationPlan, Hashable]


class Introspections:
    """Those that were given last, as JSON, by their operations' plans and variables.

    The variables are those that the operations define, coerced, so that the time to look one up
    doesn't grow with what clients send beside them. The schema's fields and directives take texts
    and booleans alone.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._size = 0

    async def result(
        self,
        plan: OperationPlan,
        variables: VariableValues,
        run: Callable[[], Awaitable[ExecutionResult]],
    ) -> ExecutionResult:
        """The result, with data that `encode` writes as it is; made by `run` when it isn't kept."""
        given = variables.coerced
        if sum(len(value) for value in given.values() if type(value) is str) > LONGEST_VARIABLES:
            return await run()
        key = (plan, tuple(given.items()))
        if key in self._kept:
            self._kept.move_to_end(key)
            return _result(self._kept[key])
        result = await run()
        if result.errors:
            return result
        data = encode(result.data)
        if len(data) <= LARGEST_KEPT:
            self._keep(key, data)
        return _result(data)

    def _keep(self, key: Key, data: bytes) -> None:
        self._size += len(data) - len(self._kept.pop(key, b""))
        self._kept[key] = data
        while self._size > BYTES_KEPT:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)


def _result(data: bytes) -> ExecutionResult:
    written: Any = orjson.Fragment(data)
    return ExecutionResult(written, None)
