"""Lines of JSON: those of a file, read as a stream of which one is held at a time, and new ones."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final, NamedTuple, NoReturn

from domain.errors import ValidationFailed, Violation
from domain.json_object import dumps
from domain.transfers import MAX_LINE_BYTES

_BOM: Final = b"\xef\xbb\xbf"
_ESCAPED: Final = re.compile("[\x85\u2028\u2029\ud800-\udfff]")
"""What some programs take for the end of a line, and surrogates, which are no text in UTF-8."""


class Line(NamedTuple):
    """A line without its end; what isn't held of one that is too long counts as well."""

    number: int
    """From 1 on."""
    content: bytes
    end: int
    """Where the next line begins."""
    is_too_long: bool


async def lines_of(
    parts: AsyncIterator[bytes], offset: int, number: int, limit: int = MAX_LINE_BYTES
) -> AsyncGenerator[Line, None]:
    """The lines of a file from the offset on, where the line with this number begins.

    They end with LF, or with the file. A byte order mark at the beginning of the file isn't part of
    its first line.
    """
    try:
        held, length = bytearray(), 0
        begin = offset
        async for part in parts:
            position = 0
            while (end := part.find(b"\n", position)) != -1:
                if length <= limit:
                    held += memoryview(part)[position : min(end, position + limit + 1)]
                length += end - position
                yield _line(held, length, number, begin, limit, ending=1)
                begin += length + 1
                number += 1
                held, length = bytearray(), 0
                position = end + 1
            rest = len(part) - position
            if length <= limit:
                held += memoryview(part)[position : position + limit + 1]
            length += rest
        if length:
            yield _line(held, length, number, begin, limit, ending=0)
    finally:
        # Nothing of it is open any more when the store is closed.
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


def _line(
    held: bytearray, length: int, number: int, begin: int, limit: int, *, ending: int
) -> Line:
    is_too_long = length > limit
    content = b"" if is_too_long else bytes(held)
    if begin == 0:
        content = content.removeprefix(_BOM)
    return Line(number, content, begin + length + ending, is_too_long)


def value_of(line: Line) -> Any:
    """The JSON value of a line. Raises ValidationFailed."""
    if line.is_too_long:
        _refuse(f"must have at most {MAX_LINE_BYTES:,} bytes")
    try:
        text = line.content.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("must be in UTF-8")
    if not text.strip():
        _refuse("must not be blank")
    try:
        return _DECODER.decode(text)
    except RecursionError:
        _refuse("is nested too deeply")
    except json.JSONDecodeError as error:
        _refuse(f"must be JSON: {error.msg} at character {error.pos + 1:,}")
    except ValueError as error:
        _refuse(str(error) if isinstance(error, _NotJson) else "must be JSON: a number is too long")


def line_of(value: Mapping[str, object]) -> str:
    """The value as a line of JSON, with its end; it's in the middle of no other line's text.

    A lone surrogate becomes the text of its escape, such as `\\ud800`: it can be neither stored nor
    sent, and some programs read no JSON that has one.
    """
    return f"{_ESCAPED.sub(_escape, dumps(value))}\n"


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    escape = f"\\u{ord(character):04x}"
    return f"\\{escape}" if "\ud800" <= character <= "\udfff" else escape


class _NotJson(ValueError):
    """JSON has no such constant."""


def _refuse_constant(name: str) -> NoReturn:
    raise _NotJson(f"must be JSON: {name} is not a JSON number")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _refuse(message: str) -> NoReturn:
    """Of the line as a whole: no field is to blame."""
    raise ValidationFailed([Violation((), message)])
