"""Lines are the same however the parts of a file are cut, and from whichever line on."""

from collections.abc import AsyncIterator

import orjson
from hypothesis import given
from hypothesis import strategies as st

from orchestration.lines import Line, line_of, lines_of

LIMIT = 5
BOM = b"\xef\xbb\xbf"


async def in_parts(content: bytes, sizes: list[int]) -> AsyncIterator[bytes]:
    for size in sizes:
        yield content[:size]
        content = content[size:]
    yield content


async def lines(content: bytes, sizes: list[int], offset: int = 0, number: int = 1) -> list[Line]:
    parts = in_parts(content[offset:], sizes)
    return [line async for line in lines_of(parts, offset, number, LIMIT)]


def wanted(content: bytes) -> list[Line]:
    found, end = [], 0
    for number, text in enumerate(content.split(b"\n"), 1):
        begin, end = end, min(end + len(text) + 1, len(content))
        is_too_long = len(text) > LIMIT
        held = b"" if is_too_long else text
        found.append(Line(number, held.removeprefix(BOM) if begin == 0 else held, end, is_too_long))
    return found if found[-1].end > len(content[: content.rfind(b"\n") + 1]) else found[:-1]


contents = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\r\n", BOM, b"longer than that"])).map(
    b"".join
)
sizes = st.lists(st.integers(0, 9), max_size=6)


@given(content=contents, sizes=sizes)
async def test_they_are_those_between_line_feeds(content: bytes, sizes: list[int]) -> None:
    assert await lines(content, sizes) == wanted(content)


@given(content=contents, sizes=sizes, data=st.data())
async def test_whoever_goes_on_gets_the_rest(
    content: bytes, sizes: list[int], data: st.DataObject
) -> None:
    whole = await lines(content, sizes)
    count = data.draw(st.integers(0, len(whole)))
    offset = whole[count - 1].end if count else 0

    assert whole[:count] + await lines(content, sizes, offset, count + 1) == whole


any_text = st.text(st.characters(exclude_categories=[]))


@given(value=st.dictionaries(any_text, any_text))
async def test_whatever_a_text_has_a_line_of_json_has_it(value: dict[str, str]) -> None:
    line = line_of(value)

    assert line.splitlines() == [line.removesuffix("\n")]
    assert orjson.loads(line) == {quoted(name): quoted(text) for name, text in value.items()}


def quoted(text: str) -> str:
    """Surrogates as JSON has them: no text that is stored or sent may have them."""
    return text.encode("utf-8", "backslashreplace").decode()
