"""Lineage: what the artifacts of packages are made from, and whether that has moved on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final, Protocol

from domain.delivery import LINEAGE, UNKNOWN, DeliveryArtifact, DeliveryPackage, Lineage

IS_STALE: Final = "is_stale"
"""The name of what `is_stale` says of a package."""

_LINEAGE: Final = attrgetter(*LINEAGE)
_TOLD: Final = attrgetter("file_id", "url", "name", "format")


class Revised(Protocol):
    """A draft."""

    @property
    def revision(self) -> int: ...


class Verdict(Revised, Protocol):
    """A QC result."""

    @property
    def result_id(self) -> str: ...


def lineage_of(draft: Revised | None, result: Verdict | None) -> Lineage:
    """That of what is made from the draft now, which has this result."""
    draft_revision = None if draft is None else draft.revision
    if result is None:
        return Lineage(draft_revision)
    return Lineage(draft_revision, result.result_id, result.revision)


def traced(
    package: DeliveryPackage,
    before: Sequence[DeliveryArtifact],
    present: Lineage | None = None,
    *,
    new: type[DeliveryArtifact] = DeliveryArtifact,
) -> DeliveryPackage | None:
    """A package that is saved, with the lineage of all its artifacts.

    `before` are the artifacts that it had for the same draft, in position order, and `present` is
    what the draft is now; None where that matters and isn't given. An artifact keeps what it's
    told. For the rest, one that is the same as one before was made when that was: it has the
    lineage of the one at its position, if that's the same, or else of the first. Others are made of
    the draft as it is now. `new` makes artifacts, of their attributes by name.
    """
    assert package.artifacts is not None
    contents = _contents(before)
    lineages: list[Any] = list(map(_LINEAGE, before))
    # Of several with the same content, the first is kept.
    anywhere = dict(zip(reversed(contents), reversed(lineages), strict=True))
    made: list[DeliveryArtifact] = []
    lineage: Lineage | None
    for artifact, content in zip(package.artifacts, _contents(package.artifacts), strict=True):
        place = artifact.position
        if artifact.draft_revision is not None and artifact.qc_result_id is not None:
            made.append(artifact)
            continue
        if content not in anywhere:
            lineage = present
        elif contents[place : place + 1] == [content]:
            lineage = lineages[place]
        else:
            lineage = anywhere[content]
        if lineage is None:
            return None
        draft_revision, qc_result_id, qc_revision = lineage
        if artifact.draft_revision is not None:
            draft_revision = artifact.draft_revision
        if artifact.qc_result_id is not None:
            qc_result_id, qc_revision = artifact.qc_result_id, artifact.qc_revision
        made.append(
            new(
                name=artifact.name,
                url=artifact.url,
                format=artifact.format,
                position=place,
                file_id=artifact.file_id,
                draft_revision=draft_revision,
                qc_result_id=qc_result_id,
                qc_revision=qc_revision,
            )
        )
    return replace(package, artifacts=tuple(made))


def is_stale(artifacts: Iterable[DeliveryArtifact], present: Lineage) -> bool:
    """Whether any of the artifacts is made from an earlier revision of the draft, or with another
    verdict of QC, than the draft has at present. False where the draft isn't there.

    An artifact whose lineage isn't known doesn't count.
    """
    if present.draft_revision is None:
        return False
    return any(_has_moved_on(each.lineage, present) for each in artifacts)


def _has_moved_on(lineage: Lineage, present: Lineage) -> bool:
    if lineage == UNKNOWN:
        return False
    assert present.draft_revision is not None
    made_from = lineage.draft_revision
    is_behind = made_from is not None and made_from < present.draft_revision
    return is_behind or lineage[1:] != present[1:]


def _contents(artifacts: Sequence[DeliveryArtifact]) -> list[Any]:
    """Of each the file that is kept here, or else all that is told."""
    return [told[0] or told[1:] for told in map(_TOLD, artifacts)]
