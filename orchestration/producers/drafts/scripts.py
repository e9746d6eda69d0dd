"""Scripts of videos: what is seen, and what is said."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.phrases import as_sentence
from orchestration.producers.drafts.sections import Said
from orchestration.producers.drafts.writing import Writing, Written, body_of
from orchestration.producers.qc.text import words_of

SPOKEN_A_MINUTE: Final = 150


class Scene(NamedTuple):
    """What is seen (`label` says how) while something is said."""

    label: str
    shown: str
    spoken: tuple[str, ...]


_ON_SCREEN: Final = "On-screen text"


def script_of(writing: Writing) -> Written:
    """Scenes from the problem to the call to action, as long as the video may be."""
    material = writing.material
    seconds = writing.seconds
    if (most := writing.amendments.max_seconds) is not None:
        seconds = min(seconds or most, most)
    room = writing.max_words if seconds is None else seconds * SPOKEN_A_MINUTE // 60
    room -= 1 + len(words_of(writing.action.spoken))
    said = Said([writing.title])
    kept = _within(_scenes(material, said), room)
    picture = next((each.alt for each in material.images), "")
    shown = (
        (_ON_SCREEN, writing.title),
        ("Visual", picture) if picture else (_ON_SCREEN, material.subject),
        (_ON_SCREEN, ""),
        (_ON_SCREEN, ""),
    )
    scenes = (
        *(Scene(label, text, spoken) for (label, text), spoken in zip(shown, kept, strict=True)),
        Scene(_ON_SCREEN, material.company, (writing.action.spoken,)),
    )
    context: dict[str, object] = {"title": writing.title, "scenes": tuple(_told(scenes))}
    body = body_of(writing, context)
    return Written(body, {} if writing.seconds is None else {"duration": writing.seconds})


def _scenes(material: Material, said: Said) -> tuple[tuple[str, ...], ...]:
    return (
        tuple(map(as_sentence, said.new(material.problems[:2]))),
        tuple(map(as_sentence, said.new(material.description[:2]))),
        tuple(map(as_sentence, said.new((*material.messages[:1], *material.benefits[:3])))),
        tuple(map(as_sentence, said.new((*material.proof[:2], *material.offer[:1])))),
    )


def _told(scenes: Iterable[Scene]) -> Iterator[Scene]:
    """The scenes that have something, each with what it shows only where that changes."""
    last = ""
    for scene in scenes:
        shown = "" if scene.shown == last else scene.shown
        last = scene.shown or last
        if shown or scene.spoken:
            yield scene._replace(shown=shown)


def _within(scenes: Sequence[Sequence[str]], room: int) -> tuple[tuple[str, ...], ...]:
    """The scenes with so many words at most: their first sentences in turn, then their second.

    Checks of drafts count the word `Voiceover` before each, too.
    """
    kept: list[dict[int, str]] = [{} for _ in scenes]
    for turn in range(max(map(len, scenes), default=0)):
        for place, sentences in enumerate(scenes):
            if turn < len(sentences) and (words := 1 + len(words_of(sentences[turn]))) <= room:
                kept[place][turn] = sentences[turn]
                room -= words
    return tuple(tuple(each.values()) for each in kept)


_SECONDS: Final = re.compile(
    r"(\d{1,3})[\s-]*(?:(s|secs?|seconds?)|(m|mins?|minutes?))\b", re.IGNORECASE
)


def seconds_in(text: str) -> int | None:
    """The length of a video that a text names."""
    match = _SECONDS.search(text)
    if match is None or int(match[1]) == 0:
        return None
    return int(match[1]) * (60 if match[3] else 1)
