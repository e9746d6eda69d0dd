"""JSON that clients send: large texts are parsed as small ones are, and leave turns to others."""

import asyncio
import json
from typing import Any

import pytest

from server.json_texts import (
    MAX_INLINE_VALUES,
    SHORT_TEXT,
    NotJson,
    TooMuchJson,
    parse,
    parse_large,
)

MAX_VALUES = 300_000
QUOTED = '{[,\\"' * 20_000 + "é"


def large(value: Any) -> bytearray:
    text = bytearray(json.dumps(value), "utf-8")
    assert len(text) > SHORT_TEXT
    return text


@pytest.mark.parametrize(
    "value",
    [
        {"text": "x" * SHORT_TEXT},
        {"text": QUOTED},
        {"escapes": '\n"\\' * SHORT_TEXT},
        {"numbers": [2**70, -1.5e-7] * MAX_INLINE_VALUES},
        {"many": [{"a": ["b", None, True]}] * MAX_INLINE_VALUES},
        {"lone": "\ud800" * SHORT_TEXT},
        {QUOTED: {QUOTED: [QUOTED] * 10}},
    ],
    ids=lambda value: str(value)[:15],
)
async def test_large_texts_are_parsed_as_small_ones_are(value: Any) -> None:
    assert await parse_large(large(value), MAX_VALUES) == value == parse(json.dumps(value))


@pytest.mark.parametrize(
    "text",
    [
        "[" + "{}," * MAX_INLINE_VALUES + "{}]",
        "[" + "[1,2]," * MAX_INLINE_VALUES + '"x' + "," * SHORT_TEXT + '"]',
    ],
)
async def test_bad_texts_are_refused_alike(text: str) -> None:
    for bad in (f"{text}]", text.replace("]", "", 1) + "}", text[:-1], text.replace("1", "NaN", 1)):
        with_message = []
        for attempt in (lambda bad=bad: parse(bad), None):
            try:
                given = bytearray(bad, "utf-8")
                found = attempt() if attempt else await parse_large(given, MAX_VALUES)
            except (NotJson, TooMuchJson) as error:
                with_message.append(str(error))
            else:
                with_message.append(repr(found))
        assert with_message[0] == with_message[1]


async def test_too_many_values_are_refused_before_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.json_texts._parsed", None)
    monkeypatch.setattr("server.json_texts.parse", None)
    text = bytearray(b'{"variables":{"a":[' + b"{}," * (3 * 1024 * 1024) + b"{}]}}")
    with pytest.raises(TooMuchJson, match="has more than 300,000 values"):
        await parse_large(text, MAX_VALUES)


async def test_as_many_values_as_are_allowed_are_parsed() -> None:
    assert len(await parse_large(large([{}] * MAX_VALUES), MAX_VALUES)) == MAX_VALUES


async def test_what_is_in_strings_is_no_value() -> None:
    assert await parse_large(large([QUOTED] * 30), 1_000) == [QUOTED] * 30


async def test_others_have_their_turns_while_many_values_are_parsed() -> None:
    parsing = asyncio.create_task(parse_large(large([{"a": 1}] * (MAX_VALUES // 3)), MAX_VALUES))
    turns = 0
    while not parsing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert len(parsing.result()) == MAX_VALUES // 3
    assert turns >= 10
