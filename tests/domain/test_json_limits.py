"""JSON documents of commands keep to limits, each tested on both sides."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import builders as build
from tests.domain.commands import (
    INFINITE,
    NAN,
    violations,
)

JSON_FIELDS = [
    (build.submit_intake, "responses"),
    (build.normalize_brief, "brand_guidelines"),
    (build.save_draft, "metadata"),
]

every_json = pytest.mark.parametrize(
    ("command", "field"), JSON_FIELDS, ids=[field for _, field in JSON_FIELDS]
)


def _nested(levels: int) -> dict[str, Any]:
    """Objects and lists in turn, the innermost empty."""
    value: Any = {} if levels % 2 else []
    for level in range(levels - 1, 0, -1):
        value = {"a": value} if level % 2 else [value]
    return dict(value)


def _of_bytes(size: int) -> dict[str, Any]:
    """The last character takes two bytes."""
    return {"a": "x" * (size - len('{"a":""}') - 2) + "\u00e4"}


RIGHT_JSON: dict[str, dict[str, Any]] = {
    "nothing": {},
    "no name": {"": ""},
    "everything": {"a": [1, 1.5, "x", None, True, False, {}, []]},
    "integers of 64 bits": {"least": -(2**63), "greatest": 2**63 - 1},
    "the greatest float": {"float": 1.7976931348623157e308},
    "any character": {"\U0001f600\n": "\x01\u2028"},
    "32 levels": _nested(32),
    "256 KiB": _of_bytes(256 * 1024),
}


@every_json
@pytest.mark.parametrize("value", RIGHT_JSON.values(), ids=RIGHT_JSON)
def test_json_is_an_object_within_limits(
    command: Callable[..., Any], field: str, value: dict[str, Any]
) -> None:
    assert violations(command(**{field: value})) == []


WRONG_JSON = {
    "a list": [],
    "a text": "x",
    "a number": 1,
    "a boolean": True,
    "an integer of 65 bits": {"a": 2**63},
    "a negative integer of 65 bits": {"a": [-(2**63) - 1]},
    "an integer of 5,000 digits": {"a": 10**5_000},
    "not a number": {"a": NAN},
    "infinity": {"a": INFINITE},
    "negative infinity, deep": {"a": [{"b": -INFINITE}]},
    "NUL": {"a": "\x00"},
    "a high surrogate": {"a": ["\ud800"]},
    "a low surrogate": {"a": {"b": "\udfff"}},
    "NUL in a name": {"\x00": 1},
    "a surrogate in a name": {"\ud800": 1},
    "NUL in a name, deep": {"a": [{"b\x00": 1}]},
    "another object": {"a": object()},
    "33 levels": _nested(33),
    "a byte too many": _of_bytes(256 * 1024 + 1),
}


@every_json
@pytest.mark.parametrize("value", WRONG_JSON.values(), ids=WRONG_JSON)
def test_other_json_is_refused(command: Callable[..., Any], field: str, value: Any) -> None:
    assert violations(command(**{field: value})) == [(field,)]


def test_json_however_deep_is_refused_without_recursion() -> None:
    assert violations(build.save_draft(metadata=_nested(100_000))) == [("metadata",)]


def test_the_message_points_into_the_json() -> None:
    value = {"a/b": [0, {"c~d": "\x00"}], "\ud800": 1, "e": 2**63}

    messages = [violation.message for violation in build.save_draft(metadata=value).violations()]

    assert sorted(messages) == [
        "integers must fit in 64 bits, at /e",
        "must not contain NUL (U+0000), at /a~1b/1/c~0d",
        "names must not contain lone surrogates (U+D800 to U+DFFF)",
    ]


@every_json
def test_only_responses_are_needed(command: Callable[..., Any], field: str) -> None:
    if field != "responses":
        assert violations(command(**{field: None})) == []
