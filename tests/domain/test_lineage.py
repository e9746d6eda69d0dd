"""When a package is stale."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import Lineage
from domain.lineage import is_stale, traced
from tests import builders as build

PRESENT = Lineage(3, "result", 2)


@pytest.mark.parametrize(
    ("made_from", "present", "expected"),
    [
        (PRESENT, PRESENT, False),
        (Lineage(2, "result", 2), PRESENT, True),
        (Lineage(4, "result", 2), PRESENT, False),
        (Lineage(3, "result", 1), PRESENT, True),
        (Lineage(3, "other", 2), PRESENT, True),
        (Lineage(3), PRESENT, True),
        (PRESENT, Lineage(3), True),
        (Lineage(3), Lineage(3), False),
        (Lineage(None, "result", 2), PRESENT, False),
        (Lineage(None, "result", 1), PRESENT, True),
        (Lineage(), PRESENT, False),
        (PRESENT, Lineage(), False),
        (PRESENT, Lineage(None, "other", 7), False),
    ],
    ids=[
        "as it is",
        "an earlier draft",
        "a later draft",
        "an earlier verdict",
        "another result",
        "no verdict before",
        "no verdict any more",
        "never any verdict",
        "an unknown draft",
        "an unknown draft and another verdict",
        "unknown",
        "no draft any more",
        "no draft but a verdict",
    ],
)
def test_an_artifact_is_stale_when_the_draft_or_its_verdict_moved_on(
    made_from: Lineage, present: Lineage, expected: bool
) -> None:
    artifact = replace(build.artifact(), **made_from._asdict())

    assert is_stale([artifact], present) is expected
    assert is_stale([build.artifact(), artifact], present) is expected


_lineages = st.sampled_from([PRESENT, Lineage(1), Lineage(3), Lineage(3, "other", 1)])


@given(_lineages, _lineages)
def test_what_is_made_now_is_not_stale_now(present: Lineage, before: Lineage) -> None:
    stored = traced(build.package(), (), before)
    now = traced(build.package(), (), present)

    assert now is not None
    assert not is_stale(now.artifacts or (), present)
    assert stored is not None
    kept = stored.artifacts or ()
    assert traced(build.package(), kept, present) == traced(build.package(), kept) == stored
