"""Lineage: what the artifacts of packages are made from, and whether that has moved on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from domain.delivery import UNKNOWN, DeliveryArtifact, DeliveryPackage, Lineage

IS_STALE: Final = "is_stale"
"""The name of what `is_stale` says of a package."""

Content = tuple[str | None, ...]


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


def content_of(artifact: DeliveryArtifact) -> Content:
    """What artifacts are the same by: the file that is kept here, or else all that is told."""
    if artifact.file_id is not None:
        return (artifact.file_id,)
    return (artifact.url, artifact.name, artifact.format)


def traced(
    package: DeliveryPackage, stored: DeliveryPackage | None, present: Lineage
) -> DeliveryPackage:
    """A package that is saved, with the lineage of all its artifacts; both have their artifacts.

    `stored` is the package in whose place it comes, and `present` what the draft is now. An
    artifact keeps what it's told. For the rest, one that is the same as a stored one was made when
    that was: it has the lineage of the one at its position, if that's the same, or else of the
    first. Others, and all where the draft is another one, are made of the draft as it is now.
    """
    found = [present if lineage is None else lineage for lineage in _kept(package, stored)]
    assert package.artifacts is not None
    artifacts = tuple(map(_with_lineage, package.artifacts, found))
    return package if artifacts == package.artifacts else replace(package, artifacts=artifacts)


def is_made_now(package: DeliveryPackage, stored: DeliveryPackage | None) -> bool:
    """Whether what the draft is now matters to `traced`."""
    assert package.artifacts is not None
    return any(
        lineage is None and not _is_told(artifact)
        for lineage, artifact in zip(_kept(package, stored), package.artifacts, strict=True)
    )


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


def _is_told(artifact: DeliveryArtifact) -> bool:
    return artifact.draft_revision is not None and artifact.qc_result_id is not None


def _kept(package: DeliveryPackage, stored: DeliveryPackage | None) -> Sequence[Lineage | None]:
    """For each artifact the lineage of the stored one that is the same; None where none is."""
    assert package.artifacts is not None
    if stored is None or stored.draft_id != package.draft_id:
        return [None] * len(package.artifacts)
    assert stored.artifacts is not None
    same = defaultdict[Content, dict[int, Lineage]](dict)
    for each in stored.artifacts:
        same[content_of(each)][each.position] = each.lineage

    def kept(artifact: DeliveryArtifact) -> Lineage | None:
        lineages = same.get(content_of(artifact))
        if lineages is None:
            return None
        return lineages.get(artifact.position) or next(iter(lineages.values()))

    return list(map(kept, package.artifacts))


def _with_lineage(artifact: DeliveryArtifact, found: Lineage) -> DeliveryArtifact:
    given = artifact.lineage
    draft_revision = found.draft_revision if given.draft_revision is None else given.draft_revision
    verdict = found[1:] if given.qc_result_id is None else given[1:]
    if given == (draft_revision, *verdict):
        return artifact
    result_id, revision = verdict
    return replace(
        artifact, draft_revision=draft_revision, qc_result_id=result_id, qc_revision=revision
    )
