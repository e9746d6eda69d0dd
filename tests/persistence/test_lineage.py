"""A package's artifacts say which draft they were made from, and what QC said of it then."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import DeliveryArtifact, DeliveryPackage, Lineage
from domain.production import Draft
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build
from tests.conftest import close_database, empty_database
from tests.persistence.test_equivalence import Stores, sparing, stores
from tests.persistence.types_under_test import DRAFT, PACKAGE, RESULT
from tests.support.history import as_of
from tests.support.sources import SettableClock

__all__ = ["stores"]

Save = Callable[[Repositories, DeliveryPackage], Awaitable[DeliveryPackage]]

UNKNOWN = Lineage()


async def alone(repositories: Repositories, package: DeliveryPackage) -> DeliveryPackage:
    saved: DeliveryPackage = await PACKAGE.save(repositories, package)
    return saved


async def among_others(repositories: Repositories, package: DeliveryPackage) -> DeliveryPackage:
    others = [build.package(key, draft_id="another draft") for key in ("a", "z")]

    async def work(unit: UnitOfWork) -> Any:
        return await unit.delivery_packages.save_many([others[0], package, others[1]], [None] * 3)

    saved: DeliveryPackage
    [_, saved, _] = await repositories.write(work)
    return saved


@pytest.fixture(params=[alone, among_others])
def save(request: pytest.FixtureRequest) -> Save:
    chosen: Save = request.param
    return chosen


def package(*artifacts: DeliveryArtifact, **changes: Any) -> DeliveryPackage:
    placed = tuple(each.at(position) for position, each in enumerate(artifacts))
    return build.package("package", draft_id="draft", artifacts=placed, **changes)


def lineages(found: DeliveryPackage) -> Sequence[Lineage]:
    return [each.lineage for each in found.artifacts or ()]


async def save_draft(repositories: Repositories, revisions: int = 1, key: str = "draft") -> None:
    for _ in range(revisions):
        await DRAFT.save(repositories, build.draft(key))


async def save_result(repositories: Repositories, key: str = "result", **changes: Any) -> None:
    await RESULT.save(repositories, build.result(key, **{"draft_id": "draft", **changes}))


A, B, C = (build.artifact(name) for name in "ABC")


async def test_an_artifact_is_made_from_the_draft_and_its_result_as_they_are_stored(
    repositories: Repositories, save: Save
) -> None:
    await save_draft(repositories, 3)
    await save_result(repositories)
    await save_result(repositories)

    saved = await save(repositories, package(A, B))

    assert lineages(saved) == [Lineage(3, "result", 2)] * 2
    assert await PACKAGE.load(repositories, "package") == saved


async def test_what_is_not_there_is_not_in_the_lineage(
    repositories: Repositories, save: Save
) -> None:
    nothing = await save(repositories, package(A))
    await save_draft(repositories)
    unchecked = await save(repositories, package(B))
    await PACKAGE.delete(repositories, "package")
    await DRAFT.delete(repositories, "draft")
    await save_result(repositories)
    without_a_draft = await save(repositories, package(A))

    assert lineages(nothing) == [UNKNOWN]
    assert lineages(unchecked) == [Lineage(1)]
    assert lineages(without_a_draft) == [Lineage(None, "result", 1)]


async def test_what_is_saved_again_was_made_when_it_was_saved_first(
    repositories: Repositories, save: Save
) -> None:
    await save_draft(repositories)
    first = await save(repositories, package(A, B))
    await save_draft(repositories)
    await save_result(repositories)

    again = await save(repositories, package(A, B))
    moved = await save(repositories, package(C, B, A))

    assert again == replace(first, revision=2)
    assert lineages(moved) == [Lineage(2, "result", 1), Lineage(1), Lineage(1)]


HOSTILE = (
    '"draftRevision":null,"qcResultId":null,"qcRevision":null',
    '\\","draftRevision":7,"a":"',
    'é " \\ / \u2028 \t 😀',
    "$1 %s {x} \\1",
)


async def test_no_name_or_key_is_taken_for_a_lineage(
    repositories: Repositories, save: Save
) -> None:
    """On PostgreSQL it's put into the text of what the log has."""
    await save_draft(repositories)
    await save_result(repositories, 'a "result" \\1')
    artifacts = [
        build.artifact(name, url=f"https://files.example/{number}?{quote(name)}'\"")
        for number, name in enumerate(HOSTILE)
    ]

    first = await save(repositories, package(*artifacts))
    await save_draft(repositories)
    new = build.artifact("new")
    again = await save(repositories, package(new, *artifacts[::-1]))

    made = Lineage(1, 'a "result" \\1', 1)
    assert [each.name for each in first.artifacts or ()] == [*HOSTILE]
    assert lineages(first) == [made] * 4
    assert lineages(again) == [made._replace(draft_revision=2), *[made] * 4]
    assert [each.name for each in again.artifacts or ()] == ["new", *HOSTILE[::-1]]


async def test_an_unknown_lineage_stays_unknown(repositories: Repositories, save: Save) -> None:
    await save(repositories, package(A))
    await save_draft(repositories)

    assert lineages(await save(repositories, package(A, B))) == [UNKNOWN, Lineage(1)]


@pytest.mark.parametrize(
    ("stored", "saved", "is_same"),
    [
        (A, replace(A, format="png"), False),
        (A, replace(A, name="Z"), False),
        (A, replace(A, url="https://files.example/z"), False),
        (A, replace(A, url=None, file_id="A"), False),
        (replace(A, url=None, file_id="f"), replace(B, url=None, file_id="f"), True),
        (replace(A, url=None, file_id="f"), replace(A, url=None, file_id="g"), False),
    ],
    ids=["format", "name", "url", "a file", "another name of a file", "another file"],
)
async def test_artifacts_are_the_same_by_their_file_or_else_by_all_that_is_told(
    stored: DeliveryArtifact,
    saved: DeliveryArtifact,
    is_same: bool,
    repositories: Repositories,
    save: Save,
) -> None:
    await save_draft(repositories)
    await save(repositories, package(stored))
    await save_draft(repositories)

    found = await save(repositories, package(B, saved))

    assert lineages(found) == [Lineage(2), Lineage(1 if is_same else 2)]


async def test_of_several_that_are_the_same_the_one_in_its_place_counts_and_then_the_first(
    repositories: Repositories, save: Save
) -> None:
    told = [replace(A, draft_revision=revision) for revision in (7, 8)]
    await save(repositories, package(*told))

    again = await save(repositories, package(A, A))
    more = await save(repositories, package(A, A, A))

    assert [it.draft_revision for it in lineages(again)] == [7, 8]
    assert [it.draft_revision for it in lineages(more)] == [7, 8, 7]


async def test_for_another_draft_everything_is_made_anew(
    repositories: Repositories, save: Save
) -> None:
    await save_draft(repositories)
    await save_draft(repositories, 4, "other")
    await save(repositories, package(A))

    other = await save(repositories, replace(package(A), draft_id="other"))
    back = await save(repositories, package(A))

    assert lineages(other) == [Lineage(4)]
    assert lineages(back) == [Lineage(1)]


async def test_what_a_save_is_told_stays_and_the_rest_is_worked_out(
    repositories: Repositories, save: Save
) -> None:
    await save_draft(repositories, 3)
    await save_result(repositories)
    told = [
        replace(A, draft_revision=2),
        replace(B, qc_result_id="old", qc_revision=5),
        replace(C, draft_revision=9, qc_result_id="old", qc_revision=5),
    ]

    found = await save(repositories, package(*told))

    assert lineages(found) == [Lineage(2, "result", 1), Lineage(3, "old", 5), Lineage(9, "old", 5)]
    assert lineages(await save(repositories, package(A, B, C))) == lineages(found)


async def test_a_package_whose_artifacts_stay_keeps_their_lineage_unless_the_draft_changes(
    repositories: Repositories,
) -> None:
    await save_draft(repositories)
    await save_draft(repositories, 4, "other")
    first = await PACKAGE.save(repositories, package(A, B))
    await save_draft(repositories)
    without = replace(package(), artifacts=None)

    kept = await PACKAGE.save(repositories, without)
    anew = await PACKAGE.save(repositories, replace(without, draft_id="other"))

    assert lineages(kept) == lineages(first) == [Lineage(1)] * 2
    assert lineages(anew) == [Lineage(4)] * 2


async def test_a_refused_save_changes_nothing(repositories: Repositories) -> None:
    await save_draft(repositories)
    first = await PACKAGE.save(repositories, package(A))
    await save_draft(repositories)

    async def work(unit: UnitOfWork) -> Any:
        changed = [package(B), build.package("other", draft_id="draft")]
        return await unit.delivery_packages.save_many(changed, [7, None])

    [_, other] = await repositories.write(work)

    assert await PACKAGE.load(repositories, "package") == first
    assert {*lineages(other)} == {Lineage(2)}


async def test_the_log_has_the_lineage_and_what_stays_has_not_changed(
    repositories: Repositories, save: Save
) -> None:
    await save_draft(repositories)
    await save(repositories, package(A))
    await save_draft(repositories)
    await save(repositories, package(A))
    await save(repositories, package(replace(A, draft_revision=2)))

    async with repositories.read() as snapshot:
        found = await snapshot.events.of_entities("delivery_package", ["package"], 10)
        versions = [
            await as_of(snapshot, DeliveryPackage, "package", revision=revision)
            for revision in (1, 2, 3)
        ]

    assert [event.changed_fields for event in found["package"]] == [
        ("artifacts",),
        (),
        ("draftId", "artifacts"),
    ]
    assert [lineages(it) for it in versions if it] == [[Lineage(1)], [Lineage(1)], [Lineage(2)]]


# In all three modes alike

_numbers = st.none() | st.integers(1, 3)


@st.composite
def _artifacts(draw: st.DrawFn) -> DeliveryArtifact:
    it = build.artifact(draw(st.sampled_from("AB")), draft_revision=draw(_numbers))
    if draw(st.booleans()):
        it = replace(it, url=None, file_id=draw(st.sampled_from("fg")))
    if draw(st.booleans()):
        it = replace(it, qc_result_id=draw(st.sampled_from("rs")), qc_revision=1)
    return it


_packages = st.lists(_artifacts(), max_size=4).map(lambda found: package(*found))
_records = st.one_of(
    _packages,
    st.builds(replace, _packages, draft_id=st.just("other")),
    st.sampled_from([build.draft("draft"), build.draft("other")]),
    st.sampled_from([build.result("r", draft_id="draft"), build.result("s", draft_id="other")]),
)


@sparing
@given(st.lists(_records, min_size=2, max_size=8), st.booleans())
def test_any_sequence_of_saves_leads_to_the_same_lineages(
    stores: Stores, records: list[Any], are_many: bool
) -> None:
    async def scenario(storage: Any, _clock: SettableClock) -> Any:
        repositories, saving = storage.as_(build.caller()), among_others if are_many else alone
        found = []
        for record in records:
            if isinstance(record, DeliveryPackage):
                found.append(await saving(repositories, record))
            else:
                await (DRAFT if isinstance(record, Draft) else RESULT).save(repositories, record)
        return found, await PACKAGE.load(repositories, "package")

    in_memory, on_sqlite, on_postgresql = stores.run(scenario)

    assert on_sqlite == in_memory
    assert on_postgresql == in_memory


# Under races


async def test_what_is_known_of_a_draft_belongs_together(postgresql_url: str) -> None:
    """A writer raises the revisions of a draft and of its result together: whoever saves a package
    meanwhile finds them equal."""
    databases = [open_database(postgresql_url) for _ in range(2)]
    await empty_database(databases[0])
    writer, saver = [
        create_storage(PersistenceMode.DB, database).as_(build.caller()) for database in databases
    ]

    async def both(unit: UnitOfWork) -> None:
        await unit.drafts.save(build.draft("draft"))
        await unit.qc_results.save(build.result("result", draft_id="draft"))

    await writer.write(both)
    found: list[Lineage] = []

    async def write() -> None:
        for _ in range(25):
            await writer.write(both)

    async def deliver() -> None:
        for number in range(25):
            made = build.artifact(str(number))
            for save in (alone, among_others):
                found.extend(lineages(await save(saver, package(made))))

    await asyncio.gather(write(), deliver())
    last = await alone(saver, package(A))
    for database in databases:
        await close_database(database)

    assert [it for it in found if it.draft_revision != it.qc_revision] == []
    assert found == sorted(found)
    assert lineages(last) == [Lineage(26, "result", 26)]
