"""Results of introspection queries, which are cached because they don't change."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from graphql import ExecutionResult
from graphql.execution.values import VariableValues

from repositories.cache import Cache
from schema.encoding import encode

MAX_VARIABLE_CHARACTERS: Final = 1_000
"""How many characters the variables may have for the result to be cached."""


class Introspections:
    """Caches results as JSON, by query, operation name and variables.

    The key has the coerced variables that the operation defines, so that lookups don't get slower
    with other variables that clients send. Introspection fields and directives take only texts and
    booleans.
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
        """The result, with encoded data; `run` executes the query if it isn't cached."""
        given = variables.coerced
        length = sum(len(value) for value in given.values() if type(value) is str)
        if length > MAX_VARIABLE_CHARACTERS:
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
    fragment: Any = orjson.Fragment(data)
    return ExecutionResult(fragment, None)
