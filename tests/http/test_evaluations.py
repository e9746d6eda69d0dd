"""A server checks drafts by its own settings, and goes on answering meanwhile."""

import asyncio

import pytest

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


async def test_other_requests_are_answered_while_a_draft_is_checked(server: Served) -> None:
    await server.api.do("saveDraft", inputs.save_draft(body="It takes time. " * 13_000))

    checking = asyncio.create_task(checked(server))
    for _ in range(3):
        await server.api.ask("{ drafts { totalCount } }")
    assert not checking.done()

    assert (await checking)["errors"] == []
