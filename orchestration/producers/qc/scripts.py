"""Checks of scripts for videos: what is spoken, and how long that takes."""

import re
from collections.abc import Iterator
from typing import Final

from orchestration.producers.qc.checking import MAJOR, WHOLE, Draft, Issue, benchmark
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.markup import Block
from orchestration.producers.qc.text import words_of

WORDS_A_MINUTE: Final = 160
_MAX_SECONDS: Final = 100_000

UNSPOKEN = re.compile(
    r"\s*(?:visuals?|video|scene|shot|on[- ]screen(?: text)?|text(?: on screen| overlay)?|overlay|"
    r"b-roll|music|sfx|vfx|sound|audio cue|cut to|cutaway|transition|camera|super|lower third|"
    r"caption|title(?: card)?|graphics?|animation|logo|end card|location|setting|props|time|"
    r"timecode|duration|seconds|int|ext|bild|szene|einblendung|musik|ton|kamera|zeit)\b"
    r"[^:\n]{0,30}:",
    re.IGNORECASE,
)
"""The beginning of a script's line that nobody speaks."""
_SPOKEN_COLUMN = re.compile(
    r"\b(?:voice|voiceover|vo|audio|speaker|spoken|says?|dialogue|dialog|narration|narrator|"
    r"script|text|copy|sprecher\w*|off)\b",
    re.IGNORECASE,
)
_UNSPOKEN_COLUMN = re.compile(
    r"\b(?:visuals?|video|scene|shot|screen|b-roll|music|sfx|time|timecode|seconds|length|duration|"
    r"notes?|camera|image|picture|bild|szene|zeit|musik)\b|#|^$",
    re.IGNORECASE,
)
_STAGE = re.compile(r"\[[^\[\]\n]*\]|\([^()\n]*\)")
_TIME = re.compile(r"\b\d{1,2}:\d{2}(?:\s?[-–]\s?\d{1,2}:\d{2})?\b")  # noqa: RUF001
_SECONDS = re.compile(r"(\d{1,5})(?:\.0)?\s*(?:s|secs?|seconds?)?\.?", re.IGNORECASE)
_MINUTES = re.compile(r"(\d{1,3}(?:\.\d)?)\s*(?:m|mins?|minutes?)\.?", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})(?:\s*(?:min|minutes))?", re.IGNORECASE)


@benchmark(
    "spoken-length",
    "Spoken length",
    f"What a script says fits its duration at {WORDS_A_MINUTE} words a minute.",
    severity=MAJOR,
    source="Our own limit; the National Center for Voice and Speech gives 150 as usual",
    kinds=(Kind.VIDEO_SCRIPT,),
    settings="The draft's `duration` in seconds, or such as `1:30` and `2 min`, in its front "
    "matter or metadata.",
)
def spoken_length(draft: Draft) -> Iterator[Issue]:
    seconds = seconds_of(draft.given("duration"))
    if seconds is None:
        return
    has_spoken_column = any(_is_spoken_column(block) for block in draft.text.prose)
    spoken = sum(
        len(words_of(_without_directions(line)))
        for block in draft.text.prose
        if _is_spoken(block, has_spoken_column=has_spoken_column)
        for line in block.written.split("\n")
        if not UNSPOKEN.match(line)
    )
    takes = spoken * 60 / WORDS_A_MINUTE
    if takes > seconds:
        yield Issue(
            WHOLE,
            f"{spoken:,} spoken words take about {takes:.0f} seconds, longer than {seconds}.",
            f"Cut about {spoken - seconds * WORDS_A_MINUTE // 60:,} words, or plan a longer video.",
        )


def seconds_of(duration: str) -> int | None:
    """The seconds of a duration: `90`, `90 s`, `1:30`, `1.5 min`; None: it's no such text."""
    text = duration.strip()
    if (match := _SECONDS.fullmatch(text)) is not None:
        seconds = int(match[1])
    elif (match := _CLOCK.fullmatch(text)) is not None:
        seconds = int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(match[3])
    elif (match := _MINUTES.fullmatch(text)) is not None:
        seconds = round(float(match[1]) * 60)
    else:
        return None
    return seconds if 0 < seconds < _MAX_SECONDS else None


def _is_spoken_column(block: Block) -> bool:
    is_unspoken = _UNSPOKEN_COLUMN.search(block.column) is not None
    return _SPOKEN_COLUMN.search(block.column) is not None and not is_unspoken


def _is_spoken(block: Block, *, has_spoken_column: bool) -> bool:
    """Whether the words of a block are spoken: no head of a table's column, and, in a table, only
    what is in the columns for it."""
    if not block.column:
        return True
    if block.text == block.column:
        return False
    if has_spoken_column:
        return _is_spoken_column(block)
    return _UNSPOKEN_COLUMN.search(block.column) is None


def _without_directions(line: str) -> str:
    """The line without what stands in brackets, in brackets inside of brackets too, and times."""
    return _TIME.sub(" ", _STAGE.sub(" ", _STAGE.sub(" ", line)))
