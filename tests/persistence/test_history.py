"""Every change writes its event in its own transaction, the same in memory and in databases."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from domain.callers import Caller, CallerKind
from domain.entity import Entity, Owned
from domain.errors import RevisionConflict
from domain.history import Event, EventFilter
from domain.production import Draft
from repositories.api_names import api_name
from repositories.history.memory import MemoryEventReads
from repositories.unit_of_work import Repositories, Storage, UnitOfWork
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, DRAFT, PACKAGE, RESULT, TypeUnderTest
from tests.support.commands import Commands
from tests.support.history import as_of, events_of
from tests.support.sources import START, SettableClock

ALL = 1_000
HOUR = timedelta(hours=1)


class Undone(Exception):
    """What makes a unit of work store nothing."""


async def log_of(storage: Storage, *, after: int = 0, **filter: Any) -> list[Event]:
    """The events that match, in order."""
    await storage.sequence_events()
    async with storage.as_(build.caller()).read() as snapshot:
        return [*(await snapshot.events.page(after, ALL, EventFilter(**filter))).items]


# What an event says


async def test_a_save_says_what_was_saved_by_whom(
    storage: Storage, entity_type: TypeUnderTest
) -> None:
    caller = Caller(CallerKind.SYSTEM, "importer", "ada", "request-1", clients=None)
    record = entity_type.record("key")

    await entity_type.save(storage.as_(caller), record)

    [event] = await log_of(storage)
    assert event.type == f"{record.entity_type}.{record.outcome}"
    assert (event.entity_type, event.entity_key) == (record.entity_type, "key")
    assert (event.revision_before, event.revision_after) == (0, 1)
    assert event.caller == caller
    assert event.occurred_at == START
    assert event.position == 1
    assert event.event_id == "event-new-1"
    assert event.client_id == getattr(record, "client_id", None)
    decided = {field.name for field in fields(Owned if isinstance(record, Owned) else Entity)}
    assert {*event.changed_fields} == {
        api_name(field.name)
        for field in fields(record)
        if field.name not in {*decided, entity_type.key_name}
    }


async def test_the_state_is_what_the_api_renders(storage: Storage) -> None:
    await PACKAGE.save(storage.as_(build.caller()), build.package("key"))

    [event] = await log_of(storage)

    assert event.state is not None
    assert event.state.to_python() == {
        "packageId": "key",
        "draftId": "draft-1",
        "artifacts": [
            {
                "position": artifact.position,
                "name": artifact.name,
                "url": artifact.url,
                "format": "pdf",
                "fileId": None,
                "draftRevision": None,
                "qcResultId": None,
                "qcRevision": None,
            }
            for artifact in build.package("key").artifacts or ()
        ],
        "revision": 1,
        "createdAt": "2026-03-02T09:30:15.123456Z",
        "updatedAt": "2026-03-02T09:30:15.123456Z",
    }


async def test_the_names_of_the_fields_that_changed_are_told(
    storage: Storage, entity_type: TypeUnderTest
) -> None:
    repositories = storage.as_(build.caller())
    for name, value in entity_type.changed.items():
        await entity_type.save(
            repositories,
            entity_type.record(name),
            replace(entity_type.record(name), **{name: value}),
        )

    told = {event.entity_key: event.changed_fields for event in await log_of(storage)}

    assert told == {name: (api_name(name),) for name in entity_type.changed}


async def test_a_save_of_the_same_takes_a_revision_and_names_no_field(
    storage: Storage, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(
        storage.as_(build.caller()), entity_type.record("key"), entity_type.record("key")
    )

    _, again = await log_of(storage)

    assert (again.revision_before, again.revision_after) == (1, 2)
    assert again.changed_fields == ()


async def test_fewer_children_are_a_change_of_them(storage: Storage, parent: TypeUnderTest) -> None:
    record = parent.record("key")
    fewer = parent.with_children(record, *parent.children_of(record)[:-1])
    await parent.save(storage.as_(build.caller()), record, fewer, record)

    _, one_less, one_more = await log_of(storage)

    assert one_less.changed_fields == one_more.changed_fields == (parent.children,)


async def test_a_save_that_leaves_the_children_says_which_these_are(
    storage: Storage, parent: TypeUnderTest
) -> None:
    record = parent.record("key")
    await parent.save(
        storage.as_(build.caller()), record, replace(record, **{parent.children or "": None})
    )

    before, after = await log_of(storage)

    assert after.changed_fields == ()
    assert before.state is not None
    assert after.state is not None
    assert after.state.to_python() == before.state.to_python() | {"revision": 2}


async def test_a_delete_says_what_was_there(storage: Storage, entity_type: TypeUnderTest) -> None:
    repositories = storage.as_(build.caller())
    record = entity_type.record("key")
    await entity_type.save(repositories, record, record)

    await entity_type.delete(repositories, "key")

    *_, event = await log_of(storage)
    assert event.type == f"{record.entity_type}.deleted"
    assert (event.entity_key, event.revision_before, event.revision_after) == ("key", 2, 0)
    assert (event.state, event.changed_fields, event.is_deletion) == (None, (), True)
    assert event.client_id == getattr(record, "client_id", None)


async def test_a_delete_of_nothing_is_no_event(
    storage: Storage, entity_type: TypeUnderTest
) -> None:
    await entity_type.delete(storage.as_(build.caller()), "key")

    assert await log_of(storage) == []


async def test_each_command_has_its_past_tense(storage: Storage) -> None:
    commands = Commands(storage.as_(build.caller()))
    await commands.submit_intake(build.submit_intake())
    await commands.normalize_brief(build.normalize_brief())
    await commands.save_strategy_plan(build.save_plan())
    await commands.reject_strategy_plan(build.decide_plan())
    await commands.save_strategy_plan(build.save_plan())
    await commands.approve_strategy_plan(build.decide_plan())
    await commands.save_campaign(build.save_campaign())
    await commands.save_draft(build.save_draft())
    await commands.record_qc_result(build.record_result())
    await commands.save_delivery_package(build.save_package())
    await commands.delete(build.delete("package_id", "package-1"))

    assert [event.type for event in await log_of(storage)] == [
        "brief.submitted",
        "brief.normalized",
        "strategy_plan.saved",
        "strategy_plan.rejected",
        "strategy_plan.saved",
        "strategy_plan.approved",
        "campaign.saved",
        "draft.saved",
        "qc_result.recorded",
        "delivery_package.saved",
        "delivery_package.deleted",
    ]


# Transactions


async def test_what_is_rolled_back_leaves_no_event(
    storage: Storage, entity_type: TypeUnderTest
) -> None:
    async def work(unit: UnitOfWork) -> None:
        await entity_type.of(unit).save(entity_type.record("key"))
        await entity_type.of(unit).save(entity_type.record("other"))
        await entity_type.of(unit).delete("key")
        raise Undone

    with pytest.raises(Undone):
        await storage.as_(build.caller()).write(work)
    await entity_type.save(storage.as_(build.caller()), entity_type.record("kept"))

    [event] = await log_of(storage)
    assert (event.entity_key, event.position) == ("kept", 1)


async def test_a_refused_save_leaves_no_event(storage: Storage, entity_type: TypeUnderTest) -> None:
    for expected in (1, 0):
        with pytest.raises(RevisionConflict):
            await entity_type.save(
                storage.as_(build.caller()),
                entity_type.record("key"),
                entity_type.record("key"),
                expected_revision=expected,
            )

    assert await log_of(storage) == []


async def test_a_unit_of_work_reads_its_own_events(storage: Storage) -> None:
    async def work(unit: UnitOfWork) -> list[int]:
        await unit.drafts.save(build.draft("key"))
        await unit.drafts.save(build.draft("key"))
        events = await events_of(unit, "draft", "key", ALL)
        return [event.revision_after for event in events]

    assert await storage.as_(build.caller()).write(work) == [2, 1]


# Revisions


async def test_a_revision_goes_on_after_each_delete(
    storage: Storage, entity_type: TypeUnderTest
) -> None:
    repositories = storage.as_(build.caller())
    revisions = []
    for _ in range(3):
        saved = await entity_type.save(
            repositories, entity_type.record("key"), entity_type.record("key")
        )
        revisions.append(saved.revision)
        await entity_type.delete(repositories, "key")

    assert revisions == [2, 4, 6]
    changes = [(it.revision_before, it.revision_after) for it in await log_of(storage)]
    assert changes == [(0, 1), (1, 2), (2, 0), (0, 3), (3, 4), (4, 0), (0, 5), (5, 6), (6, 0)]


async def test_after_a_delete_in_the_same_unit_of_work_it_goes_on_too(
    storage: Storage, entity_type: TypeUnderTest
) -> None:
    async def work(unit: UnitOfWork) -> Any:
        await entity_type.of(unit).save(entity_type.record("key"))
        await entity_type.of(unit).delete("key")
        return await entity_type.of(unit).save(entity_type.record("key"), 0)

    assert (await storage.as_(build.caller()).write(work)).revision == 2


async def test_the_verdicts_on_a_draft_count_on_through_replacements(storage: Storage) -> None:
    commands = Commands(storage.as_(build.caller()))
    first = await commands.record_qc_result(build.record_result(result_id="first"))
    second = await commands.record_qc_result(
        build.record_result(result_id="second", expected_revision=1)
    )
    await commands.delete(build.delete("result_id", "second"))
    third = await commands.record_qc_result(
        build.record_result(result_id="third", expected_revision=0)
    )

    assert [result.revision for result in (first, second, third)] == [1, 2, 3]


async def test_a_result_that_judges_another_draft_has_no_revision_twice(storage: Storage) -> None:
    repositories = storage.as_(build.caller())
    await RESULT.save(repositories, build.result("key"), build.result("key"))
    await RESULT.delete(repositories, "key")

    saved = await RESULT.save(repositories, build.result("key", draft_id="another"))

    assert saved.revision == 3


# Reading


async def test_pages_go_on_where_the_last_one_ended(storage: Storage) -> None:
    repositories = storage.as_(build.caller())
    await DRAFT.save(repositories, *(build.draft(f"key {number}") for number in range(5)))
    await storage.sequence_events()

    found, position, has_more = [], 0, True
    async with repositories.read() as snapshot:
        while has_more:
            page = await snapshot.events.page(position, 2)
            found.append([event.entity_key for event in page.items])
            position, has_more = page.position, page.has_more

    assert found == [["key 0", "key 1"], ["key 2", "key 3"], ["key 4"]]
    assert position == 5


@pytest.mark.parametrize(
    ("filter", "positions"),
    [
        ({"types": ("draft.saved",)}, [1, 2]),
        ({"types": ("draft.deleted", "brief.normalized")}, [3, 4]),
        ({"entity_types": ("brief",)}, [4]),
        ({"entity_keys": ("a", "\x00")}, [1, 3]),
        ({"client_ids": ("client-1",)}, [4]),
        ({"types": ("draft.saved",), "entity_keys": ("b",)}, [2]),
        ({"types": ("draft.saved", "brief.normalized"), "client_ids": ("client-1",)}, [4]),
        ({"types": ()}, []),
        ({"caller_kinds": ("agent", "user")}, [2, 3]),
        ({"caller_kinds": ("agent",), "caller_ids": ("grace",)}, []),
        ({"caller_ids": ("writer", "writer", "\x00")}, [2]),
        ({"caller_ids": ("writer", "ada"), "types": ("draft.deleted",)}, [3]),
        ({"caller_ids": ("nobody",)}, []),
        ({"on_behalf_of": ("ada",)}, [2]),
        ({"on_behalf_of": ("ada",), "entity_types": ("brief",)}, []),
        ({"entity_keys": ("a",), "caller_ids": ("ada",)}, [3]),
        ({"since": START + HOUR}, [2, 3, 4]),
        ({"until": START + 3 * HOUR}, [1, 2, 3]),
        ({"since": START + HOUR, "until": START + 2 * HOUR}, [2]),
        ({"caller_kinds": ("operator",), "since": START + HOUR}, [4]),
        ({"since": START + 9 * HOUR}, []),
    ],
)
async def test_a_filter_leaves_out_the_others_and_passes_them(
    storage: Storage, clock: SettableClock, filter: dict[str, Any], positions: list[int]
) -> None:
    """Each event an hour after the one before it, by another caller."""
    operator = build.caller("request-1", id="grace")
    agent = build.caller("request-2", kind=CallerKind.AGENT, id="writer", on_behalf_of="ada")
    user = build.caller("request-3", kind=CallerKind.USER, id="ada")
    await DRAFT.save(storage.as_(operator), build.draft("a"))
    clock.move(hours=1)
    await DRAFT.save(storage.as_(agent), build.draft("b"))
    clock.move(hours=1)
    await DRAFT.delete(storage.as_(user), "a")
    clock.move(hours=1)
    await BRIEF.save(storage.as_(operator.in_request("request-4")), build.brief("a b"))
    await storage.sequence_events()

    async with storage.as_(build.caller()).read() as snapshot:
        page = await snapshot.events.page(0, 10, EventFilter(**filter))
        last = await snapshot.events.page(0, 10, EventFilter(**filter), backwards=True)
        first = await snapshot.events.page(1, 1, EventFilter(**filter), before=4)

    assert [event.position for event in page.items] == positions
    assert (page.position, page.has_more) == (4, False)
    assert last.items == page.items
    assert [event.position for event in first.items] == [it for it in positions if 1 < it < 4][:1]


async def test_the_last_position_is_that_of_the_newest_event(storage: Storage) -> None:
    repositories = storage.as_(build.caller())

    async def last() -> int:
        await storage.sequence_events()
        async with repositories.read() as snapshot:
            return await snapshot.events.last_position()

    before = await last()
    await DRAFT.save(repositories, build.draft("a"), build.draft("b"))

    assert (before, await last()) == (0, 2)


async def test_the_events_of_an_entity_come_newest_first_page_by_page(storage: Storage) -> None:
    repositories = storage.as_(build.caller())
    await DRAFT.save(repositories, build.draft("key"), build.draft("key"), build.draft("other"))
    await DRAFT.delete(repositories, "key")

    async with repositories.read() as snapshot:
        first = await events_of(snapshot, "draft", "key", 2)
        second = await events_of(snapshot, "draft", "key", 2, before=first[-1].event_id)
        unknown = await events_of(snapshot, "draft", "key", 2, before="unknown")

    assert [event.revision_after for event in first] == [0, 2]
    assert [event.revision_after for event in second] == [1]
    assert unknown == []


async def test_each_revision_is_read_as_it_was_stored(
    storage: Storage, entity_type: TypeUnderTest, clock: SettableClock
) -> None:
    repositories = storage.as_(build.caller())
    stored = []
    for changes in ({}, entity_type.bare, entity_type.changed):
        clock.move(hours=1)
        await entity_type.save(
            repositories, replace(entity_type.record("key"), **changes, updated_at=clock.now)
        )
        stored.append(await entity_type.load(repositories, "key"))
    clock.move(hours=1)
    await entity_type.delete(repositories, "key")

    async with repositories.read() as snapshot:
        record_type = entity_type.type.record
        by_revision = [await as_of(snapshot, record_type, "key", revision=n) for n in range(5)]
        by_time = [
            await as_of(snapshot, record_type, "key", at=START + timedelta(hours=n, minutes=30))
            for n in range(5)
        ]

    assert by_revision == [None, *stored, None]
    assert by_time == [None, *stored, None]


async def test_either_a_revision_or_a_time_is_asked_for(repositories: Repositories) -> None:
    async with repositories.read() as snapshot:
        with pytest.raises(ValueError, match="either"):
            await as_of(snapshot, Draft, "key")
        with pytest.raises(ValueError, match="either"):
            await as_of(snapshot, Draft, "key", revision=1, at=START)


async def test_states_are_read_where_they_are_looked_at(storage: Storage) -> None:
    await DRAFT.save(storage.as_(build.caller()), build.draft("key"))
    [event] = await log_of(storage)

    async def read(*attributes: str) -> list[Event]:
        selected = {Event.__name__: frozenset(attributes)}
        async with storage.as_(build.caller()).read(selected=selected) as snapshot:
            events = snapshot.events
            page = await events.page(0, ALL)
            found = [*page.items, *await events_of(snapshot, "draft", "key", ALL)]
            # In memory nothing has to be read.
            assert (
                isinstance(events, MemoryEventReads)
                or attributes != ("event_id",)
                or ([it.state for it in found] == [None, None])
            )
            return found

    assert await read("event_id", "state") == [event, event]
    assert await read("changes") == [event, event]
    assert [replace(it, state=event.state) for it in await read("event_id")] == [event, event]
