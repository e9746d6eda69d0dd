"""A server checks drafts by its own settings, and goes on answering meanwhile."""

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

from orchestration.producers.qc.evaluator import BuiltInQc
from tests import inputs
from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.serving import Served

CHECK = """mutation ($input: EvaluateDraftInput!) { evaluateDraft(input: $input) {
  evaluation { passed score } errors { message }
} }"""


async def checked(server: Served, **input: object) -> Json:
    answer = await server.api.ask(CHECK, input={"draftId": "draft-1"} | input)
    payload: Json = answer["evaluateDraft"]
    return payload


@pytest.mark.parametrize(("pass_score", "passes"), [(0.97, True), (0.98, False)])
async def test_a_draft_passes_with_the_score_of_the_settings(
    serve: Serve, pass_score: float, passes: bool
) -> None:
    server = await serve(qc_pass_score=pass_score)
    await server.api.do("saveDraft", inputs.save_draft(body="The the bread."))

    payload = await checked(server, benchmarkIds=["doubled-words"])

    assert payload == {"evaluation": {"passed": passes, "score": 0.97}, "errors": []}


async def test_other_requests_are_answered_while_drafts_are_checked(
    server: Served, tmp_path: Path
) -> None:
    await server.api.do("saveDraft", inputs.save_draft(body="It takes time."))
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    evaluator = server.service.evaluations.evaluator
    assert isinstance(evaluator, BuiltInQc)
    # The process reads until somebody writes, and the draft is checked after that.
    busy = asyncio.create_task(evaluator._worker.call(partial(Path.read_text, gate)))

    checking = asyncio.create_task(checked(server))
    for _ in range(3):
        await server.api.ask("{ drafts { totalCount } }")
    assert not checking.done()

    await asyncio.to_thread(gate.write_text, "open")
    assert (await checking)["errors"] == []
    assert await busy == "open"
