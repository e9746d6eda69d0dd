"""A piece's place among the others of its campaign: which of the brief's points are its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from domain.production import Campaign, Tactic
from orchestration.producers.briefs.material import Material
from orchestration.producers.briefs.phrases import as_sentence, content_words
from orchestration.producers.qc.kinds import Kind, kind_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """The `number`th of `count` pieces, from 0."""

    number: int
    count: int

    def share(self, items: Sequence[T]) -> tuple[T, ...]:
        """Its share of the items, so that no two pieces have the same ones."""
        return tuple(items[self.number % self.count :: self.count])


def place_of(tactic: Tactic, kind: Kind, campaign: Campaign) -> Place:
    """The piece's place among those of its campaign that are of its kind."""
    before = sum(1 for each in _pieces(kind, campaign) if each.position < tactic.position)
    return Place(before, max(1, count_of(kind, campaign)))


def count_of(kind: Kind, campaign: Campaign) -> int:
    """How many pieces of a kind the campaign has."""
    return len(_pieces(kind, campaign))


def _pieces(kind: Kind, campaign: Campaign) -> Sequence[Tactic]:
    return [each for each in campaign.tactics or () if kind_of(each.content_type) is kind]


def own_part(
    material: Material, kind: Kind, tactic: Tactic, campaign: Campaign, shift: int | None
) -> Material:
    """The points of the material that this piece may use, those first that are about its title.

    Pieces of one kind share the points, and the first of them tells the story and lists what there
    is; where the campaign has a landing page, that lists it. `shift` gives the share of another
    piece: 0 is its own, None is everything.
    """
    own = place_of(tactic, kind, campaign) if shift is not None else Place(0, 1)
    if shift:
        own = Place(own.number + shift, max(own.count, 2))
    words = content_words(tactic.title)

    def about_title(texts: Sequence[str]) -> tuple[str, ...]:
        shared = own.share(together(texts))
        return tuple(sorted(shared, key=lambda text: -len(words & content_words(text))))

    is_told_here = kind is not Kind.BLOG_POST or not count_of(Kind.LANDING_PAGE, campaign)
    part = replace(
        material,
        problems=about_title(material.problems),
        messages=about_title(material.messages),
        benefits=about_title(material.benefits),
        features=material.features if own.number == 0 and is_told_here else (),
        proof=own.share(together(material.proof)),
        quotes=own.share(material.quotes),
        questions=own.share(material.questions),
    )
    if own.number == 0:
        return part
    told = (*part.problems, *part.benefits, *part.proof)
    is_enough = kind is Kind.EMAIL and len(told) >= _ENOUGH
    return replace(part, story=(), description=() if is_enough else material.description[:1])


_ENOUGH: Final = 3
"""So many points make an email of a series, which needn't introduce the product again."""
_DEPENDENT = re.compile(
    r"(?:they|it|its|their|them|this|these|those|that|he|she|his|her|then|so|and|but|or|both)\b"
    r"|.*\bof (?:them|these|those)\b",
    re.IGNORECASE,
)


def together(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts, where one that speaks of what was said before stays with it."""
    groups = list[str]()
    for text in texts:
        if groups and _DEPENDENT.match(text):
            groups[-1] = f"{as_sentence(groups[-1])} {as_sentence(text)}"
        else:
            groups.append(text)
    return tuple(groups)
