"""Inputs of mutations for tests: complete and valid, each field to be changed by its name."""

from hashlib import sha256
from typing import Any

from tests.builders import CONTENT

Json = dict[str, Any]


def without(input: Json, *fields: str) -> Json:
    """The input with these fields left out."""
    return {name: value for name, value in input.items() if name not in fields}


# Onboarding


def submit_intake(**changes: Any) -> Json:
    return {
        "briefId": "brief-1",
        "clientId": "client-1",
        "responses": {"goal": "more bread sold", "shops": 3},
        "submittedAt": "2026-03-01T09:30:00Z",
    } | changes


def normalize_brief(**changes: Any) -> Json:
    return {
        "briefId": "brief-1",
        "scope": {
            "deliverables": ["landing page", "newsletter"],
            "exclusions": ["print"],
            "timelineWeeks": 6,
        },
        "objectives": ["be known in town", "sell online"],
        "targetAudience": "people who bake",
        "brandGuidelines": {"tone": "warm"},
    } | changes


# Strategy


def kpi(**changes: Any) -> Json:
    return {
        "name": "orders",
        "targetValue": 250.5,
        "unit": "a week",
        "timeframeDays": 90,
    } | changes


def timeline(**changes: Any) -> Json:
    return {"durationWeeks": 12, "milestones": [{"name": "launch", "week": "Week 3"}]} | changes


def recommendation(channel: str = "search", **changes: Any) -> Json:
    return {
        "channel": channel,
        "budgetPercent": 12.5,
        "rationale": f"{channel} reaches them",
        "tactics": ["brand words", "local words"],
    } | changes


def save_plan(**changes: Any) -> Json:
    return {
        "strategyId": "plan-1",
        "briefId": "brief-1",
        "version": 1,
        "executiveSummary": "Bread, but online.",
        "kpis": [kpi()],
        "timeline": timeline(),
        "recommendations": [recommendation("search"), recommendation("radio")],
    } | changes


def decide_plan(**changes: Any) -> Json:
    """For `approveStrategyPlan` and `rejectStrategyPlan`."""
    return {"strategyId": "plan-1", "decidedBy": "Ada"} | changes


# Production


def tactic(title: str = "first week", **changes: Any) -> Json:
    return {"channel": "search", "contentType": "ad", "title": title} | changes


def save_campaign(**changes: Any) -> Json:
    return {
        "campaignId": "campaign-1",
        "strategyId": "plan-1",
        "name": "Spring bread",
        "tactics": [tactic("first week"), tactic("second week")],
    } | changes


def save_draft(**changes: Any) -> Json:
    return {
        "draftId": "draft-1",
        "strategyId": "plan-1",
        "campaignId": "campaign-1",
        "contentType": "article",
        "title": "Why sourdough",
        "body": "It takes time.\nThat is the point.",
        "metadata": {"words": 7, "tags": ["bread"]},
    } | changes


# QC


def issue(section: str = "title", **changes: Any) -> Json:
    return {"severity": "MAJOR", "section": section, "reason": "too long"} | changes


def record_result(**changes: Any) -> Json:
    return {
        "resultId": "result-1",
        "draftId": "draft-1",
        "passed": False,
        "score": 0.4,
        "evaluatedAt": "2026-03-01T12:00:00Z",
        "issues": [issue("title"), issue("body", severity="CRITICAL")],
    } | changes


def evaluate_draft(**changes: Any) -> Json:
    return {
        "draftId": "draft-1",
        "benchmarkIds": ["links"],
        "validateOnly": False,
        "expectedRevision": 0,
    } | changes


# Delivery


def artifact(name: str = "article", **changes: Any) -> Json:
    return {"name": name, "url": f"https://files.example/{name}", "format": "pdf"} | changes


def artifacts(*names: str) -> list[Json]:
    """One of each name, in this order."""
    return [artifact(name) for name in names]


def save_package(**changes: Any) -> Json:
    return {
        "packageId": "package-1",
        "draftId": "draft-1",
        "artifacts": artifacts("article", "cover"),
    } | changes


# Files


def create_upload(content: bytes = CONTENT, **changes: Any) -> Json:
    return {
        "name": "bread.txt",
        "mediaType": "text/plain",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "clientId": "client-1",
    } | changes


# Webhooks


def save_webhook_endpoint(**changes: Any) -> Json:
    return {
        "endpointId": "endpoint-1",
        "url": "https://receiver.example/events",
        "eventTypes": ["draft.saved"],
        "clientIds": ["client-1"],
        "description": "The newsroom.",
        "enabled": True,
        "expectedRevision": 0,
    } | changes


def change_webhook_endpoint(**changes: Any) -> Json:
    return {"endpointId": "endpoint-1", "expectedRevision": 1} | changes


def replay_webhook_deliveries(**changes: Any) -> Json:
    return {
        "endpointId": "endpoint-1",
        "deliveryIds": ["delivery-1"],
        "state": "FAILED",
        "since": "2026-03-01T00:00:00Z",
        "until": "2026-03-02T00:00:00Z",
        "expectedRevision": 1,
    } | changes


def retry_webhook_deliveries(**changes: Any) -> Json:
    return {
        "endpointId": "endpoint-1",
        "deliveryIds": ["delivery-1"],
        "expectedRevision": 1,
    } | changes


def create_access_token(**changes: Any) -> Json:
    complete = {
        "tokenId": "token-1",
        "kind": "AGENT",
        "name": "importer",
        "onBehalfOf": "ada",
        "scopes": ["onboarding:write"],
        "clientIds": ["client-1"],
    }
    return {**complete, **changes}


def change_access_token(**changes: Any) -> Json:
    return {"tokenId": "token-1", **changes}
