"""Responses as JSON: the same bytes at once and in slices, none of which takes long to make."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.json_object import JsonObject
from repositories.json_encoding import JsonTexts
from schema.encoding import (
    MAX_INLINE_CHARACTERS,
    BoundedObject,
    encode,
    encode_in_slices,
    fits,
    is_small,
)

LARGE = 'é漢😀\n"' * MAX_INLINE_CHARACTERS


async def sliced(value: Any) -> list[bytes]:
    return [part async for part in encode_in_slices(value)]


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"data": None},
        {"text": LARGE},
        {"a": [{"b": LARGE}, {}, [], None, 1.5, True], "c": {"d": JsonObject.of({"e": LARGE})}},
        {"nodes": JsonTexts([f'{{"a":"{"x" * MAX_INLINE_CHARACTERS}"}}'] * 3)},
        {"none": JsonTexts([]), "large": LARGE},
        {"one": JsonTexts([f'"{"x" * MAX_INLINE_CHARACTERS * 2}"'], is_list=False)},
        {"times": [datetime(2026, 1, 31, tzinfo=UTC)] * 30_000},
        {"many": [{"number": number} for number in range(30_000)]},
        {"bounded": BoundedObject({"large": LARGE, "few": [1, "2", None]}, len(LARGE))},
        {"lone": "\ud800" + "x" * MAX_INLINE_CHARACTERS},
    ],
    ids=lambda value: ", ".join(value) or type(value).__name__,
)
async def test_slices_are_the_same_bytes(value: Any) -> None:
    assert b"".join(await sliced(value)) == encode(value)


async def test_no_slice_is_large() -> None:
    value = {"a": [{"b": LARGE}] * 2, "nodes": JsonTexts(["1" * MAX_INLINE_CHARACTERS * 4] * 2)}
    assert not fits(value)
    assert max(map(len, await sliced(value))) < 4 * MAX_INLINE_CHARACTERS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": "x" * MAX_INLINE_CHARACTERS}, True),
        ({"a": "x" * MAX_INLINE_CHARACTERS, "b": "x"}, False),
        ({"a": ["x" * 1_000] * 1_000}, False),
        ({"a": JsonTexts(["x" * 1_000] * 1_000)}, False),
        ({"a": JsonObject(f'{{"a":"{"x" * MAX_INLINE_CHARACTERS}"}}')}, False),
        ([[1] * 1_000] * 5, True),
        ([[1] * 1_000] * 20, False),
    ],
)
def test_what_is_small_is_told_by_its_texts_and_their_number(value: Any, expected: bool) -> None:
    assert bool(fits(value)) is expected


def test_what_is_beyond_a_size_is_told_before_anything_is_encoded() -> None:
    text = "x" * MAX_INLINE_CHARACTERS
    assert fits({"a": [text] * 4}, 4 * MAX_INLINE_CHARACTERS - 1) is False
    assert fits({"a": [text] * 4}, 4 * MAX_INLINE_CHARACTERS)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (None, True),
        ({}, True),
        ({"a": {"b": "x"}}, True),
        ({"a": {"b": LARGE}}, False),
        ({"a": BoundedObject({"b": "x"}, MAX_INLINE_CHARACTERS)}, True),
        ({"a": BoundedObject({"b": "x"}, MAX_INLINE_CHARACTERS), "b": {"c": LARGE}}, False),
        # What the bounds say together is more than it is: then it's looked through.
        ({name: BoundedObject({"b": "x"}, MAX_INLINE_CHARACTERS) for name in "ab"}, True),
        ({name: BoundedObject({"b": LARGE}, MAX_INLINE_CHARACTERS) for name in "ab"}, False),
    ],
)
def test_small_data_is_told_by_its_bounds_where_it_has_any(data: Any, expected: bool) -> None:
    assert is_small(data) is expected
