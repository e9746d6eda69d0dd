"""Against the server at AICMO_URL."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import ValidationError

from aicmo_client.generated import (
    ApprovalState,
    ApproveStrategyPlanInput,
    ChangeKind,
    Client,
    DeliveryPackageFilter,
    IDFilter,
    QcSeverity,
    SaveDraftInput,
)
from aicmo_client.pipeline import (
    Failure,
    InvalidTransition,
    Refused,
    RevisionConflict,
    approve_plan,
    connect,
    explain,
    package_pages,
    save_draft,
)

URL = os.environ.get("AICMO_URL", "http://localhost:8000/graphql")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with connect(URL) as client:
        yield client


async def test_packages_come_page_by_page_newest_first_with_what_qc_says(client: Client) -> None:
    draft_id = (await save_draft(client, a_draft(title="Listed"))).draft_id
    issue = {"severity": "MINOR", "section": "Footer", "reason": "A link is broken."}
    verdict = {"draftId": draft_id, "passed": False, "score": 0.5, "issues": [issue]}
    await mutate("recordQcResult", "qcResult { resultId }", verdict)
    packages = [await save_package(draftId=draft_id) for _ in range(3)]

    filter_ = DeliveryPackageFilter(draft_id=IDFilter(eq=draft_id))
    pages = [page async for page in package_pages(client, 2, filter_)]

    newest, *older = reversed(packages)
    assert [[row.package_id for row in page] for page in pages] == [[newest, older[0]], older[1:]]
    draft = pages[0][0].draft
    assert draft is not None
    assert draft.title == "Listed"
    assert draft.qc_result is not None
    assert not draft.qc_result.passed
    assert draft.qc_result.score == 0.5
    assert [issue.severity for issue in draft.qc_result.issues] == [QcSeverity.MINOR]


async def test_a_variable_that_python_knows_a_word_for_has_an_underscore(client: Client) -> None:
    """Without it, it is an argument for httpx, which has none of this name."""
    nothing = DeliveryPackageFilter(package_id=IDFilter(in_=[]))

    assert (await client.list_packages(first=1, filter_=nothing)).nodes == []
    with pytest.raises(TypeError, match="unexpected keyword argument 'filter'"):
        await client.list_packages(first=1, filter=nothing)


async def test_nothing_to_list_is_one_empty_page(client: Client) -> None:
    nothing = DeliveryPackageFilter(package_id=IDFilter(in_=[]))

    assert [page async for page in package_pages(client, filter_=nothing)] == [[]]


async def test_a_draft_is_saved_and_comes_back_as_it_is_stored(client: Client) -> None:
    metadata = {"words": 2, "tags": ["b", "a"], "nested": {"z": 1.5, "a": None}}

    saved = await save_draft(client, a_draft(metadata=metadata))

    assert saved.revision == 1
    assert saved.title == a_draft().title
    assert list(saved.metadata.items()) == list(metadata.items())
    assert abs(saved.updated_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_draft_that_breaks_rules_is_refused_with_all_that_is_wrong(client: Client) -> None:
    failures = await refusal(save_draft(client, a_draft(title=" ", content_type="")))

    assert sorted(failure.path for failure in failures) == [["contentType"], ["title"]]


async def test_a_plan_is_approved(client: Client) -> None:
    decision = ApproveStrategyPlanInput(
        strategy_id=await save_plan(), decided_by="Ada", expected_revision=1
    )

    approved = await approve_plan(client, decision)

    assert approved.approval is ApprovalState.APPROVED
    assert approved.decided_by == "Ada"
    assert approved.revision == 2


async def test_each_reason_not_to_approve_is_told_apart_and_explained(client: Client) -> None:
    plan = await save_plan()

    async def failure_of(**changes: Any) -> Failure:
        decision: dict[str, Any] = {"strategy_id": plan, "decided_by": "Ada"}
        [failure] = await refusal(
            approve_plan(client, ApproveStrategyPlanInput(**decision | changes))
        )
        return failure

    invalid = await failure_of(decided_by="")
    assert explain(invalid).startswith("decidedBy: ")

    missing = await failure_of(strategy_id="no-such-plan")
    assert explain(missing) == "Somebody deleted it meanwhile."

    conflict = await failure_of(expected_revision=7)
    assert isinstance(conflict, RevisionConflict)
    assert "you saw revision 7, now it is at 1" in explain(conflict)

    await approve_plan(client, ApproveStrategyPlanInput(strategy_id=plan, decided_by="Ada"))
    decided = await failure_of()
    assert isinstance(decided, InvalidTransition)
    assert explain(decided) == "It is APPROVED already, so it can't become APPROVED."


async def test_a_package_is_followed_until_it_is_deleted(client: Client) -> None:
    package_id = await save_package(draftId="a-draft")
    changes = client.follow_package(package_id)

    async with asyncio.timeout(120):
        # No protocol says when a subscription has begun: change the package until that is seen.
        first = asyncio.ensure_future(anext(changes))
        while not first.done():
            await save_package(packageId=package_id, draftId="a-draft")
            await asyncio.wait([first], timeout=0.2)
        change = await first
        assert change.kind is ChangeKind.SAVED
        assert change.package_id == package_id
        assert change.delivery_package is not None
        assert change.delivery_package.revision > 1

        await mutate("deleteDeliveryPackage", "deletedId", {"packageId": package_id})

        async for change in changes:
            if change.kind is ChangeKind.DELETED:
                assert change.delivery_package is None
                break


@pytest.mark.parametrize(
    "unknown",
    [
        {"approval": "POSTPONED"},
        {"errors": [{"__typename": "QuotaError", "code": "VALIDATION"}]},
        {"errors": [{"__typename": "ValidationError", "code": "QUOTA"}]},
    ],
    ids=["a value", "a kind of failure", "a code of failures"],
)
async def test_an_answer_of_a_later_schema_is_refused_whole(unknown: dict[str, Any]) -> None:
    """So the server announces these like changes that break clients."""
    plan = {
        "id": "an-id",
        "strategyId": "a-plan",
        "approval": unknown.get("approval", "APPROVED"),
        "decidedBy": "Ada",
        "decidedAt": "2026-03-01T09:30:00Z",
        "revision": 2,
    }
    errors = [{"message": "No.", "path": []} | error for error in unknown.get("errors", [])]
    payload = {"strategyPlan": None if errors else plan, "errors": errors}
    answer = httpx.Response(200, json={"data": {"approveStrategyPlan": payload}})
    http: Any = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: answer))

    async with http:
        with pytest.raises(ValidationError):
            await approve_plan(
                Client(url=URL, http_client=http),
                ApproveStrategyPlanInput(strategy_id="a-plan", decided_by="Ada"),
            )


def a_draft(**changes: Any) -> SaveDraftInput:
    draft = {
        "strategy_id": "plan-of-a-test",
        "content_type": "blog_post",
        "title": "A title",
        "body": "A body.",
    }
    return SaveDraftInput(**draft | changes)


async def refusal(outcome: Awaitable[object]) -> list[Failure]:
    with pytest.raises(Refused) as refused:
        await outcome
    return list(refused.value.failures)


# What the frontend itself never does, but its tests need.


async def save_plan() -> str:
    plan = {
        "briefId": str(uuid4()),
        "executiveSummary": "Short routes near the city.",
        "timeline": {"durationWeeks": 8},
    }
    payload = await mutate("saveStrategyPlan", "strategyPlan { strategyId }", plan)
    return str(payload["strategyPlan"]["strategyId"])


async def save_package(**package: str) -> str:
    payload = await mutate("saveDeliveryPackage", "deliveryPackage { packageId }", package)
    return str(payload["deliveryPackage"]["packageId"])


async def mutate(name: str, selection: str, input_: dict[str, Any]) -> dict[str, Any]:
    type_ = f"{name[0].upper()}{name[1:]}Input"
    query = f"""mutation ($input: {type_}!) {{
      payload: {name}(input: $input) {{ errors {{ message }} {selection} }}
    }}"""
    async with httpx.AsyncClient() as client:
        response = await client.post(URL, json={"query": query, "variables": {"input": input_}})
    payload: dict[str, Any] = response.raise_for_status().json()["data"]["payload"]
    assert payload["errors"] == []
    return payload
