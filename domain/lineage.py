"""Lineage: what the artifacts of packages are made from, and whether that has moved on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from domain.delivery import UNKNOWN, DeliveryArtifact, DeliveryPackage, Lineage

IS_STALE: Final = "is_stale"
"""The name of what `is_stale` says of a package."""


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
    package: DeliveryPackage, stored: DeliveryPackage | None, present: Lineage | None = None
) -> DeliveryPackage | None:
    """A package that is saved, with the lineage of all its artifacts; both have their artifacts.

    `stored` is the package in whose place it comes, and `present` what the draft is now; None where
    that matters and isn't given. An artifact keeps what it's told. For the rest, one that is the
    same as a stored one was made when that was: it has the lineage of the one at its position, if
    that's the same, or else of the first. Others, and all where the draft is another one, are made
    of the draft as it is now.
    """
    assert package.artifacts is not None
    before: Sequence[DeliveryArtifact] = ()
    if stored is not None and stored.draft_id == package.draft_id:
        assert stored.artifacts is not None
        before = stored.artifacts
    find = _finder(before)
    made: list[DeliveryArtifact] = []
    for artifact in package.artifacts:
        if artifact.draft_revision is not None and artifact.qc_result_id is not None:
            made.append(artifact)
        elif (same := find(artifact)) is not None:
            made.append(_with_lineage(artifact, same.lineage))
        elif present is not None:
            made.append(_with_lineage(artifact, present))
        else:
            return None
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


def _finder(
    before: Sequence[DeliveryArtifact],
) -> Callable[[DeliveryArtifact], DeliveryArtifact | None]:
    """Finds the one among these, in position order, that is the same as another one."""
    contents = list(map(_content, before))
    # Of several, the first is kept.
    anywhere = dict(zip(reversed(contents), reversed(before), strict=True))

    def find(artifact: DeliveryArtifact) -> DeliveryArtifact | None:
        content, place = _content(artifact), artifact.position
        if place < len(contents) and contents[place] == content:
            return before[place]
        return anywhere.get(content)

    return find


def _content(artifact: DeliveryArtifact) -> tuple[str | None, ...]:
    """The file that is kept here, or else all that is told."""
    if artifact.file_id is not None:
        return (artifact.file_id,)
    return (artifact.url, artifact.name, artifact.format)


def _with_lineage(artifact: DeliveryArtifact, found: Lineage) -> DeliveryArtifact:
    draft_revision, qc_result_id, qc_revision = found
    if artifact.draft_revision is not None:
        draft_revision = artifact.draft_revision
    if artifact.qc_result_id is not None:
        qc_result_id, qc_revision = artifact.qc_result_id, artifact.qc_revision
    if draft_revision is None and qc_result_id is None:
        return artifact
    return DeliveryArtifact(
        name=artifact.name,
        url=artifact.url,
        format=artifact.format,
        position=artifact.position,
        file_id=artifact.file_id,
        draft_revision=draft_revision,
        qc_result_id=qc_result_id,
        qc_revision=qc_revision,
    )
