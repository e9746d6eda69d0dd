"""A piece's place among the others of its campaign: which of the brief's points are its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from domain.production import Campaign, Tactic
from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.phrases import content_words
from orchestration.producers.qc.kinds import Kind, kind_of

T = TypeVar("T")

_LONG: Final = (Kind.BLOG_POST, Kind.LANDING_PAGE)


@dataclass(frozen=True, slots=True)
class Place:
    """The `number`th of `count` pieces, from 0."""

    number: int
    count: int

    def share(self, items: Sequence[T]) -> tuple[T, ...]:
        """Its share of the items, so that no two pieces have the same ones; at least one, where
        there are any."""
        if self.count <= 1 or not items:
            return tuple(items)
        own = items[self.number % self.count :: self.count]
        return tuple(own) or (items[self.number % len(items)],)


def place_of(tactic: Tactic, campaign: Campaign, kinds: Sequence[Kind]) -> Place:
    """The piece's place among those of its campaign that are of these kinds."""
    alike = [each for each in campaign.tactics or () if kind_of(each.content_type) in kinds]
    before = sum(1 for each in alike if each.position < tactic.position)
    return Place(before, max(1, len(alike)))


def own_part(
    material: Material, kind: Kind, tactic: Tactic, campaign: Campaign, shift: int | None
) -> Material:
    """The points of the material that this piece may use, those first that are about its title.

    Pieces of one kind share the points; blog posts and landing pages share questions and quotes.
    `shift` gives the share of another piece: 0 is its own, None is everything.
    """
    if shift is None:
        own, long = Place(0, 1), Place(0, 1)
    else:
        own = _shifted(place_of(tactic, campaign, (kind,)), shift)
        is_long = kind in _LONG
        long = _shifted(place_of(tactic, campaign, _LONG), shift) if is_long else own
    words = content_words(tactic.title)

    def about_title(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted(own.share(texts), key=lambda text: -len(words & content_words(text))))

    is_first = own.number == 0
    return replace(
        material,
        problems=about_title(material.problems),
        messages=about_title(material.messages),
        benefits=about_title(material.benefits),
        proof=own.share(material.proof),
        features=own.share(material.features),
        quotes=long.share(material.quotes),
        questions=long.share(material.questions),
        story=material.story if is_first else (),
        description=material.description if is_first else material.description[:1],
    )


def _shifted(place: Place, shift: int) -> Place:
    return Place(place.number + shift, max(place.count, 2)) if shift else place
