"""Answers of operations that ask for nothing but the schema: they stay the same."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from graphql import ExecutionResult

from execution.plans import OperationPlan
from schema.encoding import encode

BYTES_KEPT: Final = 4_000_000
"""Of all answers together."""
LARGEST_KEPT: Final = 1_000_000
LONGEST_VARIABLES: Final = 1_000
"""In bytes, as JSON."""

Key = tuple[OperationPlan, bytes]


class Introspections:
    """Those that were given last, as JSON, by their operations' plans and variables."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._size = 0

    async def result(
        self,
        plan: OperationPlan,
        variables: Mapping[str, Any] | None,
        run: Callable[[], Awaitable[ExecutionResult]],
    ) -> ExecutionResult:
        """The result, with data that `encode` writes as it is; made by `run` when it isn't kept."""
        key = (plan, orjson.dumps(variables or {}, option=orjson.OPT_SORT_KEYS))
        if key in self._kept:
            self._kept.move_to_end(key)
            return _result(self._kept[key])
        result = await run()
        if result.errors or len(key[1]) > LONGEST_VARIABLES:
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
