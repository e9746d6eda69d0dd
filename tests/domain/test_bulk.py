"""What a bulk refuses by itself, before anything is read."""

import pytest

from domain.bulk import MAX_ROWS, BulkRejected, ErrorPolicy, RowRejected
from domain.delivery import SaveDeliveryPackages
from domain.errors import NotFound, Violation
from domain.production import SaveDrafts
from domain.qc import RecordQcResults
from domain.validation import MAX_VIOLATIONS
from tests import builders as build


def test_a_bulk_has_at_most_so_many_rows() -> None:
    rows = tuple(build.save_package(package_id=None) for _ in range(MAX_ROWS + 1))

    assert [*SaveDeliveryPackages(rows=rows[1:]).violations()] == []
    assert [*SaveDeliveryPackages(rows=rows).violations()] == [
        Violation(("rows",), "must have at most 200 items, not 201")
    ]


def test_every_row_is_refused_for_its_own_violations() -> None:
    wrong = build.save_package(draft_id="", artifacts=(build.artifact(""),))
    bulk = SaveDeliveryPackages(rows=(build.save_package(package_id="other"), wrong))

    fine, refused = bulk.refusals()

    assert fine is None
    assert refused is not None
    assert refused.violations == tuple(wrong.violations())


def test_all_rows_about_the_same_entity_are_refused_since_nobody_knows_which_is_meant() -> None:
    rows = tuple(build.save_draft(draft_id=key) for key in ("a", "b", "a", None, None))

    refusals = SaveDrafts(rows=rows).refusals()

    repeated = (Violation(("draft_id",), "another row has the same"),)
    assert [it and it.violations for it in refusals] == [repeated, None, repeated, None, None]


def test_no_two_rows_are_about_the_same_draft_or_record_the_same_result() -> None:
    rows = (
        build.record_result(draft_id="a", result_id="one"),
        build.record_result(draft_id="a", result_id=None),
        build.record_result(draft_id="b", result_id="one"),
        build.record_result(draft_id="c", result_id=None),
    )

    refusals = RecordQcResults(rows=rows).refusals()

    fields = [it and [each.path for each in it.violations] for it in refusals]
    assert fields == [[("result_id",), ("draft_id",)], [("draft_id",)], [("result_id",)], None]


@pytest.mark.parametrize("count", [1, 10, MAX_ROWS])
def test_a_bulk_has_no_more_violations_than_a_single_command(count: int) -> None:
    wrong = tuple(build.artifact("", url="") for _ in range(500))
    rows = tuple(build.save_package(package_id=None, artifacts=wrong) for _ in range(count))

    refusals = SaveDeliveryPackages(rows=rows).refusals()

    assert [it for it in refusals if it is None or not it.violations] == []
    assert sum(len(it.violations) for it in refusals if it) <= MAX_VIOLATIONS


@pytest.mark.parametrize("policy", ErrorPolicy)
@pytest.mark.parametrize("expected", [None, 0, 3])
def test_a_bulk_may_have_to_be_undone_where_storage_may_refuse_a_row(
    policy: ErrorPolicy, expected: int | None
) -> None:
    rows = (build.save_draft(), build.save_draft(draft_id="other", expected_revision=expected))

    is_undone = policy is ErrorPolicy.REJECT_EVERYTHING and expected is not None

    assert SaveDrafts(rows=rows, error_policy=policy).may_be_undone is is_undone


def test_a_rejected_bulk_has_an_error_for_every_row() -> None:
    refusal = NotFound("draft", "draft_id", "key")

    rejected = BulkRejected([None, refusal, None])

    assert rejected.errors[1] is refusal
    assert [type(it) for it in rejected.errors] == [RowRejected, NotFound, RowRejected]
    assert str(rejected) == "1 of 3 rows were refused, so nothing was stored."
