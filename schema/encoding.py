"""Responses as JSON."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from itertools import chain, compress
from operator import is_
from typing import Any, Final

from domain.json_object import JsonObject
from repositories.selections import JsonTexts, write_json

SMALL: Final = 256 * 1024
"""Characters that are encoded at once; this takes about a millisecond."""
_MANY: Final = 10_000
"""More values than are encoded at once."""
_SLICE: Final = 64 * 1024


def encode(value: Any) -> bytes:
    """A response, or a message around it, in UTF-8."""
    try:
        return write_json(value)
    except TypeError:
        # A message may quote a lone surrogate, which UTF-8 has no bytes for; JSON can escape it.
        return json.dumps(value, separators=(",", ":"), default=_parsed).encode()


def is_small(value: Any) -> bool:
    """Whether the value is encoded at once, in about a millisecond."""
    size = count = 0
    level: Sequence[Any] = [value]
    while level and size <= SMALL and count <= _MANY:
        count += len(level)
        kinds = list(map(type, level))
        found = set(kinds)

        def of(kind: type, level: Sequence[Any] = level, kinds: list[type] = kinds) -> Any:
            return compress(level, map(partial(is_, kind), kinds))

        if str in found:
            size += sum(map(len, of(str)))
        if JsonTexts in found:
            size += sum(sum(map(len, each.texts)) for each in of(JsonTexts))
        if JsonObject in found:
            size += sum(len(each.text) for each in of(JsonObject))
        within: list[Any] = []
        if dict in found:
            within += chain.from_iterable(map(dict.values, of(dict)))
        if list in found:
            within += chain.from_iterable(of(list))
        level = within
    return size <= SMALL and count <= _MANY


async def encode_in_slices(value: Any) -> AsyncIterator[bytes]:
    """The bytes of `encode`, a part after the other; others have their turns between them."""
    parts: list[bytes] = []
    size = 0
    for part in _parts(value):
        parts.append(part)
        size += len(part)
        if size >= _SLICE:
            yield b"".join(parts)
            parts, size = [], 0
            await asyncio.sleep(0)
    yield b"".join(parts)


def _parts(value: Any) -> Iterator[bytes]:
    """The bytes of `encode` in parts that are each made at once."""
    match value:
        case JsonTexts(texts, is_list):
            yield from _joined(texts) if is_list else _sliced(texts[0])
        case JsonObject(text):
            yield from _sliced(text)
        case str():
            yield b'"'
            for start in range(0, len(value), _SLICE):
                yield encode(value[start : start + _SLICE])[1:-1]
            yield b'"'
        case _ if is_small(value):
            yield encode(value)
        case dict():
            before = b"{"
            for key, each in value.items():
                yield before + encode(key) + b":"
                yield from _parts(each)
                before = b","
            yield b"}"
        case _:
            before = b"["
            for each in value:
                yield before
                yield from _parts(each)
                before = b","
            yield b"]"


def _joined(texts: Sequence[str]) -> Iterator[bytes]:
    before = b"["
    for text in texts:
        yield before
        yield from _sliced(text)
        before = b","
    yield b"]" if texts else b"[]"


def _sliced(text: str) -> Iterator[bytes]:
    for start in range(0, len(text), _SLICE):
        yield text[start : start + _SLICE].encode()


def _parsed(value: object) -> Any:
    """What only `write_json` can write, as what anybody can."""
    return json.loads(write_json(value))
