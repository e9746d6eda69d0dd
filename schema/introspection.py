"""Answers of operations that ask for nothing but the schema: they stay the same."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from graphql import ExecutionResult
from graphql.execution.values import VariableValues

from repositories.cache import Cache
from schema.encoding import encode

LONGEST_VARIABLES: Final = 1_000
"""In characters."""


class Introspections:
    """Those that were given last, as JSON, by what was asked.

    The variables are those that the operations define, coerced, so that the time to look one up
    doesn't grow with what clients send beside them. The schema's fields and directives take texts
    and booleans alone.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def result(
        self,
        query: str,
        operation_name: str | None,
        variables: VariableValues,
        run: Callable[[], Awaitable[ExecutionResult]],
    ) -> ExecutionResult:
        """The result, with data that `encode` writes as it is; made by `run` when it isn't kept."""
        given = variables.coerced
        length = sum(len(value) for value in given.values() if type(value) is str)
        if length > LONGEST_VARIABLES:
            return await run()
        key = ("introspection", query, operation_name, tuple(given.items()))
        kept: bytes | None = self._cache.get(key)
        if kept is not None:
            return _result(kept)
        result = await run()
        if result.errors:
            return result
        data = encode(result.data)
        self._cache.keep(key, data, len(query) + 4 * length + len(data))
        return _result(data)


def _result(data: bytes) -> ExecutionResult:
    written: Any = orjson.Fragment(data)
    return ExecutionResult(written, None)
