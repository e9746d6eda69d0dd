"""What a verdict asks of the next draft: its issues as changes that can be made."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from domain.production import Draft
from domain.qc import QcResult
from orchestration.producers.briefs.phrases import clean, is_absent
from orchestration.producers.qc.checking import normalized

MENDED: Final = "mended"
"""In the metadata of a draft that was written anew: what it was changed for, as pairs of a
benchmark's id and a reason."""
_MAX_REASONS: Final = 60
_MAX_REASON: Final = 500
_QUOTED = re.compile(r"“([^“”]{1,200})”")
_LIMIT = re.compile(r"(?:more than|longer than|takes) (\d[\d,]{0,9})\b")


@dataclass(frozen=True, slots=True)
class Amendments:
    """The changes; by default there are none."""

    left_out: frozenset[str] = frozenset()
    """Texts, normalized: what has one of them isn't used again."""
    added_phrases: tuple[str, ...] = ()
    added_sections: tuple[str, ...] = ()
    added_lines: tuple[str, ...] = ()
    undoubled: tuple[tuple[str, str], ...] = ()
    max_words: int | None = None
    max_characters: int | None = None
    max_seconds: int | None = None
    uses_all: bool = False
    """Pieces of a kind no longer share the brief's points: each uses all of them."""
    variant: int = 0
    """The share of the brief's points of so many pieces further."""
    parts_sentences: bool = False
    has_links: bool = True
    has_images: bool = True


_Change = Callable[[Amendments, str], Amendments]


class Mended(NamedTuple):
    """What an issue said that changes something."""

    benchmark_id: str
    reason: str


def understood(verdict: QcResult | None, previous: Draft | None) -> tuple[Mended, ...]:
    """All issues that change something: those that the previous draft was already changed for, so
    that they don't come back, and then those of its verdict.

    An issue changes something if it names a benchmark that is known here.
    """
    issues = (verdict.issues or ()) if verdict is not None else ()
    found = (
        *_mended_before(previous),
        *(Mended(issue.benchmark_id or "", issue.reason) for issue in issues),
    )
    known = (
        each for each in found if each.benchmark_id in _CHANGES and len(each.reason) <= _MAX_REASON
    )
    return tuple(known)[-_MAX_REASONS:]


def _mended_before(previous: Draft | None) -> Iterator[Mended]:
    noted = previous.metadata.to_python().get(MENDED) if previous is not None else None
    for each in noted if isinstance(noted, list) else ():
        match each:
            case [str(benchmark_id), str(reason)]:
                yield Mended(benchmark_id, reason)


def amendments_of(mended: Sequence[Mended]) -> Amendments:
    """The changes that mend these issues. What a reason quotes is read from it."""
    amended = Amendments()
    for benchmark_id, reason in mended:
        amended = _CHANGES[benchmark_id](amended, reason)
    return amended


def _quotes(reason: str) -> Iterator[str]:
    for text in _QUOTED.findall(reason):
        yield text.rstrip("…").strip()


def _leave_out(it: Amendments, reason: str) -> Amendments:
    texts = (normalized(text) for text in _quotes(reason))
    return replace(it, left_out=it.left_out | {text for text in texts if len(text) > 1})


def _add_phrase(it: Amendments, reason: str) -> Amendments:
    return replace(it, added_phrases=(*it.added_phrases, *_whole(reason)))


def _add_section(it: Amendments, reason: str) -> Amendments:
    return replace(it, added_sections=(*it.added_sections, *_whole(reason)))


def _add_line(it: Amendments, reason: str) -> Amendments:
    return replace(it, added_lines=(*it.added_lines, *_whole(reason)))


def _whole(reason: str) -> Iterator[str]:
    """The quoted texts that aren't cut."""
    for text in _QUOTED.findall(reason):
        if not text.endswith("…") and not is_absent(cleaned := clean(text)):
            yield cleaned


def _undouble(it: Amendments, reason: str) -> Amendments:
    doubled = ((text, text.split()[0]) for text in _quotes(reason) if text.split())
    return replace(it, undoubled=(*it.undoubled, *doubled))


def _limit(reason: str) -> int | None:
    match = _LIMIT.search(reason)
    return int(match[1].replace(",", "")) if match is not None else None


def _change_length(it: Amendments, reason: str) -> Amendments:
    if "fewer than" in reason:
        return replace(it, uses_all=True)
    return replace(it, max_words=_limit(reason) or it.max_words)


def _cut_post(it: Amendments, reason: str) -> Amendments:
    if "hashtags" in reason:
        return it
    return replace(it, max_characters=_limit(reason) or it.max_characters)


def _cut_speech(it: Amendments, reason: str) -> Amendments:
    return replace(it, max_seconds=_limit(reason) or it.max_seconds)


def _part_sentences(it: Amendments, reason: str) -> Amendments:
    return replace(it, parts_sentences=True)


_CHANGES: Final[Mapping[str, _Change]] = {
    "length": _change_length,
    "required-sections": _add_section,
    "placeholders": _leave_out,
    "banned-phrases": _leave_out,
    "required-phrases": _add_phrase,
    "tone": _leave_out,
    "doubled-words": _undouble,
    "near-duplicates": lambda it, _: replace(it, variant=it.variant + 1),
    "readability": _part_sentences,
    "long-sentences": _part_sentences,
    "unsupported-claims": _leave_out,
    "past-dates": _leave_out,
    "impossible-dates": _leave_out,
    "links": lambda it, _: replace(it, has_links=False),
    "alt-texts": lambda it, _: replace(it, has_images=False),
    "legal-lines": _add_line,
    "social-limits": _cut_post,
    "spoken-length": _cut_speech,
}
"""The change for each benchmark. Those that aren't here can't be mended by it: `spelling` is the
brief's own, and `call-to-action`, `unsubscribe`, `subject-length` and the like are met by every
draft that can meet them."""
