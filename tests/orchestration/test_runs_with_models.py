"""Runs that ask a language model, behind a real server on this machine."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from domain.callers import Caller, CallerKind
from domain.scopes import Scope
from domain.workflow import ModelExchange, Run, RunStatus, RunStepStatus
from orchestration.evaluations import Evaluations
from orchestration.runs.steps import Producers
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema, create_schema
from server.settings import load_settings
from server.workers import opened_producers
from tests import builders as build
from tests.orchestration.test_killed_runs import Boundaries, Killed, MortalStorage
from tests.support.graphql import InProcess
from tests.support.receivers import Received, Receiver, receiving
from tests.support.runs import OPERATOR, RunSystem, TimedRunSystem
from tests.support.statements import watched

ANSWERS: Mapping[str, object] = {
    "normalized_brief": {
        "scope": {"deliverables": ["posts"], "exclusions": [], "timelineWeeks": 4},
        "objectives": ["be known"],
        "targetAudience": "people who bake",
        "brandGuidelines": None,
    },
    "strategy_plan": {
        "executiveSummary": "Sell bread to offices.",
        "kpis": [],
        "timeline": {"durationWeeks": 8, "milestones": []},
        "recommendations": [
            {"channel": "Email", "budgetPercent": 60, "rationale": "They read it.", "tactics": []}
        ],
    },
    "campaign": {
        "name": "Spring bread",
        "tactics": [{"channel": "Email", "contentType": "email", "title": "Bread at nine"}],
    },
    "draft": {"contentType": "email", "title": "Bread at nine", "body": "Try it."},
}
KEY = "sk-secret"
LOOK = """query ($id: ID!) { run(runId: $id) { status modelExchanges {
  position prompt model request response status error tokens beganAt durationMs
} } }"""


class FakeModel:
    """Answers each prompt as it's told, with 100 tokens each."""

    def __init__(self, receiver: Receiver) -> None:
        self.url = f"http://127.0.0.1:{receiver.port}/v1"
        self.asked: list[str] = []
        self.refuses = ""
        self.before_answer: Callable[[], None] = lambda: None
        receiver.respond = self._respond

    async def _respond(self, received: Received) -> web.StreamResponse:
        body = json.loads(received.body)
        prompt = body["response_format"]["json_schema"]["name"]
        self.asked.append(prompt)
        self.before_answer()
        message = {"role": "assistant", "content": json.dumps(ANSWERS[prompt])}
        if prompt == self.refuses:
            message = {"role": "assistant", "content": "", "refusal": "I won't."}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return web.json_response({"choices": choices, "usage": {"total_tokens": 100}})


@pytest.fixture
async def model() -> AsyncIterator[FakeModel]:
    async with receiving() as receiver:
        yield FakeModel(receiver)


@pytest.fixture(scope="module")
def schema() -> CompiledSchema:
    return create_schema()


@pytest.fixture
async def producers(
    model: FakeModel, system: RunSystem, schema: CompiledSchema
) -> AsyncIterator[Producers]:
    """Those of a server with these settings, but for the checks and the files."""
    settings = load_settings(model_url=model.url, model_name="model-1", model_api_key=KEY)
    evaluations = Evaluations(system.storage, system.fakes.evaluator)
    async with opened_producers(None, evaluations, schema, settings) as opened:
        yield replace(opened, store=system.store)


@pytest.fixture
async def system(storage: Storage) -> TimedRunSystem:
    system = TimedRunSystem(storage)
    await system.add_brief()
    return system


async def exchanges_of(system: RunSystem, run: Run) -> tuple[ModelExchange, ...]:
    async with system.storage.as_(OPERATOR).read() as snapshot:
        found = await snapshot.exchanges.of_runs([run.run_id])
    return found.get(run.run_id, ())


async def test_a_model_takes_a_brief_to_a_package_and_all_that_was_said_is_kept(
    system: RunSystem, producers: Producers, schema: CompiledSchema
) -> None:
    run = await system.start()

    await system.another(producers=producers).settle()

    api = InProcess(schema, system.storage)
    found = (await api.ask(LOOK, id=run.run_id))["run"]
    assert found["status"] == "SUCCEEDED"
    said = found["modelExchanges"]
    assert [it["prompt"] for it in said] == [*ANSWERS]
    assert [it["position"] for it in said] == [0, 1, 2, 3]
    assert {(it["model"], it["status"], it["error"], it["tokens"]) for it in said} == {
        ("model-1", 200, None, 100)
    }
    assert all(json.loads(it["request"])["model"] == "model-1" for it in said)
    assert "Try it." in said[3]["response"]
    assert KEY not in json.dumps(said)


async def test_who_may_not_read_drafts_reads_no_words_of_them(
    system: RunSystem, producers: Producers, schema: CompiledSchema
) -> None:
    run = await system.start()
    await system.another(producers=producers).settle()
    reader = Caller(
        CallerKind.USER, "ada", None, "request-9", None, frozenset({Scope.WORKFLOW_READ})
    )
    api = InProcess(schema, system.storage, caller=reader)
    look = "query ($id: ID!) {{ run(runId: $id) {{ modelExchanges {{ {0} }} }} }}"

    [*seen] = (await api.ask(look.format("prompt tokens"), id=run.run_id))["run"]["modelExchanges"]
    assert seen == [{"prompt": prompt, "tokens": 100} for prompt in ANSWERS]
    for field in ("request", "response"):
        response = await api.send(look.format(field), {"id": run.run_id})
        assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_model_that_refuses_fails_the_run_at_once(
    system: TimedRunSystem, producers: Producers, model: FakeModel
) -> None:
    model.refuses = "strategy_plan"
    run = await system.start()

    await system.another(producers=producers).settle()

    failed = await system.run_of(run)
    assert (failed.status, failed.error) == (RunStatus.FAILED, "The model refuses to answer.")
    assert (failed.journal[1].status, failed.journal[1].attempts) == (RunStepStatus.FAILED, 1)
    assert model.asked == ["normalized_brief", "strategy_plan"]
    assert [it.prompt for it in await exchanges_of(system, run)] == model.asked


class KilledOnCue(Boundaries):
    """Kills the process after the commit that comes next."""

    def __init__(self) -> None:
        super().__init__(1_000_000)

    def cue(self) -> None:
        self._left = 2


async def test_an_answer_counts_though_the_process_is_killed_before_its_step_is_done(
    system: TimedRunSystem, producers: Producers, model: FakeModel
) -> None:
    boundaries = KilledOnCue()

    def kill() -> None:
        if model.asked == ["normalized_brief", "strategy_plan"]:
            boundaries.cue()

    model.before_answer = kill
    run = await system.start()
    storage: Any = MortalStorage(system.storage, boundaries)
    with suppress(Killed):
        await system.another(storage=storage, producers=producers).settle()
    assert boundaries.is_killed

    system.clock.move(minutes=3)
    await system.another(producers=producers).settle()

    assert (await system.run_of(run)).status is RunStatus.SUCCEEDED
    prompts = ["normalized_brief", "strategy_plan", "strategy_plan", "campaign", "draft"]
    assert [it.prompt for it in await exchanges_of(system, run)] == prompts
    async with system.storage.as_(OPERATOR).read() as snapshot:
        assert await snapshot.exchanges.tokens(run.run_id) == 500
    assert set((await system.made()).counts.values()) == {1}


async def test_an_answer_is_kept_that_comes_when_the_process_is_told_to_end(
    system: TimedRunSystem, producers: Producers, model: FakeModel
) -> None:
    server = system.another(producers=producers)

    model.before_answer = server.stop
    run = await system.start()

    await server.run()

    assert [it.tokens for it in await exchanges_of(system, run)] == [100]
    assert model.asked == ["normalized_brief"]


async def test_the_exchanges_of_all_runs_of_a_page_are_one_statement(
    database: Database, schema: CompiledSchema
) -> None:
    storage = create_storage(PersistenceMode.DB, database)
    system = RunSystem(storage)
    for number in range(3):
        await system.add_brief(f"brief-{number}")
        run = await system.start(f"brief-{number}")
        key = run.run_id
        await system.change(lambda unit, key=key: unit.exchanges.add(key, build.exchange()))
    look = "query ($n: Int) { runs(first: $n) { nodes { modelExchanges { tokens request } } } }"
    api = InProcess(schema, storage)

    counts = []
    for number in (1, 3):
        with watched(database) as seen:
            found = (await api.ask(look, n=number))["runs"]["nodes"]
        assert [len(it["modelExchanges"]) for it in found] == [1] * number
        counts.append(len(seen))

    assert counts == [2, 2]
