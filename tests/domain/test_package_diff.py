"""The diff of two versions of a package: laws, and what its lists say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import DeliveryArtifact
from domain.package_diff import DeliveryPackageDiff, diff_of
from tests import builders as build

Artifacts = tuple[DeliveryArtifact, ...]


def placed(*artifacts: DeliveryArtifact) -> Artifacts:
    return tuple(each.at(position) for position, each in enumerate(artifacts))


def diff(before: Artifacts, after: Artifacts) -> DeliveryPackageDiff:
    return diff_of(before, after, 1, 2)


def applied(found: DeliveryPackageDiff, before: Artifacts) -> Artifacts:
    """What the diff makes of the first version, by what its lists say alone."""
    gone = {each.position for each in found.removed}
    gone |= {each.before.position for each in found.replaced}
    gone |= {each.from_position for each in found.moved}
    rest = iter([each for each in before if each.position not in gone])
    given = {each.position: each for each in found.added}
    given |= {each.after.position: each.after for each in found.replaced}
    given |= {each.to_position: each.artifact for each in found.moved}
    count = len(before) + len(found.added) - len(found.removed)
    made = [given[place] if place in given else next(rest) for place in range(count)]
    assert [*rest] == []
    return placed(*made)


_one = st.builds(
    build.artifact,
    st.sampled_from("ABC"),
    url=st.sampled_from(["s3://a", "s3://b"]),
    format=st.sampled_from(["pdf", "png"]),
    draft_revision=st.sampled_from([None, 1, 2]),
)
_kept_here = st.builds(replace, _one, url=st.none(), file_id=st.sampled_from("fg"))
_versions = st.lists(_one | _kept_here, max_size=6).map(lambda them: placed(*them))


@given(_versions, _versions)
def test_applied_to_the_first_version_it_gives_the_second(
    before: Artifacts, after: Artifacts
) -> None:
    assert applied(diff(before, after), before) == after


@given(_versions)
def test_between_equal_versions_nothing_differs(version: Artifacts) -> None:
    found = diff(version, version)

    assert found == DeliveryPackageDiff(
        from_revision=1, to_revision=2, added=(), removed=(), replaced=(), moved=()
    )


@given(_versions, _versions)
def test_the_other_way_round_it_has_the_same_changes_reversed(
    before: Artifacts, after: Artifacts
) -> None:
    there, back = diff(before, after), diff(after, before)

    assert (there.added, there.removed) == (back.removed, back.added)
    assert {(it.before, it.after) for it in there.replaced} == {
        (it.after, it.before) for it in back.replaced
    }
    assert {(it.from_position, it.to_position) for it in there.moved} == {
        (it.to_position, it.from_position) for it in back.moved
    }


@given(_versions, _versions)
def test_each_artifact_is_in_one_list_at_the_most(before: Artifacts, after: Artifacts) -> None:
    found = diff(before, after)
    new = [
        *(each.position for each in found.added),
        *(each.after.position for each in found.replaced),
        *(each.to_position for each in found.moved),
    ]

    assert len(new) == len({*new})


@given(st.permutations(range(4)))
def test_only_what_changed_places_moved(order: Sequence[int]) -> None:
    artifacts = [build.artifact(name) for name in "ABCD"]

    found = diff(placed(*artifacts), placed(*(artifacts[index] for index in order)))

    assert [(it.from_position, it.to_position) for it in found.moved] == [
        (index, place) for place, index in enumerate(order) if index != place
    ]


A, B, C, D = (build.artifact(name) for name in "ABCD")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([A, B], [D, A, B], {"added": "D"}),
        ([A, B], [B], {"removed": "A"}),
        ([A, B, C], [C, B, A], {"moved": "CA"}),
        ([A, B], [A, replace(B, url="s3://b")], {"replaced": "BB"}),
        ([A, B], [replace(B, url="s3://b"), A], {"replaced": "BB", "moved": "A"}),
        ([A, B], [A, replace(B, name="Z")], {"replaced": "BZ"}),
        ([A], [replace(A, draft_revision=2)], {"replaced": "AA"}),
        ([A], [replace(A, name="Z", url="s3://z")], {"added": "Z", "removed": "A"}),
        ([A, replace(A, format="png")], [replace(A, format="png")], {"removed": "A"}),
        ([replace(A, name="Z")], [B, replace(A, name="Y")], {"added": "B", "replaced": "ZY"}),
    ],
    ids=[
        "what shifts has not moved",
        "removed",
        "exchanged",
        "another url",
        "another url and place",
        "another name",
        "another lineage",
        "another name and url",
        "the format tells apart",
        "renamed and shifted",
    ],
)
def test_what_the_lists_say(
    before: list[DeliveryArtifact], after: list[DeliveryArtifact], expected: dict[str, str]
) -> None:
    found = diff(placed(*before), placed(*after))

    names: dict[str, Any] = {
        "added": "".join(it.name for it in found.added),
        "removed": "".join(it.name for it in found.removed),
        "replaced": "".join(it.before.name + it.after.name for it in found.replaced),
        "moved": "".join(it.artifact.name for it in found.moved),
    }
    assert {name: them for name, them in names.items() if them} == expected
