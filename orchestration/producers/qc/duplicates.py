"""The check against the client's other drafts."""

from collections.abc import Iterator
from functools import lru_cache
from heapq import nsmallest
from typing import Final
from zlib import crc32

from orchestration.producers.ports import MAX_OTHER_CHARACTERS, MAX_OTHERS
from orchestration.producers.qc.checking import MAJOR, WHOLE, Draft, Issue, benchmark, quoted
from orchestration.producers.qc.front_matter import parted
from orchestration.producers.qc.text import words_of

_SHINGLE: Final = 4
_SKETCH: Final = 256
_MIN_WORDS: Final = 12
SIMILAR: Final = 0.4


@lru_cache(512)
def _sketch_of_draft(body: str) -> frozenset[int]:
    """The sketch of a draft's text, without its front matter."""
    return sketch_of(parted(body)[1])


def sketch_of(text: str) -> frozenset[int]:
    """The smallest hashes of all runs of some words: equal texts have equal ones.

    The share of what two sketches have in common estimates that of the runs of words.
    """
    words = [word.lower().replace("\u2019", "'").encode() for word in words_of(text)]
    if len(words) < _MIN_WORDS:
        return frozenset()
    hashes = {
        crc32(b" ".join(words[at : at + _SHINGLE])) for at in range(len(words) - _SHINGLE + 1)
    }
    return frozenset(nsmallest(_SKETCH, hashes))


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """The estimated share, 0 to 1, of runs of words that two texts have in common.

    Below `SIMILAR` it may be any number that is below, too.
    """
    if not one or not other:
        return 0.0
    most = len(one & other) / max(len(one), len(other))
    if most < SIMILAR:
        return most  # it can't be more, and that is all that matters
    smallest = nsmallest(_SKETCH, one | other)
    return sum(1 for hashed in smallest if hashed in one and hashed in other) / len(smallest)


@benchmark(
    "near-duplicates",
    "Near-duplicates",
    f"Of the runs of {_SHINGLE} words that the draft or another of the client's drafts has, less "
    f"than {SIMILAR:.0%} are in both. The {MAX_OTHERS} latest are compared.",
    severity=MAJOR,
    source="Andrei Broder, On the Resemblance and Containment of Documents (1997)",
)
def near_duplicates(draft: Draft) -> Iterator[Issue]:
    if not draft.subject.others:
        return
    own = _sketch_of_draft(draft.subject.body[:MAX_OTHER_CHARACTERS])
    for other in draft.subject.others[:MAX_OTHERS]:
        alike = similarity(own, _sketch_of_draft(other.body[:MAX_OTHER_CHARACTERS]))
        if alike >= SIMILAR:
            yield Issue(
                WHOLE,
                f"{alike:.0%} of the text is also in the draft {quoted(other.title)} "
                f"({other.draft_id[:200]}).",
                "Write what is new here, or use the other draft.",
            )
