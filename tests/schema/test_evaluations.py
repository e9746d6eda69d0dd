"""Evaluations as clients see them."""

import pytest

from tests import inputs
from tests.support.graphql import ERRORS, InProcess, Json

EVALUATE = (
    """mutation ($input: EvaluateDraftInput!) { evaluateDraft(input: $input) {
      qcResult {
        draftId passed score revision issues { severity section reason hint benchmarkId }
        draft { title }
      }
      evaluation {
        passed score findings { benchmarkId severity section reason hint }
        checkedBenchmarkIds skippedBenchmarkIds
      } """
    + ERRORS
    + "} }"
)
FINDING = {
    "severity": "MINOR",
    "section": "Opening",
    "reason": "“the the” has a word twice.",
}
HINT = "Delete one of them."


async def evaluated(api: InProcess, **input: object) -> Json:
    payload: Json = (await api.ask(EVALUATE, input=input))["evaluateDraft"]
    return payload


@pytest.fixture
async def draft(api: InProcess) -> Json:
    await api.do("submitIntake", inputs.submit_intake(briefId="brief-1"))
    await api.do("saveStrategyPlan", inputs.save_plan(strategyId="plan-1", briefId="brief-1"))
    saved: Json = await api.do("saveDraft", inputs.save_draft(body="Wait for the the bread."))
    return saved


async def test_an_evaluation_is_recorded_as_the_draft_s_result(api: InProcess, draft: Json) -> None:
    benchmarks = ["doubled-words", "unsubscribe"]

    payload = await evaluated(api, draftId="draft-1", benchmarkIds=benchmarks, expectedRevision=0)

    assert payload == {
        "qcResult": {
            "draftId": "draft-1",
            "passed": True,
            "score": 0.97,
            "revision": 1,
            "issues": [
                {**FINDING, "hint": HINT, "benchmarkId": "doubled-words"},
            ],
            "draft": {"title": draft["title"]},
        },
        "evaluation": {
            "passed": True,
            "score": 0.97,
            "findings": [{"benchmarkId": "doubled-words", **FINDING, "hint": HINT}],
            "checkedBenchmarkIds": ["doubled-words"],
            "skippedBenchmarkIds": ["unsubscribe"],
        },
        "errors": [],
    }
    stored = await api.ask("{ qcResults { nodes { draftId score } } }")
    assert stored["qcResults"]["nodes"] == [{"draftId": "draft-1", "score": 0.97}]


async def test_validating_gives_the_evaluation_alone(api: InProcess, draft: Json) -> None:
    payload = await evaluated(api, draftId=draft["draftId"], validateOnly=True)

    assert payload["errors"] == []
    assert payload["qcResult"] is None
    assert payload["evaluation"]["findings"]
    assert (await api.ask("{ qcResults { totalCount } }"))["qcResults"] == {"totalCount": 0}


async def test_expected_failures_are_errors_of_the_payload(api: InProcess, draft: Json) -> None:
    missing = await evaluated(api, draftId="nobody")
    unknown = await evaluated(api, draftId=draft["draftId"], benchmarkIds=["links", "x"])
    conflict = await evaluated(api, draftId=draft["draftId"], expectedRevision=3)

    for payload in (missing, unknown, conflict):
        assert payload["qcResult"] is None
        assert payload["evaluation"] is None
    assert [payload["errors"] for payload in (missing, unknown, conflict)] == [
        [
            {
                "__typename": "NotFoundError",
                "code": "NOT_FOUND",
                "message": "There is no draft with this key.",
                "path": ["draftId"],
            }
        ],
        [
            {
                "__typename": "ValidationError",
                "code": "VALIDATION",
                "message": "benchmarkIds: there is no such benchmark.",
                "path": ["benchmarkIds", "1"],
            }
        ],
        [
            {
                "__typename": "RevisionConflictError",
                "code": "REVISION_CONFLICT",
                "message": "Expected revision 3, but the stored revision is 0.",
                "path": ["expectedRevision"],
                "expectedRevision": 3,
                "actualRevision": 0,
            }
        ],
    ]


async def test_all_benchmarks_are_listed_with_their_sources(api: InProcess) -> None:
    listed = (
        await api.ask(
            """{ qcBenchmarks {
              benchmarkId name description contentTypes severity source settings
            } }"""
        )
    )["qcBenchmarks"]

    by_id = {benchmark["benchmarkId"]: benchmark for benchmark in listed}
    assert len(by_id) == len(listed) > 25
    assert by_id["unsubscribe"] == {
        "benchmarkId": "unsubscribe",
        "name": "Unsubscribing",
        "description": "An email says how readers unsubscribe: by a link, a merge tag, or an "
        "answer.",
        "contentTypes": ["email"],
        "severity": "CRITICAL",
        "source": "United States, CAN-SPAM Act (2003), 15 U.S.C. 7704(a)(3)",
        "settings": "The draft's `transactional`, `yes` in its front matter or `true` in its "
        "metadata: such mails need no link.",
    }
