"""Bulks are carried out by the rules of single commands; their policy decides about the rest."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.bulk import BulkRejected, ErrorPolicy, RowRejected
from domain.callers import CallerKind
from domain.delivery import SaveDeliveryPackages
from domain.errors import DomainError, NotAllowed, RevisionConflict, ValidationFailed
from domain.production import SaveDrafts
from domain.qc import RecordQcResults
from repositories.unit_of_work import Repositories, Storage
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, DRAFT, PACKAGE, PLAN, RESULT
from tests.support.commands import Commands
from tests.support.sources import START, SettableClock

EVERYTHING = ErrorPolicy.REJECT_EVERYTHING
FAILED_ROWS = ErrorPolicy.REJECT_FAILED_ROWS


def packages(*rows: Any, policy: ErrorPolicy = EVERYTHING) -> SaveDeliveryPackages:
    return SaveDeliveryPackages(rows=rows, error_policy=policy)


def results(*rows: Any, policy: ErrorPolicy = EVERYTHING) -> RecordQcResults:
    return RecordQcResults(rows=rows, error_policy=policy)


def kinds_of(outcomes: Sequence[Any]) -> list[type]:
    return [type(it) for it in outcomes if isinstance(it, DomainError)]


INVALID = build.save_package(package_id="invalid", draft_id="")
CONFLICTING = build.save_package(package_id="conflicting", expected_revision=7)
FINE = build.save_package(package_id="fine")


async def test_a_bulk_saves_its_rows_in_their_order(
    commands: Commands, repositories: Repositories
) -> None:
    rows = [build.save_package(package_id=key) for key in ("b", "a", None)]

    saved = await commands.save_delivery_packages(packages(*rows))

    assert [it.package_id for it in saved] == ["b", "a", "package-new-1"]
    for package in saved:
        assert await PACKAGE.load(repositories, package.package_id) == package


async def test_an_empty_bulk_saves_nothing(commands: Commands) -> None:
    assert await commands.save_delivery_packages(packages()) == []
    assert await commands.record_qc_results(results()) == []


async def test_a_bulk_with_too_many_rows_is_refused_whole(commands: Commands) -> None:
    rows = [build.save_draft(draft_id=None) for _ in range(201)]

    with pytest.raises(ValidationFailed) as raised:
        await commands.save_drafts(SaveDrafts(rows=tuple(rows)))

    assert [it.path for it in raised.value.violations] == [("rows",)]


@pytest.mark.parametrize("failing", [INVALID, CONFLICTING])
async def test_everything_is_rejected_because_of_one_row(
    commands: Commands, repositories: Repositories, failing: Any
) -> None:
    with pytest.raises(BulkRejected) as raised:
        await commands.save_delivery_packages(packages(FINE, failing))

    fine, refused = raised.value.errors
    assert isinstance(fine, RowRejected)
    assert isinstance(refused, ValidationFailed | RevisionConflict)
    assert await PACKAGE.load(repositories, "fine") is None
    assert await PACKAGE.load(repositories, failing.package_id) is None


async def test_failed_rows_alone_are_rejected_where_the_policy_says_so(
    commands: Commands, repositories: Repositories
) -> None:
    bulk = packages(INVALID, FINE, CONFLICTING, policy=FAILED_ROWS)

    invalid, fine, conflicting = await commands.save_delivery_packages(bulk)

    assert isinstance(invalid, ValidationFailed)
    assert isinstance(conflicting, RevisionConflict)
    assert await PACKAGE.load(repositories, "fine") == fine
    assert await PACKAGE.load(repositories, "conflicting") is None


async def test_a_bulk_that_is_sent_again_leaves_the_same_entities(
    commands: Commands, repositories: Repositories
) -> None:
    bulk = packages(*(build.save_package(package_id=key) for key in "abc"))

    first = await commands.save_delivery_packages(bulk)
    second = await commands.save_delivery_packages(bulk)

    assert [replace(it, revision=2) for it in first] == second
    async with repositories.read() as snapshot:
        assert await snapshot.delivery_packages.count(None) == 3


async def test_each_row_has_its_event(storage: Storage, commands: Commands) -> None:
    await commands.save_drafts(SaveDrafts(rows=(build.save_draft(draft_id="a"),)))
    rows = tuple(build.save_draft(draft_id=key, title="Rye") for key in "ba")
    await commands.save_drafts(SaveDrafts(rows=rows))
    await storage.sequence_events()

    async with storage.as_(build.caller()).read() as snapshot:
        events = (await snapshot.events.page(0, 10)).items

    assert [(it.type, it.entity_key, it.revision_after) for it in events] == [
        ("draft.saved", "a", 1),
        ("draft.saved", "a", 2),
        ("draft.saved", "b", 1),
    ]
    assert events[1].changed_fields == ("title",)
    assert [event.state.to_python()["title"] for event in events if event.state] == [
        "Why sourdough",
        "Rye",
        "Rye",
    ]


# QC results


async def test_results_replace_those_of_their_drafts_and_keep_their_ids(
    commands: Commands, repositories: Repositories, clock: SettableClock
) -> None:
    await commands.record_qc_result(build.record_result(draft_id="a", result_id="kept"))
    await commands.record_qc_result(build.record_result(draft_id="b", result_id="replaced"))
    later = clock.move(hours=1)

    kept, replaced, new = await commands.record_qc_results(
        results(
            build.record_result(draft_id="a", result_id=None, score=0.5),
            build.record_result(draft_id="b", result_id="another"),
            build.record_result(draft_id="c", result_id=None),
        )
    )

    assert (kept.result_id, kept.revision, kept.created_at) == ("kept", 2, START)
    assert (replaced.result_id, replaced.revision, replaced.created_at) == ("another", 2, later)
    assert (new.result_id, new.revision) == ("qc-new-1", 1)
    assert await RESULT.load(repositories, "replaced") is None
    for result in (kept, replaced, new):
        assert await RESULT.load(repositories, result.result_id) == result


async def test_a_result_is_judged_by_what_was_stored_before_the_bulk(
    commands: Commands, repositories: Repositories
) -> None:
    """The order of rows decides nothing, though the first one gives up the id of the second."""
    await commands.record_qc_result(build.record_result(draft_id="a", result_id="one"))

    gave_up, wanted = await commands.record_qc_results(
        results(
            build.record_result(draft_id="a", result_id="two"),
            build.record_result(draft_id="b", result_id="one"),
            policy=FAILED_ROWS,
        )
    )

    assert gave_up.result_id == "two"
    assert isinstance(wanted, ValidationFailed)
    assert [it.path for it in wanted.violations] == [("result_id",)]
    assert await RESULT.load(repositories, "one") is None


async def test_a_refused_result_leaves_the_one_before(
    commands: Commands, repositories: Repositories
) -> None:
    stored = await commands.record_qc_result(build.record_result(draft_id="a", result_id="one"))
    rows = [
        build.record_result(draft_id="a", result_id="two", expected_revision=7),
        build.record_result(draft_id="b", result_id=None),
    ]

    refused, _ = await commands.record_qc_results(results(*rows, policy=FAILED_ROWS))
    with pytest.raises(BulkRejected):
        await commands.record_qc_results(results(*rows))

    assert isinstance(refused, RevisionConflict)
    assert await RESULT.load(repositories, "one") == stored
    async with repositories.read() as snapshot:
        assert await snapshot.qc_results.count(None) == 2


async def test_an_agent_lets_no_draft_pass_that_it_made_in_whatever_row(storage: Storage) -> None:
    agent = build.caller(kind=CallerKind.AGENT, id="writer", on_behalf_of="ada")
    await DRAFT.save(storage.as_(agent), build.draft("own"))
    await DRAFT.save(storage.as_(build.caller()), build.draft("other"))
    bulk = results(
        build.record_result(draft_id="own", result_id=None, passed=True),
        build.record_result(draft_id="other", result_id=None, passed=True),
        build.record_result(draft_id="unknown", result_id=None, passed=False),
        policy=FAILED_ROWS,
    )

    own, other, unknown = await Commands(storage.as_(agent)).record_qc_results(bulk)

    assert isinstance(own, NotAllowed)
    assert (other.draft_id, other.passed) == ("other", True)
    assert unknown.draft_id == "unknown"


# Callers who are bound to clients


async def test_a_bound_caller_saves_the_rows_that_are_its_own_and_no_others(
    storage: Storage,
) -> None:
    operator = storage.as_(build.caller())
    for client in "ab":
        await BRIEF.save(operator, build.brief(f"{client}-brief", client_id=client))
        await PLAN.save(operator, build.plan(f"{client}-plan", brief_id=f"{client}-brief"))
        await DRAFT.save(operator, build.draft(f"{client}-draft", strategy_id=f"{client}-plan"))
        draft_id = f"{client}-draft"
        await PACKAGE.save(operator, build.package(f"{client}-package", draft_id=draft_id))
        result = build.result(f"{client}-result", draft_id=draft_id)
        await RESULT.save(operator, result)
    caller = build.caller(clients=frozenset({"a"}))
    commands = Commands(storage.as_(caller))
    rows = [
        build.save_package(package_id=None, draft_id="a-draft"),
        build.save_package(package_id="a-package", draft_id="a-draft"),
        build.save_package(package_id="b-package", draft_id="a-draft"),
        build.save_package(package_id="chosen", draft_id="a-draft"),
        build.save_package(package_id=None, draft_id="b-draft"),
        build.save_package(package_id=None, draft_id="no-draft"),
    ]

    saved = await commands.save_delivery_packages(packages(*rows, policy=FAILED_ROWS))
    with pytest.raises(BulkRejected):
        await commands.save_delivery_packages(packages(*rows))
    [kept] = await commands.record_qc_results(
        results(
            build.record_result(draft_id="a-draft", result_id="chosen"),
            policy=FAILED_ROWS,
        )
    )

    assert [it.client_id for it in saved[:2]] == ["a", "a"]
    paths = [[each.path for each in it.violations] for it in saved[2:]]
    assert paths == [[("package_id",)], [("package_id",)], [("draft_id",)], [("draft_id",)]]
    assert isinstance(kept, ValidationFailed)
    assert await RESULT.load(operator, "a-result") is not None
    assert (await PACKAGE.load(operator, "b-package")).draft_id == "b-draft"
    async with operator.read() as snapshot:
        assert await snapshot.delivery_packages.count(None) == 3
