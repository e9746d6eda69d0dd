"""A client's brief goes in, an approved and checked delivery package comes out: over HTTP."""

from typing import Any

import httpx

from tests import inputs
from tests.e2e.conftest import Start
from tests.support.graphql import GraphQLClient, Json

CHAIN = """{
  brief(briefId: "brief-1") {
    stage clientId responses scope { deliverables exclusions timelineWeeks }
    objectives targetAudience brandGuidelines
    strategyPlans(first: 2) { totalCount nodes {
      version approval decidedBy kpis { name targetValue unit timeframeDays }
      timeline { durationWeeks milestones { name week } }
      recommendations { position channel budgetPercent rationale tactics }
      campaigns(first: 2) { totalCount nodes {
        name tactics { position channel contentType title }
        drafts(first: 2) { totalCount nodes {
          title body metadata
          qcResult { passed score issues { position severity section reason } }
          deliveryPackages(first: 2) { totalCount nodes {
            revision artifacts { position name url format }
          } }
        } }
      } }
    } }
  }
}"""


def numbered(items: list[Json]) -> list[Json]:
    return [{"position": position, **item} for position, item in enumerate(items)]


def one(node: Json) -> Json:
    return {"totalCount": 1, "nodes": [node]}


EXPECTED = {
    "brief": {
        "stage": "NORMALIZED",
        "clientId": "client-1",
        "responses": {"goal": "more bread sold", "shops": 3},
        "scope": {
            "deliverables": ["landing page", "newsletter"],
            "exclusions": ["print"],
            "timelineWeeks": 6,
        },
        "objectives": ["be known in town", "sell online"],
        "targetAudience": "people who bake",
        "brandGuidelines": {"tone": "warm"},
        "strategyPlans": one(
            {
                "version": 1,
                "approval": "APPROVED",
                "decidedBy": "Ada",
                "kpis": [inputs.kpi()],
                "timeline": inputs.timeline(),
                "recommendations": numbered(
                    [inputs.recommendation("search"), inputs.recommendation("radio")]
                ),
                "campaigns": one(
                    {
                        "name": "Spring bread",
                        "tactics": numbered(
                            [inputs.tactic("first week"), inputs.tactic("second week")]
                        ),
                        "drafts": one(
                            {
                                "title": "Why sourdough",
                                "body": "It takes time.\nThat is the point.",
                                "metadata": {"words": 7, "tags": ["bread"]},
                                "qcResult": {
                                    "passed": True,
                                    "score": 0.9,
                                    "issues": numbered([inputs.issue(severity="MINOR")]),
                                },
                                "deliveryPackages": one(
                                    {
                                        "revision": 1,
                                        "artifacts": numbered(inputs.artifacts("C", "A", "B")),
                                    }
                                ),
                            }
                        ),
                    }
                ),
            }
        ),
    }
}


async def go_the_whole_way(api: GraphQLClient) -> None:
    await api.do("submitIntake", inputs.submit_intake())
    await api.do("normalizeBrief", inputs.normalize_brief())
    await api.do("saveStrategyPlan", inputs.save_plan())
    await api.do("approveStrategyPlan", inputs.decide_plan())
    await api.do("saveCampaign", inputs.save_campaign())
    await api.do("saveDraft", inputs.save_draft())
    verdict = inputs.record_result(passed=True, score=0.9, issues=[inputs.issue(severity="MINOR")])
    await api.do("recordQcResult", verdict)
    package = inputs.save_package(artifacts=inputs.artifacts("C", "A", "B"))
    await api.do("saveDeliveryPackage", package)


async def test_the_whole_way_in_memory(start_in_memory: Start) -> None:
    async with start_in_memory() as running:
        await go_the_whole_way(running.api)

        assert await running.api.ask(CHAIN) == EXPECTED


async def test_in_memory_nothing_outlives_the_server(start_in_memory: Start) -> None:
    async with start_in_memory() as running:
        await go_the_whole_way(running.api)
        assert running.server.terminate() == 0

    async with start_in_memory() as running:
        assert await running.api.ask(CHAIN) == {"brief": None}


async def test_the_whole_way_on_a_database_and_all_of_it_after_a_restart(start: Start) -> None:
    async with start() as running:
        await go_the_whole_way(running.api)
        assert await running.api.ask(CHAIN) == EXPECTED
        everything = await running.api.everything()
        assert running.server.terminate() == 0

    async with start() as running:
        assert await running.api.ask(CHAIN) == EXPECTED
        assert await running.api.everything() == everything


async def save_the_same_package_twice(api: GraphQLClient) -> tuple[Json, Json]:
    package = inputs.save_package(artifacts=inputs.artifacts("C", "A", "B"))
    return (
        await api.do("saveDeliveryPackage", package),
        await api.do("saveDeliveryPackage", package),
    )


def require_the_same_package(first: Json, second: Json) -> None:
    assert second["artifacts"] == first["artifacts"] == numbered(inputs.artifacts("C", "A", "B"))
    assert second["createdAt"] == first["createdAt"]
    assert (first["revision"], second["revision"]) == (1, 2)
    assert second["updatedAt"] >= first["updatedAt"]


async def test_the_same_package_twice_in_memory(start_in_memory: Start) -> None:
    async with start_in_memory() as running:
        require_the_same_package(*await save_the_same_package_twice(running.api))


async def test_the_same_package_twice_on_a_database_and_after_a_restart(start: Start) -> None:
    async with start() as running:
        first, second = await save_the_same_package_twice(running.api)
        assert running.server.terminate() == 0
    async with start() as running:
        packages = (await running.api.everything())["deliveryPackages"]

    require_the_same_package(first, second)
    assert packages == {"totalCount": 1, "nodes": [second]}


async def test_what_was_made_by_the_server_is_found_again(start: Start) -> None:
    """Keys and times are the server's own here, and no test's."""
    async with start() as running:
        made: Any = await running.api.do(
            "submitIntake", inputs.without(inputs.submit_intake(), "briefId", "submittedAt")
        )
        again: Any = await running.api.do(
            "submitIntake", inputs.without(inputs.submit_intake(), "briefId")
        )

    assert made["briefId"].startswith("brief_")
    assert made["briefId"] < again["briefId"]
    assert made["submittedAt"] == made["createdAt"] == made["updatedAt"]
    assert made["createdAt"].endswith("Z")


async def test_wrong_input_stores_nothing_and_is_no_accident_of_the_server(start: Start) -> None:
    async with start() as running:
        await go_the_whole_way(running.api)
        before = await running.api.everything()

        for name, wrong in WRONG:
            await running.api.refuse(name, wrong)
        statuses = {(await post(running.http, body)).status_code for body in MALFORMED}

        assert statuses == {200, 400}
        assert await running.api.everything() == before


WRONG: list[tuple[str, Json]] = [
    ("saveCampaign", inputs.save_campaign(name="  ")),
    ("saveStrategyPlan", inputs.save_plan(strategyId="p", version=2, kpis=[inputs.kpi(name="")])),
    (
        "saveStrategyPlan",
        inputs.save_plan(
            strategyId="p",
            version=2,
            recommendations=[inputs.recommendation(budgetPercent=-0.1)],
        ),
    ),
    (
        "saveStrategyPlan",
        inputs.save_plan(
            strategyId="p",
            version=2,
            recommendations=[inputs.recommendation(budgetPercent=share) for share in (50, 50.1)],
        ),
    ),
    ("recordQcResult", inputs.record_result(score=1.2)),
    ("saveDraft", inputs.save_draft(body="\x00")),
    ("saveDraft", inputs.save_draft(metadata={"a": 10**30})),
    ("saveDraft", inputs.save_draft(draftId="new", metadata={"\x00": 1})),
    ("deleteDraft", {"draftId": "unknown"}),
    ("approveStrategyPlan", inputs.decide_plan(strategyId="unknown")),
    ("saveStrategyPlan", inputs.save_plan()),
    ("saveDraft", inputs.save_draft(expectedRevision=0)),
]
MALFORMED = [
    b'{"query": "{ deliveryPackages(first: 1000) { totalCount } }"}',
    b'{"query": "{ deliveryPackages(after: \\"tampered\\") { totalCount } }"}',
    b'{"query": "mutation { saveDraft(input: { body: 1e999 }) { errors { code } } }"}',
    b'{"query": "{ __typename }", "variables": {"a": NaN}}',
    b"\xff",
    b"null",
]


async def post(http: httpx.AsyncClient, body: bytes) -> httpx.Response:
    return await http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
