"""A client's brief goes in, an approved and checked delivery package comes out: over HTTP."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests import inputs
from tests.conftest import migrated_database
from tests.e2e.conftest import Start, starter
from tests.support.graphql import GraphQLClient, Json
from tests.support.servers import IN_MEMORY, stored_in

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


@dataclass(frozen=True, slots=True)
class Life:
    """The responses of a server before it was stopped, and those of another one after it."""

    is_kept: bool
    chain: Json
    twice: tuple[Json, Json]
    """One package, saved twice."""
    made: tuple[Json, Json]
    """Briefs whose keys and times are the server's own, and no test's."""
    before_wrong_input: Json
    statuses_of_malformed: set[int]
    everything: Json
    chain_afterwards: Json
    everything_afterwards: Json


async def live(start: Start, *, is_kept: bool) -> Life:
    async with start() as running:
        api = running.api
        await go_the_whole_way(api)
        chain = await api.ask(CHAIN)
        twice = await save_twice(api, "saveDeliveryPackage", PACKAGE)
        made = await save_twice(api, "submitIntake", inputs.without(INTAKE, "briefId"))
        before = await api.everything()
        for name, wrong in WRONG:
            await api.refuse(name, wrong)
        statuses = {(await post(running.http, body)).status_code for body in MALFORMED}
        everything = await api.everything()
        assert running.server.terminate() == 0
    async with start() as running:
        return Life(
            is_kept=is_kept,
            chain=chain,
            twice=twice,
            made=made,
            before_wrong_input=before,
            statuses_of_malformed=statuses,
            everything=everything,
            chain_afterwards=await running.api.ask(CHAIN),
            everything_afterwards=await running.api.everything(),
        )


async def save_twice(api: GraphQLClient, name: str, given: Json) -> tuple[Json, Json]:
    return await api.do(name, given), await api.do(name, given)


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgresql"])
def life(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Life]:
    """Of servers on each implementation in turn."""
    folder = tmp_path_factory.mktemp("servers")
    if request.param == "memory":
        yield asyncio.run(live(starter(IN_MEMORY, folder), is_kept=False))
        return
    with migrated_database(request, request.param) as url:
        yield asyncio.run(live(starter(stored_in(url), folder), is_kept=True))


def test_the_whole_way(life: Life) -> None:
    assert life.chain == EXPECTED


def test_a_database_keeps_everything_over_a_restart_and_memory_nothing(life: Life) -> None:
    if life.is_kept:
        assert life.chain_afterwards == EXPECTED
        assert life.everything_afterwards == life.everything
    else:
        assert life.chain_afterwards == {"brief": None}
        counts = [page["totalCount"] for page in life.everything_afterwards.values()]
        assert counts == [0] * len(life.everything)


def test_the_same_package_twice(life: Life) -> None:
    first, second = life.twice

    unknown = dict.fromkeys(["fileId", "draftRevision", "qcResultId", "qcRevision"])
    sent = numbered([{**it, **unknown} for it in inputs.artifacts("C", "A", "B")])
    assert second["artifacts"] == first["artifacts"] == sent
    assert second["createdAt"] == first["createdAt"]
    assert (first["revision"], second["revision"]) == (1, 2)
    assert second["updatedAt"] >= first["updatedAt"]
    assert second in life.everything["deliveryPackages"]["nodes"]
    assert first not in life.everything["deliveryPackages"]["nodes"]
    assert life.everything["deliveryPackages"]["totalCount"] == 2


def test_the_server_makes_keys_and_times(life: Life) -> None:
    made, again = life.made

    assert made["briefId"].startswith("brief_")
    assert made["briefId"] < again["briefId"]
    assert made["submittedAt"] == made["createdAt"] == made["updatedAt"]
    assert made["createdAt"].endswith("Z")


def test_wrong_input_stores_nothing_and_is_no_accident_of_the_server(life: Life) -> None:
    assert life.statuses_of_malformed == {200, 400}
    assert life.everything == life.before_wrong_input


INTAKE = inputs.without(inputs.submit_intake(), "submittedAt")
PACKAGE = inputs.save_package(
    packageId="twice", draftId="draft-2", artifacts=inputs.artifacts("C", "A", "B")
)
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
