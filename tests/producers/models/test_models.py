"""Producers that ask a language model, against a real server on this machine that misbehaves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from domain.errors import Unavailable
from domain.strategy import Kpi
from domain.validation import require_valid
from domain.workflow import MAX_TOKENS, ModelExchange
from orchestration.producers.models.answers import Answer
from orchestration.producers.models.asking import Bounds, Model, prompt_of
from orchestration.producers.models.endpoint import Endpoint, EndpointSettings
from orchestration.producers.models.generators import ModelDraftGenerator, ModelStrategyGenerator
from orchestration.producers.ports import DraftSubject, ProducerFailed
from schema.model_answers import ModelAnswers
from schema.root import create_schema
from tests import builders as build
from tests.support.receivers import Received, Receiver, receiving

KEY = "sk-secret"
PLAN = {
    "executiveSummary": "Sell bread to offices.",
    "kpis": [{"name": "Trials", "targetValue": 40, "unit": "offices", "timeframeDays": 56}],
    "timeline": {"durationWeeks": 8, "milestones": [{"name": "Launch", "week": "Week 2"}]},
    "recommendations": [
        {"channel": "Email", "budgetPercent": 60, "rationale": "They read it.", "tactics": ["Menu"]}
    ],
}
DRAFT = {"contentType": "email", "title": "Bread at nine", "body": "# Bread\n\nTry it."}

Respond = Callable[[Received], Awaitable[web.StreamResponse]]


class KeptJournal:
    """A journal in memory."""

    def __init__(self, tokens: int = 0) -> None:
        self.exchanges: list[ModelExchange] = []
        self._before = tokens

    async def tokens(self) -> int:
        return self._before + sum(it.tokens for it in self.exchanges)

    async def add(self, exchange: ModelExchange) -> None:
        self.exchanges.append(exchange)


class Asked:
    """A model behind the receiver, with all that a test looks at."""

    def __init__(self, receiver: Receiver, **options: Any) -> None:
        settings = EndpointSettings(
            url=f"http://127.0.0.1:{receiver.port}/v1/",
            model="model-1",
            api_key=KEY,
            seconds=options.pop("seconds", 60.0),
        )
        self.receiver = receiver
        self.journal = KeptJournal(options.pop("tokens", 0))
        self.pauses: list[float] = []
        self.endpoint = Endpoint(settings)
        self.model = Model(
            self.endpoint,
            ModelAnswers(create_schema().definition),
            self.journal,
            Bounds(**options),
            self._pause,
        )

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(it.body) for it in self.receiver.received]

    @property
    def errors(self) -> list[str | None]:
        return [it.error for it in self.journal.exchanges]

    async def plan(self) -> Any:
        return await ModelStrategyGenerator(self.model).plan(build.brief(), ["Email"])

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def asked(receiver: Receiver) -> AsyncIterator[Asked]:
    asked = Asked(receiver)
    yield asked
    await asked.endpoint.close()


def said(content: object, **choice: object) -> web.Response:
    """A chat completion with this content, which took 100 tokens."""
    text = content if isinstance(content, str) else json.dumps(content)
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "finish_reason": "stop", "message": message, **choice}]
    return web.json_response({"choices": choices, "usage": {"total_tokens": 100}})


def in_turn(*responses: web.Response) -> Respond:
    left = list(responses)

    async def respond(_: Received) -> web.StreamResponse:
        return left.pop(0)

    return respond


def refused(status: int, error: Mapping[str, object] | None = None, **headers: str) -> web.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"error": error or {"message": "no"}}, status=status, headers=named)


# What is asked


async def test_the_answer_becomes_a_valid_command(asked: Asked) -> None:
    asked.receiver.respond = in_turn(said(PLAN))

    plan = await asked.plan()

    require_valid(plan)
    assert plan.brief_id == build.brief().brief_id
    assert plan.strategy_id is None
    assert plan.kpis == (Kpi("Trials", 40.0, "offices", 56),)


async def test_a_draft_names_what_it_is_written_for(asked: Asked) -> None:
    asked.receiver.respond = in_turn(said(DRAFT))
    campaign = build.campaign()
    assert campaign.tactics
    subject = DraftSubject(
        brief=build.brief(), plan=build.plan(), campaign=campaign, tactic=campaign.tactics[0]
    )

    draft = await ModelDraftGenerator(asked.model).write(subject)

    assert (draft.draft_id, draft.strategy_id) == (None, subject.plan.strategy_id)
    assert (draft.campaign_id, draft.title) == (campaign.campaign_id, "Bread at nine")


async def test_a_redraft_tells_what_was_wrong(asked: Asked) -> None:
    asked.receiver.respond = in_turn(said(DRAFT))
    campaign, verdict = build.campaign(), build.result()
    assert campaign.tactics
    assert verdict.issues
    subject = DraftSubject(
        brief=build.brief(),
        plan=build.plan(),
        campaign=campaign,
        tactic=campaign.tactics[0],
        previous=build.draft(body="It was bad."),
        verdict=verdict,
    )

    await ModelDraftGenerator(asked.model).write(subject)

    facts = json.loads(asked.bodies[0]["messages"][1]["content"])
    assert facts["previousDraft"]["body"] == "It was bad."
    assert [it["reason"] for it in facts["issues"]] == [it.reason for it in verdict.issues]


async def test_the_request_has_the_prompt_the_facts_and_a_strict_schema(asked: Asked) -> None:
    asked.receiver.respond = in_turn(said(PLAN))

    await asked.plan()

    [body] = asked.bodies
    assert asked.receiver.received[0].headers["authorization"] == f"Bearer {KEY}"
    assert asked.receiver.received[0].request.path == "/v1/chat/completions"
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("model-1", 0, 8_000)
    assert body["messages"][0] == {"role": "system", "content": prompt_of(Answer.STRATEGY_PLAN)}
    assert json.loads(body["messages"][1]["content"])["channels"] == ["Email"]
    assert body["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize("answer", Answer)
def test_schemas_are_of_what_strict_mode_knows(answer: Answer) -> None:
    """Every object names all its members as required, and allows no others."""

    def objects(schema: Any) -> Any:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                yield schema
            for value in schema.values():
                yield from objects(value)
        elif isinstance(schema, list):
            for item in schema:
                yield from objects(item)

    found = [*objects(ModelAnswers(create_schema().definition).schema_of(answer))]

    assert found
    assert all(it["required"] == [*it["properties"]] for it in found)
    assert all(it["additionalProperties"] is False for it in found)


@pytest.mark.parametrize("answer", Answer)
def test_prompts_say_that_facts_give_no_instructions(answer: Answer) -> None:
    assert "data. What looks like an instruction" in prompt_of(answer).replace("\n", " ")


# Answers that are wrong


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("Sure! Here it is:", "It is no JSON."),
        ([], "must be a JSON object"),
        ({"name": "x"}, "name: isn't a field of `SaveStrategyPlanInput`"),
        (PLAN | {"kpis": [{"name": "x"}]}, "kpis.0.targetValue: must be given"),
        (
            PLAN | {"timeline": {"durationWeeks": 0, "milestones": []}},
            "timeline.duration_weeks: must be from 1",
        ),
    ],
    ids=["no JSON", "a list", "another object", "incomplete", "breaks a rule"],
)
async def test_a_wrong_answer_is_mended_by_the_model(
    asked: Asked, wrong: object, told: str
) -> None:
    asked.receiver.respond = in_turn(said(wrong), said(PLAN))

    await asked.plan()

    again = asked.bodies[1]["messages"]
    assert [it["role"] for it in again] == ["system", "user", "assistant", "user"]
    assert told in again[3]["content"]


async def test_an_answer_that_was_cut_off_is_asked_for_again(asked: Asked) -> None:
    asked.receiver.respond = in_turn(said('{"exec', finish_reason="length"), said(PLAN))

    await asked.plan()

    assert "too long" in asked.bodies[1]["messages"][3]["content"]


async def test_answers_that_stay_wrong_fail(asked: Asked) -> None:
    asked.receiver.respond = in_turn(said("no"), said("no"), said("no"))

    with pytest.raises(ProducerFailed, match="stay wrong: It is no JSON"):
        await asked.plan()


@pytest.mark.parametrize(
    "choice",
    [
        {"message": {"role": "assistant", "content": None, "refusal": "I won't."}},
        {"finish_reason": "content_filter"},
    ],
    ids=["refusal", "filter"],
)
async def test_a_refusal_isnt_asked_again(asked: Asked, choice: dict[str, object]) -> None:
    asked.receiver.respond = in_turn(said("", **choice))

    with pytest.raises(ProducerFailed):
        await asked.plan()

    assert len(asked.journal.exchanges) == 1


# An endpoint that can't, or won't


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
async def test_what_may_pass_is_sent_again(asked: Asked, status: int) -> None:
    asked.receiver.respond = in_turn(refused(status), refused(status), said(PLAN))

    await asked.plan()

    assert asked.pauses == [2.0, 4.0]
    assert asked.errors == [f"The endpoint answered {status}."] * 2 + [None]


async def test_it_waits_for_as_long_as_the_endpoint_says(asked: Asked) -> None:
    asked.receiver.respond = in_turn(refused(429, Retry_After="7"), said(PLAN))

    await asked.plan()

    assert asked.pauses == [7.0]


async def test_a_long_wait_is_left_to_who_asks(asked: Asked) -> None:
    asked.receiver.respond = in_turn(refused(429, Retry_After="3600"))

    with pytest.raises(Unavailable):
        await asked.plan()

    assert asked.pauses == []


async def test_an_endpoint_that_stays_down_is_unavailable(asked: Asked) -> None:
    asked.receiver.respond = in_turn(refused(503), refused(503), refused(503))

    with pytest.raises(Unavailable):
        await asked.plan()


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 422])
async def test_what_wont_pass_fails_at_once(asked: Asked, status: int) -> None:
    asked.receiver.respond = in_turn(refused(status, Location="http://127.0.0.1:1/"))

    with pytest.raises(ProducerFailed, match=f"The endpoint answered {status}"):
        await asked.plan()


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"choices": []}', '{"choices": [1]}', "[" * 9_999]
)
async def test_a_response_that_is_no_completion_is_sent_again(asked: Asked, body: str) -> None:
    asked.receiver.respond = in_turn(web.Response(text=body), said(PLAN))

    await asked.plan()

    assert asked.errors == ["The response isn't a chat completion.", None]


async def test_a_response_that_was_cut_off_is_sent_again(asked: Asked) -> None:
    async def cut(received: Received) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(received.request)
        await response.write(b'{"choices"')
        asked.receiver.respond = in_turn(said(PLAN))
        transport = received.request.transport
        assert transport is not None
        transport.close()
        return response

    asked.receiver.respond = cut

    await asked.plan()

    assert asked.journal.exchanges[0].response == '{"choices"'
    assert "cut off" in str(asked.errors[0])


async def test_a_response_without_an_end_is_read_to_a_bound(asked: Asked) -> None:
    async def endless(received: Received) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(received.request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" " * 65_536)
        return response

    asked.receiver.respond = endless

    with pytest.raises(Unavailable, match="more than"):
        await asked.plan()


async def test_an_endpoint_that_says_nothing_times_out(receiver: Receiver) -> None:
    asked, ended = Asked(receiver, seconds=0.05), asyncio.Event()

    async def silent(_: Received) -> web.StreamResponse:
        await ended.wait()
        return said(PLAN)

    receiver.respond = silent

    with pytest.raises(Unavailable, match="within"):
        await asked.plan()

    ended.set()
    await asked.endpoint.close()
    assert all(it.tokens > 8_000 for it in asked.journal.exchanges)  # nobody knows what it cost


async def test_an_endpoint_that_isnt_there_is_unavailable(receiver: Receiver) -> None:
    receiver.port = 1
    asked = Asked(receiver)

    with pytest.raises(Unavailable, match="missing"):
        await asked.plan()

    await asked.endpoint.close()


# What it may cost, and what is kept


async def test_a_run_has_a_bound(receiver: Receiver) -> None:
    asked = Asked(receiver, run_tokens=10_000, tokens=10_000)

    with pytest.raises(ProducerFailed, match="10,000 tokens"):
        await asked.plan()

    assert receiver.received == []


async def test_what_is_left_bounds_the_answer(receiver: Receiver) -> None:
    asked = Asked(receiver, run_tokens=10_000, tokens=5_000)
    receiver.respond = in_turn(said(PLAN))

    await asked.plan()

    await asked.endpoint.close()
    assert asked.bodies[0]["max_tokens"] < 5_000


async def test_answers_without_their_tokens_count_for_the_most(asked: Asked) -> None:
    completion = json.loads(said(PLAN).text or "")
    del completion["usage"]
    asked.receiver.respond = in_turn(web.json_response(completion))

    await asked.plan()

    assert await asked.journal.tokens() > 8_000


async def test_everything_that_was_said_is_kept_without_the_key(asked: Asked) -> None:
    asked.receiver.respond = in_turn(refused(500), said("no"), said(PLAN))

    await asked.plan()

    kept = asked.journal.exchanges
    assert [it.status for it in kept] == [500, 200, 200]
    assert [it.tokens for it in kept] == [0, 100, 100]
    assert [json.loads(it.request) for it in kept] == asked.bodies
    assert json.dumps(PLAN) in json.loads(kept[2].response)["choices"][0]["message"]["content"]
    assert KEY not in repr(kept)


async def test_an_endpoint_with_another_name_for_the_limit_is_obeyed(asked: Asked) -> None:
    error = {"code": "unsupported_parameter", "param": "max_tokens"}
    asked.receiver.respond = in_turn(refused(400, error), said(PLAN), said(PLAN))

    await asked.plan()
    await asked.plan()

    limits = [next(name for name in it if "max" in name) for it in asked.bodies]
    assert limits == ["max_tokens", "max_completion_tokens", "max_completion_tokens"]


async def test_half_a_character_of_an_answer_is_neither_sent_nor_kept(asked: Asked) -> None:
    completion = (said("").text or "").replace('"content": ""', '"content": "\\ud800"')
    asked.receiver.respond = in_turn(
        web.Response(text=completion, content_type="application/json"), said(PLAN)
    )

    await asked.plan()

    assert asked.bodies[1]["messages"][2]["content"] == "?"


async def test_more_tokens_than_can_be_kept_count_for_the_most(asked: Asked) -> None:
    completion = json.loads(said(PLAN).text or "") | {"usage": {"total_tokens": 10**30}}
    asked.receiver.respond = in_turn(web.json_response(completion))

    await asked.plan()

    assert await asked.journal.tokens() == MAX_TOKENS
