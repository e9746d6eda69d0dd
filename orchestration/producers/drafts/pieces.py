"""The pieces of content: what each kind has, and in which form."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.phrases import as_sentence, headline_of
from orchestration.producers.drafts.amendments import Amendments
from orchestration.producers.drafts.brand import Brand
from orchestration.producers.drafts.links import Action
from orchestration.producers.drafts.markdown import UNSUBSCRIBE, Markdown, image, rendered
from orchestration.producers.drafts.sections import Outline, Said, sections_of
from orchestration.producers.qc.channels import MAX_SUBJECT, PREHEADER, SOCIAL_LIMITS, social_length
from orchestration.producers.qc.checking import normalized, phrase_pattern
from orchestration.producers.qc.kinds import Kind
from orchestration.producers.qc.text import words_of

USUAL_WORDS: Final[Mapping[Kind, int]] = {
    Kind.BLOG_POST: 700,
    Kind.EMAIL: 160,
    Kind.LANDING_PAGE: 320,
    Kind.SOCIAL_POST: 70,
    Kind.VIDEO_SCRIPT: 150,
}
"""So many words a piece has at most, unless the brand's guidelines have a range of their own."""
SPOKEN_A_MINUTE: Final = 150
_AROUND: Final = 25
"""Words of headings, the call to action and the footer."""
_LEAST_PAGE: Final = 140
_MAX_HASHTAGS: Final = 3
_MAX_POINTS: Final = 3

_OUTLINES: Final[Mapping[Kind, tuple[Outline, ...]]] = {
    Kind.BLOG_POST: (
        Outline("opening", 8, 1),
        Outline("problems", 5, 2),
        Outline("story", 8, 7),
        Outline("audience", 1, 2),
        Outline("gains", 10, 3),
        Outline("features", 12, 6),
        Outline("steps", 8, 4),
        Outline("proof", 6, 3),
        Outline("quotes", 2, 5),
        Outline("questions", 6, 8),
        Outline("price", 5, 2),
    ),
    Kind.LANDING_PAGE: (
        Outline("opening", 2, 1),
        Outline("audience", 1, 5),
        Outline("benefits", 6, 2, is_list=True),
        Outline("features", 12, 2),
        Outline("steps", 6, 3),
        Outline("proof", 3, 5),
        Outline("quotes", 1, 6),
        Outline("questions", 3, 7),
        Outline("price", 3, 1),
    ),
    Kind.EMAIL: (
        Outline("problems", 1, 3),
        Outline("opening", 2, 2),
        Outline("benefits", 3, 4, is_list=True),
        Outline("proof", 1, 5),
        Outline("quotes", 1, 6),
        Outline("offer", 2, 1),
    ),
}


@dataclass(frozen=True, slots=True)
class Writing:
    """What a piece is written from. `channel` is the network's name, where it's one."""

    kind: Kind
    title: str
    material: Material
    brand: Brand
    amendments: Amendments
    action: Action
    channel: str | None
    seconds: int | None
    """How long a video is to be, where the brief says it."""
    blog_posts: int
    """How many the campaign has: a page beside them is short, so that it doesn't repeat them."""

    @property
    def max_words(self) -> int:
        """The words that the piece may have in all."""
        usual, own = USUAL_WORDS[self.kind], self.brand.guide.length
        if self.kind is Kind.LANDING_PAGE and self.blog_posts:
            its_own = sum(len(words_of(each)) for each in self.material.features)
            shared = max(_LEAST_PAGE, self.material.words // (2 + self.blog_posts))
            usual = min(usual, shared + its_own)
        most = usual if own is None else own.most if own.least > usual else min(usual, own.most)
        return min(most, self.amendments.max_words or most)

    @property
    def legal(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.brand.guide.legal_lines, *self.amendments.added_lines)))

    @property
    def required_sections(self) -> tuple[str, ...]:
        added = self.amendments.added_sections
        return tuple(dict.fromkeys((*self.brand.guide.required_sections, *added)))

    def missing_phrases(self, text: str) -> tuple[str, ...]:
        """The required phrases that the text lacks, as sentences."""
        phrases = dict.fromkeys(
            (*self.brand.guide.required_phrases, *self.amendments.added_phrases)
        )
        found = normalized(text)
        return tuple(
            as_sentence(each) for each in phrases if not phrase_pattern(each).search(found)
        )


class Written(NamedTuple):
    body: str
    metadata: dict[str, object]


def written(writing: Writing) -> Written:
    """The piece in Markdown, with what metadata says of it."""
    match writing.kind:
        case Kind.SOCIAL_POST:
            return Written(_social_post(writing), {})
        case Kind.VIDEO_SCRIPT:
            return _video_script(writing)
        case Kind.EMAIL:
            return _email(writing)
        case _:
            return Written(_page(writing), {})


def _room(writing: Writing) -> int:
    return max(0, writing.max_words - _AROUND - len(words_of(" ".join(writing.legal))))


def _plain(*texts: str) -> str:
    return "\n".join(texts)


def _body(template: str, writing: Writing, context: dict[str, object], *outside: str) -> str:
    """The template's text, with the phrases that the brand requires and the text lacks."""
    context |= {"action": writing.action, "legal": writing.legal, "closing": ()}
    text = rendered(template, context)
    shown = text.replace("\\", "")
    if closing := writing.missing_phrases(_plain(shown, *outside)):
        text = rendered(template, context | {"closing": closing})
    return text


def _images(writing: Writing) -> tuple[Markdown, ...]:
    if not writing.amendments.has_images:
        return ()
    return tuple(image(each.alt, each.address) for each in writing.material.images[:1])


def _page(writing: Writing) -> str:
    sections = sections_of(
        writing.material,
        _OUTLINES[writing.kind],
        writing.required_sections,
        Said([writing.title]),
        _room(writing),
    )
    leads = bool(sections) and sections[-1].key == "price"
    context: dict[str, object] = {
        "title": writing.title,
        "sections": sections,
        "images": _images(writing),
        "next_heading": "" if leads or not sections else "The next step",
        "repeats_action": len(sections) > 2 and len(words_of(writing.action.label)) < _REPEATED,
    }
    return _body(f"{writing.kind}.md.j2", writing, context, writing.title)


_REPEATED: Final = 5
"""A call to action of fewer words may stand at both ends of a page."""


def _email(writing: Writing) -> Written:
    material = writing.material
    subject = _subject(writing)
    said = Said([subject])
    sections = sections_of(
        material, _OUTLINES[Kind.EMAIL], writing.required_sections, said, _room(writing)
    )
    unheaded = tuple(
        each if each.heading in writing.required_sections else each.without_heading()
        for each in sections
    )
    preheader = _preheader(material, subject)
    context: dict[str, object] = {
        "sections": unheaded,
        "company": material.company,
        "address": material.address,
        "unsubscribe": Markdown(UNSUBSCRIBE),
    }
    body = _body("email.md.j2", writing, context, subject, preheader)
    found = {"subject": subject, "preheader": preheader}
    return Written(body, {key: value for key, value in found.items() if value})


def _subject(writing: Writing) -> str:
    """The title, if it's short enough, else the first headline that is; else the title's words, as
    many as there is room for."""
    for text in (writing.title, *writing.material.headlines):
        if subject := headline_of(text, MAX_SUBJECT):
            return subject
    return writing.title[:MAX_SUBJECT].rpartition(" ")[0] or writing.title[:MAX_SUBJECT]


def _preheader(material: Material, subject: str) -> str:
    """The first sentence that is as long as a preheader is and not the subject; else nothing."""
    least, most = PREHEADER
    candidates = (
        *material.offer,
        *material.benefits,
        *material.messages,
        *material.description,
        *material.problems,
    )
    for each in candidates:
        text = as_sentence(each)
        if least <= len(text) <= most and normalized(each) != normalized(subject):
            return text
    return ""


def _social_post(writing: Writing) -> str:
    """The post with as many points, and then hashtags, as the network's limit leaves room for."""
    material = writing.material
    said = Said([writing.title])
    points = [*said.new((*material.benefits, *material.proof, *material.messages, *material.offer))]
    points = points[:_MAX_POINTS] or [*said.new(material.description[:2])]
    limit = writing.amendments.max_characters
    if writing.channel is not None:
        limit = min(limit or _UNLIMITED, SOCIAL_LIMITS[writing.channel].characters)
    for count, tags in _fewer(len(points), len(material.hashtags[:_MAX_HASHTAGS])):
        text = _post(writing, as_sentence(writing.title), points[:count], material.hashtags[:tags])
        fits = limit is None or social_length(text.strip(), writing.channel or "") <= limit
        if fits and len(words_of(text)) <= writing.max_words:
            return text
    over = social_length(text.strip(), writing.channel or "") - (limit or _UNLIMITED)
    shorter = headline_of(writing.title, max(0, len(writing.title) - over - 1)) if over > 0 else ""
    return _post(writing, as_sentence(shorter), [], []) if shorter else text


_UNLIMITED: Final = 100_000


def _fewer(points: int, tags: int) -> Iterator[tuple[int, int]]:
    """Numbers of points and hashtags: all of them first, and none last."""
    yield from ((count, tags) for count in range(points, -1, -1))
    yield (0, 0)


def _post(writing: Writing, opening: str, points: Sequence[str], tags: Sequence[str]) -> str:
    context: dict[str, object] = {
        "opening": opening,
        "points": " ".join(map(as_sentence, points)),
        "hashtags": Markdown(" ".join(f"#{tag}" for tag in tags)),
    }
    return _body("social_post.md.j2", writing, context)


class Scene(NamedTuple):
    """What is seen (`label` says how) while something is said."""

    label: str
    shown: str
    spoken: tuple[str, ...]


_ON_SCREEN: Final = "On-screen text"


def _video_script(writing: Writing) -> Written:
    """Scenes from the problem to the call to action, as long as the video may be."""
    material = writing.material
    seconds = writing.seconds
    if (most := writing.amendments.max_seconds) is not None:
        seconds = min(seconds or most, most)
    room = writing.max_words if seconds is None else seconds * SPOKEN_A_MINUTE // 60
    room -= 1 + len(words_of(writing.action.spoken))
    said = Said([writing.title])
    scenes = _scenes(material, said)
    kept = _within(scenes, room)
    picture = next((each.alt for each in material.images), "")
    shown = (
        (_ON_SCREEN, writing.title),
        ("Visual", picture) if picture else (_ON_SCREEN, material.subject),
        (_ON_SCREEN, ""),
        (_ON_SCREEN, ""),
    )
    closing = Scene(_ON_SCREEN, material.company, (writing.action.spoken,))
    context: dict[str, object] = {
        "title": writing.title,
        "scenes": (
            *(
                Scene(label, text, spoken)
                for (label, text), spoken in zip(shown, kept, strict=True)
                if text or spoken
            ),
            closing,
        ),
    }
    body = _body("video_script.md.j2", writing, context)
    return Written(body, {} if writing.seconds is None else {"duration": writing.seconds})


def _scenes(material: Material, said: Said) -> tuple[tuple[str, ...], ...]:
    return (
        tuple(map(as_sentence, said.new(material.problems[:2]))),
        tuple(map(as_sentence, said.new(material.description[:2]))),
        tuple(map(as_sentence, said.new((*material.messages[:1], *material.benefits[:3])))),
        tuple(map(as_sentence, said.new((*material.proof[:2], *material.offer[:1])))),
    )


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
