"""What checks get and give, and how they are registered."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from domain.qc import QcSeverity
from orchestration.producers.ports import QcBenchmark, QcSubject
from orchestration.producers.qc.guide import Guide
from orchestration.producers.qc.kinds import Kind, channel_of, kind_of
from orchestration.producers.qc.markup import MAX_BLOCK
from orchestration.producers.qc.text import Text
from orchestration.producers.texts import texts_of

CRITICAL, MAJOR, MINOR = QcSeverity.CRITICAL, QcSeverity.MAJOR, QcSeverity.MINOR
WHOLE: Final = "Whole text"
_MAX_NUMBER: Final = 10**9


class Issue(NamedTuple):
    section: str
    reason: str
    hint: str
    severity: QcSeverity | None = None
    """None: its benchmark's."""


class Draft:
    """A draft, as checks see it; each part is made when the first check asks for it."""

    def __init__(self, subject: QcSubject) -> None:
        self.subject = subject
        self.kind = kind_of(subject.content_type)
        self.text = Text(
            subject.body,
            keeps_lines=self.kind in {Kind.SOCIAL_POST, Kind.VIDEO_SCRIPT},
            reads_html_code=self.kind in {Kind.EMAIL, Kind.LANDING_PAGE},
        )
        self.guide = Guide.of(subject.guidelines, self.kind, self.given("language"))
        self.channel = channel_of(self.given("channel"), subject.content_type)

    def given(self, key: str) -> str:
        """What front matter says about the draft, else what its metadata says, else nothing.

        Numbers and booleans come as text.
        """
        value = self.text.front.get(key.lower(), self.subject.metadata.get(key))
        if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _MAX_NUMBER):
            return str(value).lower()
        return value.strip()[:MAX_BLOCK] if isinstance(value, str) else ""

    def is_so(self, key: str) -> bool:
        """Whether front matter or metadata says yes."""
        return self.given(key).lower() in {"yes", "true", "on", "1", "ja"}

    @cached_property
    def known(self) -> str:
        """All words of the brief and of its guidelines."""
        return "\n".join((self.subject.brief or "", *texts_of(self.subject.guidelines)))

    @cached_property
    def outside(self) -> tuple[tuple[str, str], ...]:
        """What is read before the text, as (section, text)."""
        texts = (
            ("Title", self.subject.title[:MAX_BLOCK]),
            ("Subject", self.given("subject")),
            ("Preheader", self.given("preheader")),
        )
        return tuple((section, text) for section, text in texts if text)

    @cached_property
    def everything(self) -> tuple[tuple[str, str], ...]:
        """All that is read of the draft, as (section, text) of `MAX_BLOCK` characters at most."""
        return (*self.outside, *((block.section, block.text) for block in self.text.blocks))

    @cached_property
    def written(self) -> tuple[tuple[str, str], ...]:
        """`everything` without code."""
        blocks = ((block.section, block.written) for block in self.text.blocks if block.written)
        return (*self.outside, *blocks)

    @cached_property
    def lowered(self) -> str:
        """`everything` as one text to look phrases up in: lower case, single spaces."""
        return normalized("\n".join(text for _, text in self.everything))


def normalized(text: str) -> str:
    """Lower case, with straight quotes and single spaces: how phrases are compared."""
    return " ".join(text.lower().replace("\u2019", "'").replace("\u2018", "'").split())


def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Finds a phrase as whole words in a normalized text."""
    begin = r"(?<!\w)" if phrase[:1].isalnum() else ""
    end = r"(?!\w)" if phrase[-1:].isalnum() else ""
    return re.compile(begin + re.escape(normalized(phrase)) + end)


def quoted(text: str, most: int = 60) -> str:
    """The text in quotes, cut where it's long."""
    text = " ".join(text.split())
    return f"“{text if len(text) <= most else text[: most - 1].rstrip() + '…'}”"


Check = Callable[[Draft], Iterable[Issue]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A check with the benchmark that it decides.

    `needs_brief`: without a brief it has nothing to compare with.
    """

    benchmark: QcBenchmark
    check: Check
    needs_brief: bool = False

    def applies_to(self, draft: Draft) -> bool:
        kinds = self.benchmark.content_types
        if self.needs_brief and draft.subject.brief is None:
            return False
        return not kinds or draft.kind in kinds


def benchmark(
    benchmark_id: str,
    name: str,
    description: str,
    *,
    severity: QcSeverity,
    source: str,
    kinds: tuple[Kind, ...] = (),
    settings: str = "",
    needs_brief: bool = False,
) -> Callable[[Check], Registered]:
    """Registers a check."""
    described = QcBenchmark(
        benchmark_id, name, description, tuple(map(str, kinds)), severity, source, settings
    )

    def register(check: Check) -> Registered:
        return Registered(described, check, needs_brief)

    return register


def first_of_each(found: Iterable[tuple[str, Issue]]) -> Iterator[Issue]:
    """The first issue of each thing, told by its name."""
    seen = set[str]()
    for name, issue in found:
        if name not in seen:
            seen.add(name)
            yield issue
