"""Parsing JSON that clients send: strictly by RFC 8259, whatever its size or depth.

A text with many values takes long to parse, and much memory. So its values are counted first, in
slices, and it's parsed in a thread that yields to the event loop.
"""

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any, Final, NoReturn

import orjson

SHORT_TEXT: Final = 64 * 1024
"""The bytes, or characters, of a text that `parse` parses quickly, whatever it contains."""
_SLICE: Final = 16 * 1024
_WINDOW: Final = 512 * 1024
"""The bytes that are scanned at once: this takes a few milliseconds."""
MAX_INLINE_VALUES: Final = 20_000
"""The values that are parsed in the event loop: this takes a few milliseconds."""
_OTHER_VALUES: Final = 100
"""The values that a request may have beside its variables."""
_DIGITS_TO_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LARGE_INTEGER = b"0" * 19
"""With so many digits in a row, an integer may be too large for `orjson` to keep exactly."""
_SEPARATORS: Final = (b",", b"{", b"[")
_OUTSIDE = re.compile(rb'[^"]*')
_INSIDE = re.compile(rb'(?:[^"\\]|\\.)*+', re.DOTALL)


class NotJson(ValueError):
    """The text isn't JSON; the message says why."""


class TooMuchJson(Exception):
    """The text exceeds a limit, which the message names."""


def parse(text: bytearray | str) -> Any:
    """The value of the text. Raises NotJson and TooMuchJson.

    Integers keep all digits, and lone surrogates stay: they are refused later, with the name of the
    field.
    """
    # For large texts with many values `orjson` takes more memory: it shares no short strings.
    if isinstance(text, bytearray) and _LARGE_INTEGER not in text.translate(_DIGITS_TO_ZEROS):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # Python's parser accepts lone surrogates, and its errors are better.
    return _parsed(text, _DECODER)


async def parse_large(text: bytearray, max_values: int) -> Any:
    """Like `parse`, without blocking the event loop for long.

    Raises TooMuchJson before it parses a text that must have more values.
    """
    separators, has_large_integers = await _scanned(text)
    # Strings may contain separators, too.
    is_many = (
        separators > MAX_INLINE_VALUES and await _count_values(text, max_values) > MAX_INLINE_VALUES
    )
    if not is_many and not has_large_integers:
        try:
            value = orjson.loads(text)
            await asyncio.sleep(0)  # it may have taken 30 milliseconds
            return value
        except orjson.JSONDecodeError:
            pass  # as above
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREAD, _parsed, text, _YIELDING_DECODER)


async def _scanned(text: bytearray) -> tuple[int, bool]:
    """The number of characters that separate values, and whether there may be integers that
    are too large for `orjson`."""
    separators, has_large_integers = 0, False
    for start in range(0, len(text), _WINDOW):
        # It begins with the end of the one before, where a number may have begun.
        window = bytes(memoryview(text)[max(start - len(_LARGE_INTEGER), 0) : start + _WINDOW])
        separators += sum(map(window.count, _SEPARATORS))
        has_large_integers = has_large_integers or _LARGE_INTEGER in window.translate(
            _DIGITS_TO_ZEROS
        )
        await asyncio.sleep(0)
    return separators, has_large_integers


async def _count_values(text: bytearray, most: int) -> int:
    """How many values there are, or more: each is behind a comma, or the first within another.

    Raises TooMuchJson when there are more than `most`, beside those of the request itself.
    """
    commas = openings = position = 0
    is_inside = False
    while position < len(text):
        window = bytes(memoryview(text)[position : position + _SLICE])
        start = 0
        while start < len(window):
            found = (_INSIDE if is_inside else _OUTSIDE).match(window, start)
            assert found is not None
            if not is_inside:
                commas += window.count(b",", start, found.end())
                openings += sum(window.count(it, start, found.end()) for it in (b"{", b"["))
            start = found.end()
            if start < len(window) and window[start] == ord('"'):
                is_inside = not is_inside
                start += 1
            elif start < len(window):
                break  # a backslash whose character is in the next window
        position += max(start, 1)
        if commas > most + _OTHER_VALUES:
            raise TooMuchJson(f"has more than {most:,} values")
        await asyncio.sleep(0)
    return commas + openings


def _parsed(text: bytearray | str, decoder: json.JSONDecoder) -> Any:
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        return decoder.decode(decoded)
    except UnicodeDecodeError:
        raise NotJson("must be in UTF-8") from None
    except RecursionError:
        raise TooMuchJson("is nested too deeply") from None
    except NotJson:
        raise
    except ValueError as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise NotJson(f"must be JSON: {reason}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"must be JSON: {name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
_YIELDING_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
# The scanner in C holds the interpreter lock to its end; this one releases it to other threads.
_YIELDING_DECODER.scan_once = py_make_scanner(_YIELDING_DECODER)  # type: ignore[attr-defined]
_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="json")
"""A single thread: with several, the event loop would run less often."""
