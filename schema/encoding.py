"""Responses as JSON."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

from domain.json_object import JsonObject
from repositories.json_encoding import JsonTexts, encode_json

MAX_INLINE_CHARACTERS: Final = 256 * 1024
"""A value of so many characters is encoded at once; this takes about a millisecond."""
_MAX_INLINE_VALUES: Final = 10_000
"""How many values are encoded at once."""
_SLICE: Final = 64 * 1024


def encode(value: Any) -> bytes:
    """A response, or a message around it, in UTF-8."""
    try:
        return encode_json(value)
    except TypeError:
        # A message may quote a lone surrogate, which JSON can escape but UTF-8 can't encode.
        return json.dumps(value, separators=(",", ":"), default=_parsed).encode()


class BoundedObject(dict[str, Any]):
    """An object whose texts are known to have so few characters that it's encoded at once."""

    __slots__ = ("characters",)

    def __init__(self, members: dict[str, Any], characters: int) -> None:
        super().__init__(members)
        self.characters = characters
        """How many they have at the most."""


def is_small(data: Any) -> bool:
    """Whether the data of a response may be encoded at once. Bounded objects aren't looked through,
    which would take longer than to encode them."""
    if type(data) is not dict:
        return bool(fits(data))
    characters = 0
    for each in data.values():
        if type(each) is not BoundedObject:
            return bool(fits(data))
        characters += each.characters
    return characters <= MAX_INLINE_CHARACTERS or bool(fits(data))


def fits(value: Any, allowed: int = MAX_INLINE_CHARACTERS) -> bool | None:
    """Whether the value's texts have at most so many characters; None if it has too many values."""
    found, size = [value], 0
    for each in found:
        type_ = type(each)
        if type_ is str:
            size += len(each)
        elif type_ is list or type_ is dict or type_ is BoundedObject:
            found += each if type_ is list else each.values()
            if len(found) > _MAX_INLINE_VALUES:
                return None
        elif type_ is JsonTexts:
            size += sum(map(len, each.texts))
        elif type_ is JsonObject:
            size += len(each.text)
    return size <= allowed


async def encode_in_slices(value: Any) -> AsyncIterator[bytes]:
    """The bytes of `encode` in parts; between them other tasks run."""
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
        case _ if fits(value):
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
    """A value that only `encode_json` can encode, as plain JSON values."""
    return json.loads(encode_json(value))
