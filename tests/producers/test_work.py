"""The work of a check grows as the draft does, whatever the draft is made of.

Work is counted, not timed: calls of functions, and characters that patterns are asked about.
"""

import importlib
import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import pytest

# Python's own reader of patterns: what a pattern does is told of what it is.
from re import _constants, _parser  # type: ignore[attr-defined]  # isort: skip

from orchestration.producers import qc
from orchestration.producers.qc.evaluating import evaluated
from orchestration.producers.qc.registry import BY_ID
from tests.producers.checking import draft

EVERYTHING: Final = list(BY_ID)
MODULES: Final = [
    importlib.import_module(f"{qc.__name__}.{module.name}")
    for module in pkgutil.iter_modules(qc.__path__)
]
UNITS: Final = [
    "We bake 40% rye on Monday, 7 December 2026, for $3. ",
    "# Bread\n\nIt takes [time](https://bakery.shop/time?utm_source=a).\n\n",
    "<p style='color:#000;background:#fff'>Bread <img src='a'></p>\n\n",
    "recieve breda ",
    "[", "[[", "(", "{{", "*|", "%%", "{%", "<", "<a ", "<!--", "<?x", "<a b='", "</", "!", ". 1",
    "*a ", "_a", "`", ">", "- ", "|", "\\", "&", "#", "@", "a@b.", "a.", "www.", "“", "I ", "AAAA",
    "monday ", "XXX", "???", "$", "1,", "one out of ", "[x]: ", "a: ", "\t ", "# a\n", "[a]: b\n",
    "<div>\n<a href='",
]  # fmt: skip
BLOCK: Final = 200
"""In place of the length to which paragraphs are parted, so that short texts have several parts."""
KINDS: Final = ["email", "x_post", "video_script"]
GUIDELINES: Final = {
    "never": ["all caps", "superlatives", "contractions", "first person singular", "emoji"],
    "bannedPhrases": ["bread bread"],
}


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        if hasattr(module, "MAX_BLOCK"):
            monkeypatch.setattr(module, "MAX_BLOCK", BLOCK)


def check(unit: str, length: int, kind: str = "blog_post") -> None:
    body = (unit * (length // len(unit) + 1))[:length]
    metadata = {"duration": 30}
    evaluated(
        draft(body, content_type=kind, guidelines=GUIDELINES, metadata=metadata), EVERYTHING, 0.8
    )


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, those in C too."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("unit", UNITS)
def test_the_calls_grow_no_faster_than_the_text(unit: str) -> None:
    check(unit, 8 * BLOCK)  # dictionaries are loaded, and words are known

    few = calls_of(lambda: check(unit, 4 * BLOCK))
    many = calls_of(lambda: check(unit, 8 * BLOCK))

    assert many < 2.3 * few


SEE_ALL: Final = frozenset(
    {"URL", "MERGE_TAG", "WORD", "_NOT_WORDS", "_MAYBE_NOT_WORDS", "_HASHTAG", "_ANY_NUMBER",
     "_JOINED_EMOJI",
     "_SPOKEN_NUMBER", "_CAMPAIGN_OF", "_ATTRIBUTE"}
)  # fmt: skip
"""The patterns that are asked about a whole text at once."""


class Counting:
    """A pattern that notes how many characters it's asked about."""

    def __init__(self, name: str, pattern: re.Pattern[str], asked: Counter[str]) -> None:
        self._name, self._pattern, self._asked = name, pattern, asked

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._pattern, method)
        if not callable(found):
            return found

        def ask(*arguments: Any) -> Any:
            text = arguments[1] if method == "sub" else arguments[0]
            assert self._name in SEE_ALL or len(text) <= 2 * BLOCK + 1
            self._asked[self._name] += len(text)
            return found(*arguments)

        return ask


def counted(name: str, value: object, asked: Counter[str]) -> object:
    """The value with counting patterns in place of its patterns."""
    match value:
        case re.Pattern():
            return Counting(name, value, asked)
        case tuple():
            return tuple(counted(name, each, asked) for each in value)
        case dict():
            return {key: counted(name, each, asked) for key, each in value.items()}
    return value


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many characters each pattern was asked about."""
    counts = Counter[str]()
    made = dict[int, object]()
    for module in MODULES:
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern) or name in {"_PLACEHOLDERS", "_TONE"}:
                made.setdefault(id(value), counted(name, value, counts))
                monkeypatch.setattr(module, name, made[id(value)])
    return counts


@pytest.mark.parametrize("unit", UNITS)
def test_patterns_see_a_part_at_a_time_and_each_part_a_few_times(
    unit: str, asked: Counter[str]
) -> None:
    length = 8 * BLOCK

    for kind in KINDS:
        check(unit, length, kind)

    assert {name: count for name, count in asked.items() if count > 6 * length * len(KINDS)} == {}


def test_what_a_pattern_that_sees_all_has_read_is_never_read_again() -> None:
    """Nothing that could fail follows a repetition without an end."""
    patterns = {
        name: value
        for module in MODULES
        for name, value in vars(module).items()
        if name in SEE_ALL and isinstance(value, re.Pattern)
    }

    assert patterns.keys() == SEE_ALL
    for name, pattern in patterns.items():
        assert not [*_repetitions_before_more(_parser.parse(pattern.pattern, pattern.flags))], name


def _repetitions_before_more(items: Sequence[Any], *, follows: bool = False) -> Iterator[object]:
    """The endless repetitions in a pattern that something follows which has to be there."""
    for at, (operator, argument) in enumerate(items):
        more = follows or any(_parser_width(items[at + 1 :]))
        if operator in {_constants.MAX_REPEAT, _constants.MIN_REPEAT}:
            if argument[1] is _constants.MAXREPEAT and more:
                yield items[at]
            yield from _repetitions_before_more(argument[2], follows=more)
        elif operator is _constants.SUBPATTERN:
            yield from _repetitions_before_more(argument[3], follows=more)
        elif operator is _constants.BRANCH:
            for branch in argument[1]:
                yield from _repetitions_before_more(branch, follows=more)


def _parser_width(items: Sequence[Any]) -> Iterator[int]:
    for operator, argument in items:
        if operator in {_constants.MAX_REPEAT, _constants.MIN_REPEAT}:
            yield argument[0]
        elif operator is _constants.SUBPATTERN:
            yield argument[3].getwidth()[0]
        else:
            yield 1
