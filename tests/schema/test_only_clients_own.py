"""A caller who is bound to clients gets what there would be if nothing of others were stored.

Random commands and random operations are answered byte by byte as from a database that has nothing
but the client's own.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any, Final

import pytest
from graphql import print_ast

from domain.history import Event, EventFilter
from orchestration.uploads import Uploads
from repositories.factory import PersistenceMode, create_storage
from repositories.registry import ENTITY_TYPES
from repositories.unit_of_work import Storage, UnitOfWork
from schema.node import global_id
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.builders import CONTENT
from tests.conftest import close_database, empty_database, open_emptied
from tests.execution.documents import VARIABLES, documents
from tests.persistence.types_under_test import (
    BRIEF,
    EXPORT,
    FILE,
    IMPORT,
    PACKAGE,
    PLAN,
    RESULT,
    TYPES_UNDER_TEST,
    UPLOAD,
    TypeUnderTest,
)
from tests.support.files import files_in, send
from tests.support.graphql import InProcess, Json, mutation
from tests.support.patience import SECONDS
from tests.support.sources import SettableClock
from tests.support.tasks import elsewhere

OPERATOR: Final = build.caller()
A: Final = build.caller(id="portal", clients=frozenset({"a"}))

CONNECTION: Final = (
    "first: 3",
    "last: 2",
    "first: 2, orderBy: {field: CREATED_AT, direction: ASC}",
    "first: 5, orderBy: {field: UPDATED_AT, direction: DESC}",
    'filter: {not: {clientId: {eq: "b"}}}',
    'filter: {clientId: {in: ["a", "b"]}}',
    "filter: {or: [{revision: {gt: 1}}, {clientId: {isNull: true}}]}",
)
LOOKED_UP: Final = {
    "brief": "briefId",
    "strategyPlan": "strategyId",
    "campaign": "campaignId",
    "draft": "draftId",
    "qcResult": "resultId",
    "deliveryPackage": "packageId",
    "file": "fileId",
    "upload": "uploadId",
    "import": "importId",
    "export": "exportId",
    "run": "runId",
}


def arguments_of(keys: Callable[[str], Sequence[str]]) -> dict[str, Sequence[str]]:
    """Arguments that find entities of several clients, and some that find nothing."""
    ids = [
        global_id(type_.record, key) for name, type_ in ENTITY_TYPES.items() for key in keys(name)
    ]
    nested = ("strategyPlans", "campaigns", "drafts", "deliveryPackages")
    return {
        **{
            name: [f'{field}: "{key}"' for key in keys(f"{name[0].upper()}{name[1:]}")]
            for name, field in LOOKED_UP.items()
        },
        **{f"{name}s": CONNECTION for name in LOOKED_UP},
        **dict.fromkeys(nested, CONNECTION),
        "node": [f'id: "{id}"' for id in ids],
        "nodes": [f"ids: {json.dumps(ids[n::5])}" for n in range(5)],
        "events": (
            "first: 4",
            "last: 3",
            'first: 5, filter: {clientIds: ["a", "b"]}',
            "first: 5, filter: {entityTypes: [DRAFT, BRIEF]}",
        ),
        "history": ("first: 2", "first: 5"),
        "asOf": ("revision: 1", "revision: 2", 'at: "2026-03-02T09:31:00Z"'),
        "webhookEndpoints": ("first: 1",),
        "webhookDeliveries": ("first: 1",),
        "__type": ('name: "Brief"',),
    }


def operations(
    schema: CompiledSchema, keys: Callable[[str], Sequence[str]], *, of_the_log: bool
) -> Iterator[str]:
    """Random operations. Places in the log count all events, so those aren't read; nor is who
    asks, which is another caller."""
    for document in documents(
        schema.graphql, 200, depth=4, arguments=arguments_of(keys), steered=1_000
    ):
        text = print_ast(document).replace(f"({VARIABLES})", "")
        reads_log = any(name in text for name in ("events", "history", "asOf"))
        if (
            "$" not in text
            and "viewer" not in text
            and (not reads_log or (of_the_log and "ursor" not in text))
        ):
            yield text


@pytest.fixture(scope="module")
def asked(schema: CompiledSchema) -> Sequence[str]:
    """They are the same for whatever is stored, and take long to be made."""
    return [*operations(schema, lambda _: [*"123456", "7"], of_the_log=False)]


@pytest.fixture(scope="module")
def asked_after_steps(schema: CompiledSchema) -> Sequence[str]:
    return [
        *operations(
            schema, lambda name: [f"{PREFIXES[name]}-{n}" for n in range(STEPS)], of_the_log=True
        )
    ]


@asynccontextmanager
async def opened(url: str | None, **sources: Any) -> AsyncIterator[Storage]:
    """An empty storage."""
    if url is None:
        yield create_storage(PersistenceMode.INMEMORY, **sources)
        return
    database = await open_emptied(url)
    await empty_database(database)
    yield create_storage(PersistenceMode.DB, database, **sources)
    await close_database(database)


def _random_record(random: Random, entity_type: TypeUnderTest) -> Any:
    key, reference = random.choice("123456"), random.choice("123456")
    if entity_type is BRIEF:
        return build.brief(key, client_id=random.choice("aab"))
    if entity_type is PLAN:
        return build.plan(key, brief_id=key)
    if entity_type is RESULT:
        return build.result(key, draft_id=key)
    if entity_type is PACKAGE:
        artifacts = (build.artifact(url=None, file_id=random.choice("123456")),)
        return build.package(key, draft_id=reference, artifacts=artifacts)
    if entity_type in (FILE, UPLOAD, IMPORT, EXPORT):
        return entity_type.record(key, client_id=random.choice(["a", "a", "b", None]))
    return entity_type.record(key, strategy_id=reference)


def _for_anybody(response: str) -> str:
    """The response, whose addresses of archives don't say to the callers of which client they were
    given."""
    return re.sub(r"(&client=a)?(&verdicts=1&expires=\d+)&signature=[\w-]+", r"\2", response)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_was_saved_moved_and_deleted_all_is_answered_as_if_others_had_nothing(
    schema: CompiledSchema, storage: Storage, asked: Sequence[str], seed: int
) -> None:
    random = Random(seed)

    async def change(unit: UnitOfWork) -> None:
        for _ in range(120):
            entity_type = random.choice(TYPES_UNDER_TEST)
            record = _random_record(random, entity_type)
            if random.random() < 0.2:
                await entity_type.of(unit).delete(entity_type.key_of(record))
            else:
                await entity_type.of(unit).save(record)

    async def forget_others(unit: UnitOfWork) -> None:
        for entity_type in TYPES_UNDER_TEST:
            for key in "123456":
                record = await entity_type.of(unit).get(key)
                if record is not None and record.client_id != "a":
                    await entity_type.of(unit).delete(key)

    operator = storage.as_(OPERATOR)
    await operator.write(change)
    everything = InProcess(schema, storage, uploads=uploads_of(storage, SettableClock()))
    a = replace(everything, caller=A)

    seen = [_for_anybody(json.dumps(await a.send(it))) for it in asked]
    whole = [_for_anybody(json.dumps(await everything.send(it))) for it in asked]
    await operator.write(forget_others)
    wanted = [_for_anybody(json.dumps(await everything.send(it))) for it in asked]

    for operation, response, expected in zip(asked, seen, wanted, strict=True):
        assert response == expected, operation
    assert sum(map(str.__ne__, whole, wanted)) > len(asked) / 3


def uploads_of(storage: Storage, clock: SettableClock) -> Uploads:
    """Those of a server whose addresses depend on nothing but the clock."""
    return Uploads(storage, files_in(clock=clock))


STEPS: Final = 120
PREFIXES: Final = {
    "Brief": "brief",
    "StrategyPlan": "plan",
    "Campaign": "campaign",
    "Draft": "draft",
    "QcResult": "qc",
    "DeliveryPackage": "package",
    "File": "file",
    "Upload": "upload",
    "Import": "import",
    "Export": "export",
    "Run": "run",
}


class _KeysOfSteps:
    """Makes keys that say in which step they were made, whatever happened before."""

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, step: int) -> None:
        self._step = step
        self._events = count(1)

    def __call__(self, prefix: str) -> str:
        return f"{prefix}-{self._step}" + (f"-{next(self._events)}" if prefix == "event" else "")


@dataclass(frozen=True)
class Step:
    """A mutation, by client a or by an operator for others."""

    is_by_a: bool
    name: str
    input: Json


def _steps(seed: int) -> list[Step]:
    """The operator changes nothing of client a's; client a tries the keys of all."""
    random = Random(seed)
    made: dict[tuple[bool, str], list[str]] = defaultdict(list)
    steps = []
    for number in range(STEPS):
        step = _random_step(random, number, made)
        steps.append(step)
        prefix = _MADE.get(step.name)
        if prefix is not None and _OWN_KEY[prefix] not in step.input:
            made[step.is_by_a, prefix].append(f"{prefix}-{number}")
    return steps


def _random_step(
    random: Random, number: int, made: Mapping[tuple[bool, str], Sequence[str]]
) -> Step:
    is_by_a = random.random() < 0.6

    def key(prefix: str) -> str:
        """Mostly one of its own, if there is any, and of client a's tries some others'."""
        others = made.get((not is_by_a, prefix)) if is_by_a else None
        if others and random.random() < 0.25:
            return random.choice(others)
        return random.choice(made.get((is_by_a, prefix)) or [f"{prefix}-of-nobody"])

    def perhaps(**fields: Any) -> Json:
        return {name: value for name, value in fields.items() if random.random() < 0.3}

    client_id = random.choice("aaaaab" if is_by_a else "bc")
    plan = inputs.without(inputs.save_plan(briefId=key("brief")), "strategyId", "version")
    draft = inputs.save_draft(strategyId=key("plan"), title=f"Draft {number}")
    campaign = inputs.save_campaign(strategyId=key("plan"))
    result = inputs.record_result(draftId=key("draft"))
    kept_here = inputs.without(inputs.artifact(), "url") | {"fileId": key("file")}
    artifacts = [kept_here] if random.random() < 0.5 else [inputs.artifact()]
    package = inputs.save_package(draftId=key("draft"), artifacts=artifacts)
    deleted = random.choice([*_DELETED])
    kinds: Sequence[tuple[str, Json]] = (
        (
            "submitIntake",
            {"clientId": client_id, "responses": {"step": number}} | perhaps(briefId=key("brief")),
        ),
        ("normalizeBrief", inputs.normalize_brief(briefId=key("brief"))),
        ("saveStrategyPlan", plan | perhaps(strategyId=key("plan"), version=1)),
        ("approveStrategyPlan", {"strategyId": key("plan"), "decidedBy": "Ada"}),
        (
            "saveCampaign",
            inputs.without(campaign, "campaignId") | perhaps(campaignId=key("campaign")),
        ),
        (
            "saveDraft",
            inputs.without(draft, "draftId", "campaignId")
            | perhaps(draftId=key("draft"), campaignId=key("campaign")),
        ),
        ("recordQcResult", inputs.without(result, "resultId") | perhaps(resultId=key("qc"))),
        (
            "saveDeliveryPackage",
            inputs.without(package, "packageId") | perhaps(packageId=key("package")),
        ),
        ("createUpload", inputs.create_upload(clientId=client_id, name=f"{number}.txt")),
        ("completeUpload", {"uploadId": key("upload")}),
        ("startImport", {"fileId": key("file"), "entity": "DRAFT"}),
        ("cancelImport", {"importId": key("import")}),
        ("startExport", {"entity": "DRAFT", "clientId": client_id}),
        ("cancelExport", {"exportId": key("export")}),
        ("startRun", {"briefId": key("brief")} | perhaps(runId=key("run"))),
        ("cancelRun", {"runId": key("run")}),
        (f"delete{deleted}", {_DELETED[deleted]: key(PREFIXES[deleted])}),
    )
    # Of what others refer to there is more in the beginning.
    name, input = random.choice(kinds[: 1 + number // 3])
    may_expect = "Upload" not in name and not name.startswith("start") and random.random() < 0.5
    expected = perhaps(expectedRevision=random.choice((0, 1, 2))) if may_expect else {}
    return Step(is_by_a, name, input | expected)


_MADE: Final = {
    "submitIntake": "brief",
    "saveStrategyPlan": "plan",
    "saveCampaign": "campaign",
    "saveDraft": "draft",
    "recordQcResult": "qc",
    "saveDeliveryPackage": "package",
    "createUpload": "upload",
    "completeUpload": "file",
    "startImport": "import",
    "startExport": "export",
    "startRun": "run",
}
_OWN_KEY: Final = {
    "brief": "briefId",
    "plan": "strategyId",
    "campaign": "campaignId",
    "draft": "draftId",
    "qc": "resultId",
    "package": "packageId",
    "upload": "",
    "file": "",
    "import": "",
    "export": "",
    "run": "",
}
_DELETED: Final = {
    f"{name[0].upper()}{name[1:]}": field
    for name, field in LOOKED_UP.items()
    if name not in ("file", "upload", "import", "export", "run")
}
_UPLOADING: Final = {
    "createUpload": """mutation($input: CreateUploadInput!) { createUpload(input: $input) {
      upload { uploadId clientId name status request { url } } errors { code message path }
    } }""",
    "completeUpload": """mutation($input: CompleteUploadInput!) { completeUpload(input: $input) {
      file { fileId clientId name createdBy url } errors { code message path }
    } }""",
    "startImport": """mutation($input: StartImportInput!) { startImport(input: $input) {
      import { importId clientId fileId createdBy status } errors { code message path }
    } }""",
    "cancelImport": """mutation($input: CancelImportInput!) { cancelImport(input: $input) {
      import { importId clientId revision status } errors { code message path }
    } }""",
    "startExport": """mutation($input: StartExportInput!) { startExport(input: $input) {
      export { exportId clientId createdBy status } errors { code message path }
    } }""",
    "cancelExport": """mutation($input: CancelExportInput!) { cancelExport(input: $input) {
      export { exportId clientId revision status } errors { code message path }
    } }""",
    "startRun": """mutation($input: StartRunInput!) { startRun(input: $input) {
      run { runId clientId briefId startedBy status } errors { code message path }
    } }""",
    "cancelRun": """mutation($input: CancelRunInput!) { cancelRun(input: $input) {
      run { runId clientId revision status } errors { code message path }
    } }""",
}


@dataclass(frozen=True)
class Responses:
    """All that client a was answered."""

    mutations: list[str]
    queries: list[str]
    followed: list[Any]
    saved: int


async def _responses(
    schema: CompiledSchema,
    url: str | None,
    steps: Sequence[Step],
    asked: Sequence[str],
    *,
    has_others: bool,
) -> Responses:
    clock, keys = SettableClock(), _KeysOfSteps()
    async with opened(url, clock=clock, new_key=keys) as storage:
        uploads = uploads_of(storage, clock)
        operator = InProcess(schema, storage, uploads=uploads)
        a = replace(operator, caller=A)
        mutations = []
        for number, step in enumerate(steps):
            keys.begin(number)
            clock.move(seconds=1)
            document = _UPLOADING.get(step.name) or mutation(step.name)
            if step.is_by_a:
                response = await a.send(document, {"input": step.input})
                mutations.append(json.dumps(response))
            elif has_others:
                await operator.send(document, {"input": step.input})
            if step.name == "createUpload" and (step.is_by_a or has_others):
                await send(uploads.files.store, f"upload-{number}", CONTENT)
        await storage.sequence_events()
        queries = [json.dumps([it, await a.send(it)]) for it in asked]
        async with storage.as_(A).read() as snapshot:
            events = (await snapshot.events.page(0, 1_000)).items
        # In a task of its own, for the deadline of the feed's reads stays with the task.
        followed = await elsewhere(_followed(storage, len(events)))
        assert followed == [*events]
        return Responses(
            mutations, queries, [replace(it, position=None) for it in followed], len(events)
        )


async def _followed(storage: Storage, number: int) -> list[Event]:
    """The first events that client a is told."""
    subscription = await storage.feed.subscribe(A, EventFilter(), after=0)
    try:
        async with asyncio.timeout(SECONDS):
            return [await anext(subscription) for _ in range(number)]
    finally:
        subscription.close()
        await storage.feed.close()


@pytest.fixture
def place(_storage: str | None) -> str | None:
    """Where things are stored: the URL of a database, or None for memory."""
    return _storage


@pytest.mark.parametrize("seed", range(4))
async def test_all_that_a_client_does_is_answered_byte_by_byte_as_if_there_were_no_others(
    schema: CompiledSchema, place: str | None, asked_after_steps: Sequence[str], seed: int
) -> None:
    steps = _steps(seed)

    alone = await _responses(schema, place, steps, asked_after_steps, has_others=False)
    among_others = await _responses(schema, place, steps, asked_after_steps, has_others=True)

    assert among_others.mutations == alone.mutations
    assert among_others.queries == alone.queries
    assert among_others.followed == alone.followed
    assert alone.saved > STEPS / 10
    assert len([it for it in alone.queries if '"errors"' not in it]) > len(alone.queries) / 2
