"""Every message on a wrong field is read as it is: `field: what is wrong with it.`"""

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import ValidationFailed
from domain.strategy import Kpi, StrategyTimeline
from domain.validation import INT_MAX, Checked, require_valid
from schema.errors import mutation_errors
from tests import builders as build
from tests import inputs
from tests.support.graphql import InProcess, Json


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


# What is wrong with a command by itself

RULES: list[tuple[Checked, str]] = [
    # Texts and keys
    (build.save_draft(title="é" * 501), "title: must have at most 500 characters, not 501."),
    (build.save_draft(title="\x00"), "title: must not contain NUL (U+0000)."),
    (
        build.save_draft(title="\ud800"),
        "title: must not contain lone surrogates (U+D800 to U+DFFF).",
    ),
    (build.save_draft(title=" "), "title: must not be blank."),
    (build.save_draft(content_type=""), "contentType: must not be blank."),
    (build.save_draft(strategy_id="a\nb"), "strategyId: must not contain control characters."),
    (
        build.save_draft(draft_id=" a"),
        "draftId: must not begin or end with white space.",
    ),
    # Numbers and times
    (build.save_draft(expected_revision=-1), "expectedRevision: must not be negative."),
    (build.save_plan(version=0), "version: must be from 1 to 2,147,483,647."),
    (
        build.save_plan(timeline=StrategyTimeline(0)),
        "durationWeeks: must be from 1 to 2,147,483,647.",
    ),
    (
        build.save_plan(kpis=(Kpi("orders", math.inf, "a week", 90),)),
        "targetValue: must be a finite number.",
    ),
    (build.record_result(score=1.2), "score: must be from 0 to 1."),
    (
        build.record_result(evaluated_at=datetime(2026, 1, 1)),  # noqa: DTZ001 - no offset
        "evaluatedAt: must have an offset from UTC.",
    ),
    (
        build.record_result(evaluated_at=datetime(1969, 1, 1, tzinfo=UTC)),
        "evaluatedAt: must be in the years 1970 to 9998 (UTC).",
    ),
    # Parts
    (
        build.save_package(artifacts=(build.artifact("page", url="/page.html", format="html"),)),
        "url: must be an absolute URL (http, https, s3 or file).",
    ),
    (
        build.save_plan(recommendations=(build.recommendation(tactics=("a", "\x00")),)),
        "tactics: must not contain NUL (U+0000).",
    ),
    (
        build.normalize_brief(objectives=("sell",) * 1_001),
        "objectives: must have at most 500 items, not 1,001.",
    ),
    (
        build.save_plan(recommendations=(build.recommendation(budget_percent=60.5),) * 2),
        "recommendations: budgets must add up to at most 100 percent, not 121.0.",
    ),
    # JSON; what is wrong deep in it has its place, by RFC 6901 (JSON Pointer)
    (build.submit_intake(responses=[]), "responses: must be a JSON object."),
    (
        build.submit_intake(responses={"a": "x" * 262_144}),
        "responses: must have at most 262,144 bytes as JSON, not 262,152.",
    ),
    (
        build.submit_intake(responses={"a": ["\x00"]}),
        "responses: must not contain NUL (U+0000), at /a/0.",
    ),
    (
        build.submit_intake(responses={"\x00": 1}),
        "responses: names must not contain NUL (U+0000).",
    ),
    (
        build.submit_intake(responses={"a": {"\x00": 1}}),
        "responses: names must not contain NUL (U+0000), at /a.",
    ),
    (
        build.submit_intake(responses={"a/b": 2**63}),
        "responses: integers must fit in 64 bits, at /a~1b.",
    ),
    (
        build.submit_intake(responses={"a": math.nan}),
        "responses: numbers must be finite, at /a.",
    ),
    (
        build.submit_intake(responses=nested(33)),
        f"responses: must be nested at most 32 levels deep, at {'/a' * 29}/….",
    ),
    (
        build.submit_intake(responses={"a": object()}),
        "responses: object is not a JSON value, at /a.",
    ),
]


@pytest.mark.parametrize(("command", "message"), RULES, ids=[message for _, message in RULES])
def test_a_wrong_field_is_told_with_its_rule(command: Checked, message: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        require_valid(command)

    assert [error.message for error in mutation_errors(refused.value)] == [message]


# What is wrong with it beside what is stored


@pytest.mark.parametrize(
    ("mutation", "stored", "refused", "message"),
    [
        (
            "saveStrategyPlan",
            inputs.save_plan(),
            inputs.save_plan(briefId="brief-2"),
            "briefId: a plan can't move to another brief.",
        ),
        (
            "saveStrategyPlan",
            inputs.save_plan(version=2),
            inputs.save_plan(strategyId="plan-2", version=2),
            "version: another plan of this brief has it.",
        ),
        (
            "saveStrategyPlan",
            inputs.save_plan(version=INT_MAX),
            inputs.without(inputs.save_plan(strategyId="plan-2"), "version"),
            "version: this brief has no higher one left.",
        ),
        (
            "recordQcResult",
            inputs.record_result(),
            inputs.record_result(draftId="draft-2"),
            "resultId: it belongs to another draft.",
        ),
    ],
)
async def test_a_field_that_does_not_fit_what_is_stored_is_told_with_the_reason(
    api: InProcess, mutation: str, stored: Json, refused: Json, message: str
) -> None:
    await api.do(mutation, stored)

    [error] = await api.refuse(mutation, refused)

    assert error["message"] == message
