"""Each line of a file becomes an entity, once, and the result file says what became of it."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from domain.bulk import ErrorPolicy
from domain.callers import CallerKind
from domain.errors import InvalidTransition, NotAllowed, NotFound, RevisionConflict
from domain.scopes import ALL_SCOPES, Scope
from domain.transfers import CancelImport, Import, TransferEntity, TransferStatus
from files.memory import MemoryStore
from files.store import content_key
from orchestration import imports as imports_module
from orchestration.garbage import Garbage
from orchestration.importing import save_rows_of
from orchestration.lines import lines_of
from orchestration.transfers import Transfers
from repositories.unit_of_work import Storage, UnitOfWork
from resolvers.transfers.commands import cancel_import
from tests import builders as build
from tests import inputs
from tests.support.files import kept
from tests.support.sources import SettableClock
from tests.support.transfers import (
    OPERATOR,
    Json,
    MovedClock,
    add_file,
    count_of,
    draft,
    import_of,
    jsonl,
    result_of,
    server,
    start,
)

CHECKED = ErrorPolicy.REJECT_EVERYTHING
EACH = ErrorPolicy.REJECT_FAILED_ROWS


class System:
    """A storage, a store, and a server that carries out imports."""

    def __init__(self, storage: Storage, clock: SettableClock) -> None:
        self.storage = storage
        self.clock = clock
        self.store = MemoryStore(clock=clock)
        self.leases = MovedClock()
        self.server = self.another()

    def another(self, **pace: Any) -> Transfers:
        """As another process has it."""
        return server(self.storage, self.store, self.leases, **pace)

    async def add(self, content: bytes, file_id: str = "file-1", **changes: Any) -> None:
        await add_file(self.storage, self.store, content, file_id, **changes)

    async def start(self, *given: Any, **changes: Any) -> Import:
        return await start(self.storage, *given, **changes)

    async def done(self, started: Import) -> Import:
        await self.server.settle()
        return await import_of(self.storage, started.import_id)

    async def imported(
        self,
        content: bytes,
        entity: TransferEntity = TransferEntity.DRAFT,
        policy: ErrorPolicy = EACH,
    ) -> Import:
        await self.add(content)
        return await self.done(await self.start(entity, policy))

    async def result(self, stored: Import) -> list[Json]:
        return await result_of(self.storage, self.store, stored)

    async def count(self) -> int:
        return await count_of(self.storage)

    async def change(self, work: Any) -> Any:
        return await self.storage.as_(OPERATOR).write(work)

    async def cancel(self, started: Import, **changes: Any) -> Import:
        command = CancelImport(import_id=started.import_id, **changes)
        found: Import = await self.change(lambda unit: cancel_import(unit, command))
        return found

    async def lots(self, started: Import) -> int:
        async with self.storage.as_(OPERATOR).read() as snapshot:
            return len(await snapshot.jobs.lines(started.import_id, 0, 100))


@pytest.fixture
def system(storage: Storage, clock: SettableClock) -> System:
    return System(storage, clock)


# What becomes of lines


async def test_each_line_is_saved_and_told_of_in_order(system: System) -> None:
    done = await system.imported(jsonl(draft(number) for number in range(450)))

    assert (done.status, done.error) == (TransferStatus.SUCCEEDED, None)
    assert (done.line_count, done.saved_count, done.rejected_count) == (450, 450, 0)
    assert done.bytes_done == done.bytes_total
    assert done.finished_at is not None
    assert await system.count() == 450
    assert await system.result(done) == [
        {"line": number + 1, "status": "SAVED", "key": f"draft-{number:05}", "revision": 1}
        for number in range(450)
    ]
    assert await system.lots(done) == 0


ROWS = {
    TransferEntity.BRIEF: inputs.submit_intake(),
    TransferEntity.STRATEGY_PLAN: inputs.save_plan(),
    TransferEntity.CAMPAIGN: inputs.save_campaign(),
    TransferEntity.DRAFT: inputs.save_draft(),
    TransferEntity.QC_RESULT: inputs.record_result(),
    TransferEntity.DELIVERY_PACKAGE: inputs.save_package(),
}


@pytest.mark.parametrize("entity", TransferEntity)
async def test_every_entity_of_the_pipeline_can_be_imported(
    system: System, entity: TransferEntity
) -> None:
    done = await system.imported(jsonl([ROWS[entity]]), entity, CHECKED)

    [told] = await system.result(done)
    assert (done.status, done.saved_count) == (TransferStatus.SUCCEEDED, 1)
    assert told["status"] == "SAVED"


async def test_lines_about_the_same_entity_replace_each_other_in_order(system: System) -> None:
    rows = [draft(1), draft(1, title="Second"), draft(2), draft(1, title="Third")]

    done = await system.imported(jsonl(rows))

    assert [(it["key"], it["revision"]) for it in await system.result(done)] == [
        ("draft-00001", 1),
        ("draft-00001", 2),
        ("draft-00002", 1),
        ("draft-00001", 3),
    ]
    async with system.storage.as_(OPERATOR).read() as snapshot:
        stored = await snapshot.drafts.get("draft-00001")
    assert stored is not None
    assert stored.title == "Third"


async def test_plans_of_a_brief_get_their_versions_in_the_order_of_lines(system: System) -> None:
    plan = inputs.without(inputs.save_plan(briefId="brief-1"), "strategyId", "version")
    taken = plan | {"version": 2, "strategyId": "another"}

    done = await system.imported(jsonl([plan, plan, taken]), TransferEntity.STRATEGY_PLAN, EACH)

    first, second, third = await system.result(done)
    assert (first["status"], second["status"]) == ("SAVED", "SAVED")
    assert third["errors"] == [
        {
            "code": "VALIDATION",
            "message": "version: another plan of this brief has it.",
            "path": ["version"],
        }
    ]


LONGEST = 300
BAD_LINES: dict[str, tuple[bytes, list[str], str]] = {
    "not JSON": (b"{", [], "must be JSON"),
    "not an object": (b"[]", [], "must be a JSON object."),
    "NaN": (b'{"draftId": NaN}', [], "NaN is not a JSON number"),
    "too long": (b'"' + b"x" * LONGEST + b'"', [], "must have at most"),
    "wrong UTF-8": (b'"\xff"', [], "must be in UTF-8."),
    "nested": (b"[" * 250, [], "must be JSON"),
    "blank": (b"  ", [], "must not be blank."),
    "empty": (b"", [], "must not be blank."),
    "an unknown field": (
        json.dumps(draft(1, colour="red")).encode(),
        ["colour"],
        "isn't a field of `SaveDraftInput`.",
    ),
    "a missing field": (b'{"title": "x"}', ["strategyId"], "must be given."),
    "null": (json.dumps(draft(1, body=None)).encode(), ["body"], "must not be null."),
    "another type": (json.dumps(draft(1, body=[1])).encode(), ["body"], "String"),
    "NUL": (json.dumps(draft(1, title="a\0")).encode(), ["title"], "NUL"),
    "what a rule forbids": (json.dumps(draft(1, title=" ")).encode(), ["title"], "blank"),
}


@pytest.mark.parametrize("bad", BAD_LINES)
async def test_a_bad_line_is_told_by_its_number_and_field_and_others_are_saved(
    system: System, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_of, "__defaults__", (LONGEST,))
    line, path, message = BAD_LINES[bad]
    good = json.dumps(draft(7)).encode()

    done = await system.imported(b"\n".join([good, line, json.dumps(draft(8)).encode()]))

    first, told, last = await system.result(done)
    assert (first["status"], last["status"], last["line"]) == ("SAVED", "SAVED", 3)
    assert (told["line"], told["status"]) == (2, "REJECTED")
    assert [error["code"] for error in told["errors"]] == ["VALIDATION"] * len(told["errors"])
    assert any(error["path"] == path and message in error["message"] for error in told["errors"]), (
        told
    )
    assert (done.saved_count, done.rejected_count) == (2, 1)


async def test_byte_order_marks_and_crlf_are_no_part_of_lines(system: System) -> None:
    rows = [json.dumps(draft(number)).encode() for number in range(3)]

    done = await system.imported(b"\xef\xbb\xbf" + b"\r\n".join(rows) + b"\r\n")

    assert [it["status"] for it in await system.result(done)] == ["SAVED"] * 3


async def test_a_file_without_lines_is_imported_at_once(system: System) -> None:
    done = await system.imported(b"", policy=CHECKED)

    assert (done.status, done.line_count) == (TransferStatus.SUCCEEDED, 0)
    assert await system.result(done) == []


# Error policies


async def test_nothing_is_stored_where_a_line_is_wrong_and_everything_is_to_be_rejected(
    system: System,
) -> None:
    rows = [draft(number) for number in range(250)] + [draft(250, title="")]

    done = await system.imported(jsonl(rows), policy=CHECKED)

    assert done.status is TransferStatus.FAILED
    assert done.error == "1 of 251 lines were refused, so nothing was stored."
    assert (done.saved_count, done.rejected_count) == (0, 1)
    assert await system.count() == 0
    told = await system.result(done)
    assert [it["status"] for it in told] == ["NOT_SAVED"] * 250 + ["REJECTED"]
    assert told[0]["errors"][0]["code"] == "REJECTED"


async def test_a_file_that_was_checked_is_saved_and_its_bytes_count_twice(system: System) -> None:
    content = jsonl(draft(number) for number in range(250))

    done = await system.imported(content, policy=CHECKED)

    assert (done.status, done.saved_count, done.line_count) == (TransferStatus.SUCCEEDED, 250, 250)
    assert done.bytes_done == done.bytes_total == 2 * len(content)
    assert len(await system.result(done)) == 250


async def test_what_is_stored_may_refuse_lines_that_were_checked_and_ends_the_import(
    system: System,
) -> None:
    rows = [draft(number) for number in range(200)]
    rows += [draft(200), draft(201, expectedRevision=3), draft(202)]

    done = await system.imported(jsonl(rows), policy=CHECKED)

    assert done.status is TransferStatus.FAILED
    assert done.error == (
        "Of the lines 201 to 203 none was stored, since 1 of them were refused. "
        "The 200 lines before them were stored."
    )
    assert await system.count() == 200
    told = await system.result(done)
    assert [it["status"] for it in told[200:]] == ["NOT_SAVED", "REJECTED", "NOT_SAVED"]
    assert told[201]["errors"][0]["code"] == "REVISION_CONFLICT"


# Callers


async def test_who_may_not_save_such_entities_may_not_import_them(system: System) -> None:
    await system.add(jsonl([draft(1)]))

    for missing in (Scope.PRODUCTION_WRITE, Scope.FILES_READ):
        caller = OPERATOR._replace(scopes=ALL_SCOPES - {missing})
        with pytest.raises(NotAllowed, match=missing):
            await system.start(caller=caller)


async def test_a_file_of_another_client_is_not_there(system: System) -> None:
    await system.add(jsonl([draft(1)]), client_id="b")

    with pytest.raises(NotFound):
        await system.start(caller=build.caller(clients=frozenset({"a"})))


async def test_lines_are_saved_in_the_name_of_who_started_it_and_of_its_clients_alone(
    system: System,
) -> None:
    async def store(unit: UnitOfWork) -> None:
        for client_id in ("a", "b"):
            await unit.briefs.save(build.brief(client_id, client_id=client_id))
            await unit.strategy_plans.save(build.plan(client_id, brief_id=client_id))

    await system.change(store)
    caller = build.caller(
        kind=CallerKind.AGENT, id="importer", on_behalf_of="ada", clients=frozenset({"a"})
    )
    rows = [{**draft(1, strategyId=plan)} for plan in ("a", "b")]
    await system.add(
        jsonl([{name: it for name, it in row.items() if name != "draftId"} for row in rows]),
        client_id="a",
    )

    done = await system.done(await system.start(caller=caller))

    first, second = await system.result(done)
    assert (first["status"], second["status"]) == ("SAVED", "REJECTED")
    assert second["errors"][0]["path"] == ["strategyId"]
    await system.storage.sequence_events()
    async with system.storage.as_(OPERATOR).read() as snapshot:
        events = (await snapshot.events.page(0, 100)).items
        file = await snapshot.files.get(str(done.result_file_id))
    [saved] = [event for event in events if event.type == "draft.saved"]
    assert saved.caller == caller.identity
    assert file is not None
    assert (file.client_id, file.created_by) == ("a", "importer")


# Cancelling


async def test_a_cancelled_import_saves_nothing_more_and_tells_what_it_saved(
    system: System,
) -> None:
    await system.add(jsonl([draft(1)]))
    started = await system.start()

    cancelled = await system.cancel(started)
    again = await system.cancel(started)
    done = await system.done(started)

    assert (cancelled.status, again) == (TransferStatus.CANCELLED, cancelled)
    assert (done.status, done.saved_count) == (TransferStatus.CANCELLED, 0)
    assert await system.result(done) == []
    assert await system.count() == 0


async def test_an_import_that_has_ended_can_not_be_cancelled(system: System) -> None:
    done = await system.imported(jsonl([draft(1)]))

    with pytest.raises(InvalidTransition):
        await system.cancel(done)
    with pytest.raises(RevisionConflict):
        await system.cancel(done, expected_revision=1)
    with pytest.raises(NotFound):
        await system.cancel(replace(done, import_id="of-nobody"))


# Leases


async def test_an_import_is_carried_out_by_one_process_at_a_time(system: System) -> None:
    await system.add(jsonl([draft(1)]))
    await system.start()

    assert await system.server.step()
    assert not await system.another().step()
    await system.server.settle()
    assert not await system.another().step()


async def test_who_has_lost_the_lease_stores_nothing_more(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.add(jsonl(draft(number) for number in range(450)))
    started = await system.start()
    held = asyncio.Event()
    go_on = asyncio.Event()
    read = system.store.read

    async def slow(key: str, start: int = 0, stop: int | None = None) -> Any:
        if not held.is_set():
            held.set()
            await go_on.wait()
        async for part in read(key, start, stop):
            yield part

    monkeypatch.setattr(system.store, "read", slow)
    await system.server.step()
    await held.wait()
    system.leases.move(hours=1)
    another = system.another()
    await another.settle()
    done = await import_of(system.storage, started.import_id)
    go_on.set()
    await system.server.settle()

    assert (done.status, done.saved_count) == (TransferStatus.SUCCEEDED, 450)
    assert await import_of(system.storage, started.import_id) == done
    assert {it["revision"] for it in await system.result(done)} == {1}


async def test_a_server_that_stops_gives_back_what_it_has_begun(system: System) -> None:
    content = jsonl(draft(number) for number in range(450))
    await system.add(content)
    started = await system.start()
    stopping = system.another()
    await stopping.step()
    stopping.stop()
    await stopping.run()

    done = await system.done(started)

    assert (done.status, done.saved_count) == (TransferStatus.SUCCEEDED, 450)
    assert {it["revision"] for it in await system.result(done)} == {1}


async def test_a_bug_lets_an_import_fail_after_some_attempts(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await system.add(jsonl([draft(1)]))
    started = await system.start()

    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(imports_module, "save_rows_of", broken)
    for _ in range(4):
        await system.server.settle()
        system.leases.move(minutes=1)
    done = await import_of(system.storage, started.import_id)

    assert done.status is TransferStatus.FAILED
    assert done.error is not None
    assert "ZeroDivisionError" not in done.error
    assert done.result_file_id is not None


async def test_bugs_with_lines_saved_in_between_are_none_in_succession(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within one lease, too: a transaction is stored, and the next one fails."""
    await system.add(jsonl(draft(number) for number in range(5 * 200)))
    started = await system.start()
    calls = count()

    async def every_other_one_fails(*given: Any) -> Any:
        if next(calls) % 2:
            raise ZeroDivisionError
        return await save_rows_of(*given)

    monkeypatch.setattr(imports_module, "save_rows_of", every_other_one_fails)
    for _ in range(6):
        await system.server.settle()
        system.leases.move(minutes=1)

    assert (await import_of(system.storage, started.import_id)).status is TransferStatus.SUCCEEDED


# Files


async def test_an_import_fails_where_the_bytes_of_its_file_are_lost(system: System) -> None:
    content = jsonl([draft(1)])
    await system.add(content)
    started = await system.start()
    await system.store.delete(content_key(build.sha256_of(content)))

    done = await system.done(started)

    assert (done.status, done.error) == (
        TransferStatus.FAILED,
        "The bytes of the file aren't kept any more.",
    )


async def test_files_that_imports_need_are_not_collected(system: System) -> None:
    content = jsonl([draft(1)])
    await system.add(content)
    started = await system.start()
    garbage = Garbage(system.storage, system.store, timedelta(hours=1), clock=system.clock)
    system.clock.move(hours=2)

    kept_for_it = [file async for file in garbage.delete_files()]
    done = await system.done(started)
    collected = [file.file_id async for file in garbage.delete_files()]

    assert kept_for_it == []
    assert done.status is TransferStatus.SUCCEEDED
    assert collected == ["file-1"]


async def test_nothing_is_left_of_what_a_result_file_was_made_of(system: System) -> None:
    await system.imported(jsonl([draft(1)]))

    assert await kept(system.store, "uploads/") == {}
