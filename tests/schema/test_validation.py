"""Wrong input is refused by errors that name the fields, and nothing of it is stored."""

import pytest

from tests import inputs
from tests.support.graphql import OUTCOMES, InProcess, Json

NUL = "a\x00b"
LONE_SURROGATE = "a\ud800b"
TOO_MANY = 501

Cases = list[tuple[str, str, Json, list[str]]]


def ids_of(cases: Cases) -> list[str]:
    return [f"{mutation}: {what}" for mutation, what, _, _ in cases]


# One wrong field. (mutation, what is wrong, input, path)

LONG_KEY = "k" * 201
LONG_NAME = "n" * 501
LONG_PROSE = "p" * 10_001

WRONG: Cases = [
    # Onboarding
    ("submitIntake", "blank key", inputs.submit_intake(briefId=" "), ["briefId"]),
    ("submitIntake", "empty key", inputs.submit_intake(briefId=""), ["briefId"]),
    ("submitIntake", "long key", inputs.submit_intake(briefId=LONG_KEY), ["briefId"]),
    ("submitIntake", "key with a space before", inputs.submit_intake(briefId=" b"), ["briefId"]),
    ("submitIntake", "key with a line break", inputs.submit_intake(briefId="a\nb"), ["briefId"]),
    ("submitIntake", "key with NUL", inputs.submit_intake(briefId=NUL), ["briefId"]),
    (
        "submitIntake",
        "key with a lone surrogate",
        inputs.submit_intake(briefId=LONE_SURROGATE),
        ["briefId"],
    ),
    ("submitIntake", "blank client", inputs.submit_intake(clientId=""), ["clientId"]),
    (
        "submitIntake",
        "negative revision",
        inputs.submit_intake(expectedRevision=-1),
        ["expectedRevision"],
    ),
    ("normalizeBrief", "blank key", inputs.normalize_brief(briefId=""), ["briefId"]),
    (
        "normalizeBrief",
        "no time for it",
        inputs.normalize_brief(scope={"timelineWeeks": 0}),
        ["scope", "timelineWeeks"],
    ),
    (
        "normalizeBrief",
        "NUL in a deliverable",
        inputs.normalize_brief(scope={"deliverables": ["fine", NUL]}),
        ["scope", "deliverables", "1"],
    ),
    (
        "normalizeBrief",
        "too many exclusions",
        inputs.normalize_brief(scope={"exclusions": ["x"] * TOO_MANY}),
        ["scope", "exclusions"],
    ),
    (
        "normalizeBrief",
        "long objective",
        inputs.normalize_brief(objectives=[LONG_PROSE]),
        ["objectives", "0"],
    ),
    (
        "normalizeBrief",
        "too many objectives",
        inputs.normalize_brief(objectives=["x"] * TOO_MANY),
        ["objectives"],
    ),
    (
        "normalizeBrief",
        "long audience",
        inputs.normalize_brief(targetAudience=LONG_PROSE),
        ["targetAudience"],
    ),
    # Strategy
    ("saveStrategyPlan", "blank key", inputs.save_plan(strategyId=""), ["strategyId"]),
    ("saveStrategyPlan", "blank brief", inputs.save_plan(briefId=" "), ["briefId"]),
    ("saveStrategyPlan", "version 0", inputs.save_plan(version=0), ["version"]),
    (
        "saveStrategyPlan",
        "long summary",
        inputs.save_plan(executiveSummary=LONG_PROSE),
        ["executiveSummary"],
    ),
    (
        "saveStrategyPlan",
        "blank KPI",
        inputs.save_plan(kpis=[inputs.kpi(), inputs.kpi(name="")]),
        ["kpis", "1", "name"],
    ),
    (
        "saveStrategyPlan",
        "KPI without time",
        inputs.save_plan(kpis=[inputs.kpi(timeframeDays=0)]),
        ["kpis", "0", "timeframeDays"],
    ),
    (
        "saveStrategyPlan",
        "long unit",
        inputs.save_plan(kpis=[inputs.kpi(unit=LONG_NAME)]),
        ["kpis", "0", "unit"],
    ),
    (
        "saveStrategyPlan",
        "no duration",
        inputs.save_plan(timeline=inputs.timeline(durationWeeks=-1)),
        ["timeline", "durationWeeks"],
    ),
    (
        "saveStrategyPlan",
        "blank milestone",
        inputs.save_plan(timeline=inputs.timeline(milestones=[{"name": " ", "week": "1"}])),
        ["timeline", "milestones", "0", "name"],
    ),
    (
        "saveStrategyPlan",
        "too many milestones",
        inputs.save_plan(
            timeline=inputs.timeline(milestones=[{"name": "m", "week": "1"}] * TOO_MANY)
        ),
        ["timeline", "milestones"],
    ),
    (
        "saveStrategyPlan",
        "blank channel",
        inputs.save_plan(recommendations=[inputs.recommendation(channel="\t")]),
        ["recommendations", "0", "channel"],
    ),
    (
        "saveStrategyPlan",
        "negative budget",
        inputs.save_plan(recommendations=[inputs.recommendation(budgetPercent=-0.1)]),
        ["recommendations", "0", "budgetPercent"],
    ),
    (
        "saveStrategyPlan",
        "budgets of more than 100 together",
        inputs.save_plan(
            recommendations=[inputs.recommendation(budgetPercent=0.1)] * 11
            + [inputs.recommendation(budgetPercent=99)]
        ),
        ["recommendations"],
    ),
    (
        "saveStrategyPlan",
        "NUL in a tactic",
        inputs.save_plan(recommendations=[inputs.recommendation(tactics=[NUL])]),
        ["recommendations", "0", "tactics", "0"],
    ),
    (
        "saveStrategyPlan",
        "too many tactics",
        inputs.save_plan(recommendations=[inputs.recommendation(tactics=["x"] * TOO_MANY)]),
        ["recommendations", "0", "tactics"],
    ),
    (
        "saveStrategyPlan",
        "too many recommendations",
        inputs.save_plan(recommendations=[inputs.recommendation(budgetPercent=0)] * TOO_MANY),
        ["recommendations"],
    ),
    ("approveStrategyPlan", "blank decider", inputs.decide_plan(decidedBy=" "), ["decidedBy"]),
    ("rejectStrategyPlan", "long decider", inputs.decide_plan(decidedBy=LONG_NAME), ["decidedBy"]),
    ("approveStrategyPlan", "blank key", inputs.decide_plan(strategyId=""), ["strategyId"]),
    # Production
    ("saveCampaign", "blank name", inputs.save_campaign(name=""), ["name"]),
    ("saveCampaign", "long name", inputs.save_campaign(name=LONG_NAME), ["name"]),
    ("saveCampaign", "blank plan", inputs.save_campaign(strategyId=""), ["strategyId"]),
    (
        "saveCampaign",
        "blank title of a tactic",
        inputs.save_campaign(tactics=[inputs.tactic(), inputs.tactic(title=" ")]),
        ["tactics", "1", "title"],
    ),
    (
        "saveCampaign",
        "lone surrogate in a content type",
        inputs.save_campaign(tactics=[inputs.tactic(contentType=LONE_SURROGATE)]),
        ["tactics", "0", "contentType"],
    ),
    (
        "saveCampaign",
        "too many tactics",
        inputs.save_campaign(tactics=[inputs.tactic()] * TOO_MANY),
        ["tactics"],
    ),
    ("saveDraft", "blank title", inputs.save_draft(title=" \n"), ["title"]),
    ("saveDraft", "NUL in the title", inputs.save_draft(title=NUL), ["title"]),
    ("saveDraft", "blank body", inputs.save_draft(body=""), ["body"]),
    ("saveDraft", "lone surrogate in the body", inputs.save_draft(body=LONE_SURROGATE), ["body"]),
    ("saveDraft", "body of a book", inputs.save_draft(body="b" * 1_000_001), ["body"]),
    ("saveDraft", "blank campaign", inputs.save_draft(campaignId=""), ["campaignId"]),
    ("saveDraft", "blank content type", inputs.save_draft(contentType=""), ["contentType"]),
    # QC
    ("recordQcResult", "score 1.2", inputs.record_result(score=1.2), ["score"]),
    ("recordQcResult", "score below 0", inputs.record_result(score=-0.01), ["score"]),
    ("recordQcResult", "blank draft", inputs.record_result(draftId=""), ["draftId"]),
    (
        "recordQcResult",
        "blank section",
        inputs.record_result(issues=[inputs.issue(section="")]),
        ["issues", "0", "section"],
    ),
    (
        "recordQcResult",
        "blank reason",
        inputs.record_result(issues=[inputs.issue(), inputs.issue(reason=" ")]),
        ["issues", "1", "reason"],
    ),
    (
        "recordQcResult",
        "too many issues",
        inputs.record_result(issues=[inputs.issue()] * TOO_MANY),
        ["issues"],
    ),
    # Delivery
    ("saveDeliveryPackage", "blank draft", inputs.save_package(draftId=""), ["draftId"]),
    (
        "saveDeliveryPackage",
        "blank name",
        inputs.save_package(artifacts=[inputs.artifact() | {"name": " "}]),
        ["artifacts", "0", "name"],
    ),
    (
        "saveDeliveryPackage",
        "relative URL",
        inputs.save_package(artifacts=[inputs.artifact(), inputs.artifact(url="/files/a")]),
        ["artifacts", "1", "url"],
    ),
    (
        "saveDeliveryPackage",
        "URL that runs a script",
        inputs.save_package(artifacts=[inputs.artifact(url="javascript:alert(1)")]),
        ["artifacts", "0", "url"],
    ),
    (
        "saveDeliveryPackage",
        "long URL",
        inputs.save_package(artifacts=[inputs.artifact(url="https://a.example/" + "u" * 2048)]),
        ["artifacts", "0", "url"],
    ),
    (
        "saveDeliveryPackage",
        "long format",
        inputs.save_package(artifacts=[inputs.artifact(format="f" * 51)]),
        ["artifacts", "0", "format"],
    ),
    (
        "saveDeliveryPackage",
        "too many artifacts",
        inputs.save_package(artifacts=[inputs.artifact()] * TOO_MANY),
        ["artifacts"],
    ),
    # Deletions
    ("deleteBrief", "blank key", {"briefId": ""}, ["briefId"]),
    ("deleteStrategyPlan", "blank key", {"strategyId": ""}, ["strategyId"]),
    ("deleteCampaign", "NUL in the key", {"campaignId": NUL}, ["campaignId"]),
    ("deleteDraft", "lone surrogate in the key", {"draftId": LONE_SURROGATE}, ["draftId"]),
    ("deleteQcResult", "long key", {"resultId": LONG_KEY}, ["resultId"]),
    (
        "deleteDeliveryPackage",
        "negative revision",
        {"packageId": "package-1", "expectedRevision": -1},
        ["expectedRevision"],
    ),
]


@pytest.mark.parametrize(("mutation", "what", "input", "path"), WRONG, ids=ids_of(WRONG))
async def test_a_wrong_field_is_named(
    api: InProcess, mutation: str, what: str, input: Json, path: list[str]
) -> None:
    [error] = await api.refuse(mutation, input)

    assert error["__typename"] == "ValidationError"
    assert error["code"] == "VALIDATION"
    assert error["path"] == path
    assert error["message"]


async def test_nothing_of_a_wrong_input_is_stored(api: InProcess) -> None:
    for mutation, input in COMPLETE.items():
        await api.do(mutation, input)
    before = await api.everything()

    for mutation, _, input, _ in WRONG:
        await api.refuse(mutation, input)

    assert await api.everything() == before


COMPLETE: dict[str, Json] = {
    "submitIntake": inputs.submit_intake(),
    "saveStrategyPlan": inputs.save_plan(),
    "saveCampaign": inputs.save_campaign(),
    "saveDraft": inputs.save_draft(),
    "recordQcResult": inputs.record_result(),
    "saveDeliveryPackage": inputs.save_package(),
}


def test_wrong_input_was_tried_on_every_mutation() -> None:
    assert {mutation for mutation, _, _, _ in WRONG} == OUTCOMES.keys()


# Several at once

SEVERAL: Cases = [
    (
        "submitIntake",
        "every field",
        {
            "briefId": "",
            "clientId": NUL,
            "responses": {"a": 10**30, "b": {NUL: 1}},
            "expectedRevision": -1,
        },
        ["briefId", "clientId", "responses", "responses", "expectedRevision"],
    ),
    (
        "saveStrategyPlan",
        "fields on every level",
        inputs.save_plan(
            briefId="",
            kpis=[inputs.kpi(name="", timeframeDays=-1)],
            timeline={"durationWeeks": 0, "milestones": [{"name": "", "week": NUL}]},
            recommendations=[
                inputs.recommendation(channel="", budgetPercent=-1),
                inputs.recommendation(budgetPercent=101, tactics=["fine", NUL]),
            ],
        ),
        [
            "briefId",
            "kpis.0.name",
            "kpis.0.timeframeDays",
            "timeline.durationWeeks",
            "timeline.milestones.0.name",
            "timeline.milestones.0.week",
            "recommendations.0.channel",
            "recommendations.0.budgetPercent",
            "recommendations.1.budgetPercent",
            "recommendations.1.tactics.1",
        ],
    ),
    (
        "saveDraft",
        "every text",
        inputs.save_draft(draftId="", strategyId="", contentType="", title="", body=""),
        ["draftId", "strategyId", "contentType", "title", "body"],
    ),
    (
        "saveDeliveryPackage",
        "several items",
        inputs.save_package(
            draftId=" ",
            artifacts=[
                inputs.artifact(name=""),
                inputs.artifact(),
                inputs.artifact(url="x", format=""),
            ],
        ),
        ["draftId", "artifacts.0.name", "artifacts.2.url", "artifacts.2.format"],
    ),
]


@pytest.mark.parametrize(("mutation", "what", "input", "paths"), SEVERAL, ids=ids_of(SEVERAL))
async def test_all_wrong_fields_are_named_at_once_in_the_order_of_the_input(
    api: InProcess, mutation: str, what: str, input: Json, paths: list[str]
) -> None:
    errors = await api.refuse(mutation, input)

    assert [".".join(error["path"]) for error in errors] == paths
    assert {error["__typename"] for error in errors} == {"ValidationError"}


# What is at the limit is fine

FINE: Cases = [
    ("submitIntake", "longest key", inputs.submit_intake(briefId="k" * 200), []),
    ("submitIntake", "key of any script", inputs.submit_intake(briefId="Café/☕ 1"), []),
    ("saveCampaign", "longest name", inputs.save_campaign(name="n" * 500), []),
    ("saveCampaign", "most tactics", inputs.save_campaign(tactics=[inputs.tactic()] * 500), []),
    ("saveDraft", "longest body", inputs.save_draft(body="ü" * 1_000_000), []),
    ("recordQcResult", "lowest score", inputs.record_result(score=0), []),
    ("recordQcResult", "highest score", inputs.record_result(score=1), []),
    (
        "saveStrategyPlan",
        "tenths that add up to 100",
        inputs.save_plan(
            recommendations=[inputs.recommendation(budgetPercent=0.1)] * 10
            + [inputs.recommendation(budgetPercent=99)]
        ),
        [],
    ),
    (
        "saveStrategyPlan",
        "33.3 and 66.7",
        inputs.save_plan(
            recommendations=[
                inputs.recommendation(budgetPercent=share) for share in (33.3, 56.4, 10.3)
            ]
        ),
        [],
    ),
    (
        "saveDeliveryPackage",
        "every scheme",
        inputs.save_package(
            artifacts=[
                inputs.artifact(url=url)
                for url in ("http://a.example", "https://a/b?c#d", "s3://bucket/k", "file:///a")
            ]
        ),
        [],
    ),
]


@pytest.mark.parametrize(("mutation", "what", "input", "path"), FINE, ids=ids_of(FINE))
async def test_what_is_just_within_the_limits_is_carried_out(
    api: InProcess, mutation: str, what: str, input: Json, path: list[str]
) -> None:
    assert await api.do(mutation, input)


# What isn't even of the right type doesn't get as far as the rules

MISTYPED = [
    ("unknown enum value", inputs.record_result(issues=[inputs.issue(severity="FATAL")])),
    ("number for a text", inputs.record_result(issues=[inputs.issue() | {"section": 1}])),
    ("text for a number", inputs.record_result(score="good")),
    ("text for a yes or no", inputs.record_result(passed="yes")),
    ("null for a required field", inputs.record_result(draftId=None)),
    ("required field left out", inputs.without(inputs.record_result(), "draftId")),
    ("unknown field", inputs.record_result(verdict="good")),
    ("null in a list", inputs.record_result(issues=[None])),
    ("score that is no number", inputs.record_result(score=float("inf"))),
    ("revision of more than 32 bits", inputs.record_result(expectedRevision=2**31)),
    ("fraction for a revision", inputs.record_result(expectedRevision=1.5)),
]


@pytest.mark.parametrize(("what", "input"), MISTYPED, ids=[what for what, _ in MISTYPED])
async def test_variables_of_the_wrong_type_are_bad_user_input(
    api: InProcess, what: str, input: Json
) -> None:
    error = await api.fail(
        "mutation($input: RecordQcResultInput!) {"
        " recordQcResult(input: $input) { qcResult { id } errors { path } } }",
        input=input,
    )

    assert error["code"] == "BAD_USER_INPUT"
    assert "input" in error["message"]
    assert (await api.everything())["qcResults"]["totalCount"] == 0


@pytest.mark.parametrize(
    ("what", "field"),
    [
        ("unknown enum value", 'issues: [{severity: FATAL, section: "s", reason: "r"}]'),
        ("text for an enum", 'issues: [{severity: "MAJOR", section: "s", reason: "r"}]'),
        ("unknown field", "verdict: 1"),
        ("text for a number", 'score: "1"'),
    ],
)
async def test_literals_of_the_wrong_type_fail_validation(
    api: InProcess, what: str, field: str
) -> None:
    given = ['draftId: "d"', "passed: true", *([] if "score" in field else ["score: 1"]), field]

    error = await api.fail(
        f"mutation {{ recordQcResult(input: {{ {', '.join(given)} }}) {{ errors {{ path }} }} }}"
    )

    assert error["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["locations"]


async def test_a_literal_that_is_too_large_for_a_number_is_not_finite(api: InProcess) -> None:
    data = await api.ask(
        """mutation {
          score: recordQcResult(input: { draftId: "d", passed: true, score: 1e999 }) {
            errors { __typename path }
          }
          target: saveStrategyPlan(input: {
            briefId: "b", executiveSummary: "", timeline: { durationWeeks: 1 }
            kpis: [{ name: "k", targetValue: -1e999, unit: "", timeframeDays: 1 }]
          }) { errors { __typename path } }
        }"""
    )

    assert data["score"]["errors"] == [{"__typename": "ValidationError", "path": ["score"]}]
    assert data["target"]["errors"] == [
        {"__typename": "ValidationError", "path": ["kpis", "0", "targetValue"]}
    ]
