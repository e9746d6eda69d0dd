"""Posts of social networks."""

from collections.abc import Iterator, Sequence
from typing import Final

from orchestration.producers.briefs.phrases import as_sentence, headline_of
from orchestration.producers.drafts.markdown import Markdown
from orchestration.producers.drafts.sections import Said
from orchestration.producers.drafts.writing import Writing, Written, body_of
from orchestration.producers.qc.social import SOCIAL_LIMITS, social_length
from orchestration.producers.qc.text import words_of

_MAX_HASHTAGS: Final = 3
_MAX_POINTS: Final = 3


def post_of(writing: Writing) -> Written:
    """The post, with as many points, and beside them hashtags, as its limit leaves room for."""
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
        if fits and len(words_of(text)) <= writing.max_words + writing.legal_words:
            return Written(text, {})
    over = social_length(text.strip(), writing.channel or "") - (limit or _UNLIMITED)
    shorter = headline_of(writing.title, max(0, len(writing.title) - over - 1)) if over > 0 else ""
    return Written(_post(writing, as_sentence(shorter), [], []) if shorter else text, {})


_UNLIMITED: Final = 100_000


def _fewer(points: int, tags: int) -> Iterator[tuple[int, int]]:
    """Numbers of points and hashtags: all of them first, none last, and hashtags go before
    points."""
    for count in range(points, -1, -1):
        yield count, tags
        yield count, 0


def _post(writing: Writing, opening: str, points: Sequence[str], tags: Sequence[str]) -> str:
    context: dict[str, object] = {
        "opening": opening,
        "points": " ".join(map(as_sentence, points)),
        "hashtags": Markdown(" ".join(f"#{tag}" for tag in tags)),
    }
    return body_of(writing, context)
