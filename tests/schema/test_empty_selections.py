"""Skipped, constant and empty selections, on any level, get the same response on all backends."""

import pytest

from tests.schema.types_under_test import (
    BRIEF,
    CAMPAIGN,
    DRAFT,
    PACKAGE,
    PLAN,
    RESULT,
    TypeUnderTest,
    every_type,
)
from tests.support.graphql import InProcess, Json

SKIPPED = "a: revision @skip(if: true)"
SELECTIONS: dict[str, tuple[str, Json]] = {
    "nothing": (SKIPPED, {}),
    "nothing by a fragment": (f"... @include(if: false) {{ {SKIPPED} }}", {}),
    "a constant": (f"{SKIPPED} c: __typename", {"c": "Kind"}),
}
every_selection = pytest.mark.parametrize(
    ("selection", "item"), SELECTIONS.values(), ids=SELECTIONS.keys()
)


@every_selection
@every_type
async def test_of_entities(
    api: InProcess, entity_type: TypeUnderTest, selection: str, item: Json
) -> None:
    await entity_type.put(api, "key")
    type_name = entity_type.name[0].upper() + entity_type.name[1:]
    expected = dict.fromkeys(item, type_name)

    data = await api.ask(
        f"""{{ one: {entity_type.name}({entity_type.key}: "key") {{ {selection} }}
          none: {entity_type.name}({entity_type.key}: "absent") {{ {selection} }}
          nodes: {entity_type.name}s {{ nodes {{ {selection} }} }}
          edges: {entity_type.name}s {{ edges {{ node {{ {selection} }} }} }}
          bare: {entity_type.name}s {{ edges {{ cursor @skip(if: true) }} }}
          info: {entity_type.name}s {{ pageInfo {{ hasNextPage @skip(if: true) }} }}
          gone: {entity_type.name}s {{ totalCount @skip(if: true) }}
          both: {entity_type.name}s {{ nodes {{ {selection} }} totalCount }} }}"""
    )

    assert data == {
        "one": expected,
        "none": None,
        "nodes": {"nodes": [expected]},
        "edges": {"edges": [{"node": expected}]},
        "bare": {"edges": [{}]},
        "info": {"pageInfo": {}},
        "gone": {},
        "both": {"nodes": [expected], "totalCount": 1},
    }


@every_selection
async def test_of_what_belongs_to_entities(api: InProcess, selection: str, item: Json) -> None:
    await BRIEF.put(api, "brief")
    await PLAN.put(api, "plan", briefId="brief")
    await CAMPAIGN.put(api, "campaign", strategyId="plan")
    await DRAFT.put(api, "draft", strategyId="plan", campaignId="campaign")
    await RESULT.put(api, "result", draftId="draft")
    await PACKAGE.put(api, "package", draftId="draft")
    child = selection.replace("revision", "position")

    def of(name: str) -> Json:
        return dict.fromkeys(item, name)

    data = await api.ask(
        f"""{{ strategyPlans(first: 2) {{ nodes {{
          brief {{ {selection} }}
          timeline {{ {selection.replace("revision", "durationWeeks")} }}
          campaigns(first: 2) {{ nodes {{ {selection} }} edges {{ node {{ {selection} }} }} }}
          bare: campaigns(first: 2) {{
            edges {{ cursor @skip(if: true) }} pageInfo {{ __typename }} }}
          gone: campaigns(first: 2) {{ totalCount @skip(if: true) }}
          drafts(first: 2) {{ nodes {{ qcResult {{ {selection} }}
            deliveryPackages(first: 2) {{ nodes {{ artifacts {{ {child} }} }} }} }} }}
        }} }} }}"""
    )

    [plan] = data["strategyPlans"]["nodes"]
    [draft] = plan.pop("drafts")["nodes"]
    [package] = draft["deliveryPackages"]["nodes"]
    assert plan == {
        "brief": of("Brief"),
        "timeline": of("StrategyTimeline"),
        "campaigns": {"nodes": [of("Campaign")], "edges": [{"node": of("Campaign")}]},
        "bare": {"edges": [{}], "pageInfo": {"__typename": "PageInfo"}},
        "gone": {},
    }
    assert draft["qcResult"] == of("QcResult")
    assert package["artifacts"]
    assert all(artifact == of("DeliveryArtifact") for artifact in package["artifacts"])
