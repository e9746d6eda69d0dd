"""What differs between two versions of a package.

Artifacts of the two versions are the same ones, though they may have changed, where they have the
same name: those with the same format and content first, then those with the same format, then
others. Of what is left, those are the same that have the same content: they got another name. Where
several could be it, they are taken in their order. Content is the file that is kept here, or else
the URL.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from domain.delivery import DeliveryArtifact

Artifacts = Sequence[DeliveryArtifact]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryArtifactReplacement:
    """An artifact that isn't as it was; it may have another position, too."""

    before: DeliveryArtifact
    after: DeliveryArtifact


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryArtifactMove:
    """An artifact that is as it was, but has another place among those that both versions have."""

    artifact: DeliveryArtifact
    """It has the new position."""
    from_position: int
    to_position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPackageDiff:
    """What leads from one version's artifacts to those of the other one.

    No artifact is in more than one of the lists. Artifacts that are in none are as they were, and
    are in the same order: others before them may have been added or removed.
    """

    from_revision: int
    to_revision: int
    added: tuple[DeliveryArtifact, ...]
    """By their positions in the second version."""
    removed: tuple[DeliveryArtifact, ...]
    """By their positions in the first version."""
    replaced: tuple[DeliveryArtifactReplacement, ...]
    """By their positions in the second version."""
    moved: tuple[DeliveryArtifactMove, ...]
    """By their positions in the second version."""


def diff_of(
    before: Artifacts, after: Artifacts, from_revision: int, to_revision: int
) -> DeliveryPackageDiff:
    """What leads from `before` to `after`, which are in position order.

    The diff of the two the other way round has the same changes, reversed.
    """
    pairs = sorted(_pairs(before, after), key=lambda pair: pair[1].position)
    old_places = {old.position: place for place, old in enumerate(sorted(_olds(pairs), key=_place))}
    replaced, moved = [], []
    for place, (old, new) in enumerate(pairs):
        if old.at(new.position) != new:
            replaced.append(DeliveryArtifactReplacement(before=old, after=new))
        elif old_places[old.position] != place:
            moved.append(
                DeliveryArtifactMove(
                    artifact=new, from_position=old.position, to_position=new.position
                )
            )
    had = {old.position for old in _olds(pairs)}
    have = {new.position for _, new in pairs}
    return DeliveryPackageDiff(
        from_revision=from_revision,
        to_revision=to_revision,
        added=tuple(each for each in after if each.position not in have),
        removed=tuple(each for each in before if each.position not in had),
        replaced=tuple(replaced),
        moved=tuple(moved),
    )


_Pair = tuple[DeliveryArtifact, DeliveryArtifact]
_Key = Callable[[DeliveryArtifact], Hashable]


def _content(artifact: DeliveryArtifact) -> Hashable:
    return artifact.file_id, artifact.url


_KEYS: Final[Sequence[_Key]] = (
    lambda it: (it.name, it.format, _content(it)),
    lambda it: (it.name, it.format),
    lambda it: it.name,
    _content,
)
"""What artifacts of the two versions are the same by, the surest first."""


def _pairs(before: Artifacts, after: Artifacts) -> Iterator[_Pair]:
    for key in _KEYS:
        olds, news = _by(key, before), _by(key, after)
        found = [
            pair
            for name, them in olds.items()
            for pair in zip(them, news.get(name, ()), strict=False)
        ]
        yield from found
        paired_olds = {old.position for old, _ in found}
        paired_news = {new.position for _, new in found}
        before = [each for each in before if each.position not in paired_olds]
        after = [each for each in after if each.position not in paired_news]


def _by(key: _Key, artifacts: Artifacts) -> dict[Hashable, list[DeliveryArtifact]]:
    found = defaultdict[Hashable, list[DeliveryArtifact]](list)
    for each in artifacts:
        found[key(each)].append(each)
    return found


def _olds(pairs: Sequence[_Pair]) -> list[DeliveryArtifact]:
    return [old for old, _ in pairs]


def _place(artifact: DeliveryArtifact) -> int:
    return artifact.position
