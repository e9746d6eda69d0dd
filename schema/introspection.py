"""Answers of operations that ask for nothing but the schema: they stay the same."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from graphql import ExecutionResult

from repositories.cache import Cache
from schema.encoding import encode

LONGEST_VARIABLES: Final = 1_000
"""In bytes, as JSON."""


class Introspections:
    """Those that were given last, as JSON, by what was asked."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    async def result(
        self,
        query: str,
        operation_name: str | None,
        variables: Mapping[str, Any] | None,
        run: Callable[[], Awaitable[ExecutionResult]],
    ) -> ExecutionResult:
        """The result, with data that `encode` writes as it is; made by `run` when it isn't kept."""
        given = orjson.dumps(variables or {}, option=orjson.OPT_SORT_KEYS)
        key = ("introspection", query, operation_name, given)
        kept: bytes | None = self._cache.get(key)
        if kept is not None:
            return _result(kept)
        result = await run()
        if result.errors or len(given) > LONGEST_VARIABLES:
            return result
        data = encode(result.data)
        self._cache.keep(key, data, len(query) + len(given) + len(data))
        return _result(data)


def _result(data: bytes) -> ExecutionResult:
    written: Any = orjson.Fragment(data)
    return ExecutionResult(written, None)
