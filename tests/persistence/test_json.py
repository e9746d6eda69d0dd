"""Entities as the JSON that a response needs: the same that their records would give."""

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.json_object import JsonObject
from domain.onboarding import BriefScope
from domain.strategy import Kpi, Milestone, Recommendation, StrategyTimeline
from repositories.criteria import Comparison, Direction, Operator, Order, PageRequest, Position
from repositories.json_encoding import base64url, encode_json
from repositories.projections import (
    Attribute,
    Children,
    Constant,
    Embedded,
    EncodedId,
    JsonProjection,
    Part,
    Reference,
)
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import (
    BRIEF,
    CAMPAIGN,
    DRAFT,
    PACKAGE,
    PLAN,
    RESULT,
    TypeUnderTest,
)

HOSTILE = (
    'quotes " and \\ back/slash, \b\t\n\r\x01\x1f\x7f, \u2028\u2029, </script>, é 漢 😀 %s $1 :x'
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def members(**parts: Part) -> JsonProjection:
    return JsonProjection(tuple(parts.items()))


def whole(record: Any) -> JsonProjection:
    """Everything that a record has of its own, each under a key of its own, and what it is."""
    its = [(f"its {each.name}", _part(record, each.name)) for each in fields(record)]
    return JsonProjection((("is", Constant(type(record).__name__)), *its))


def _part(record: Any, name: str) -> Part:
    value = getattr(record, name)
    if is_dataclass(value) and not isinstance(value, JsonObject):
        return Embedded(name, whole(value), is_many=False)
    if isinstance(value, tuple) and value and is_dataclass(value[0]):
        projection = whole(value[0])
        return (
            Children(name, projection) if _is_child(value[0]) else Embedded(name, projection, True)
        )
    return Attribute(name)


def _is_child(value: Any) -> bool:
    return hasattr(value, "position")


def expected(value: Any) -> Any:
    """The value in JSON."""
    if isinstance(value, JsonObject):
        return value.to_python()
    if is_dataclass(value):
        its = {f"its {each.name}": expected(getattr(value, each.name)) for each in fields(value)}
        return {"is": type(value).__name__} | its
    if isinstance(value, tuple):
        return [expected(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


async def by_key(
    repositories: Repositories, entity_type: TypeUnderTest, projection: JsonProjection, *keys: str
) -> dict[str, Any]:
    async with repositories.read() as snapshot:
        found = await entity_type.reads_of(snapshot).json_by_key(keys, [projection])
    return {key: json.loads(text) for key, [text] in found.items()}


async def test_every_attribute_is_the_record_s(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    record = entity_type.record("key")
    stored = await entity_type.save(repositories, record)

    found = await by_key(repositories, entity_type, whole(record), "key", "absent")

    assert found == {"key": expected(stored)}


async def test_whole_numbers_with_a_point_keep_it(repositories: Repositories) -> None:
    """So a client that tells integers from floats gets the same from every backend."""
    scores = {"zero": 0.0, "tiny": 5e-324, "part": 0.1 + 0.2, "one": 1.0}
    for key, score in scores.items():
        await RESULT.save(repositories, build.result(key, draft_id=key, score=score))

    async with repositories.read() as snapshot:
        found = await RESULT.reads_of(snapshot).json_by_key(
            list(scores), [members(score=Attribute("score"))]
        )

    texts = {key: text.removeprefix('{"score":')[:-1] for key, (text,) in found.items()}
    assert texts == {key: str(score) for key, score in scores.items()}


async def test_what_is_absent_is_null_or_empty(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    whole_record = entity_type.record("key")
    bare = await entity_type.save(repositories, replace(whole_record, **entity_type.bare))

    found = await by_key(repositories, entity_type, whole(whole_record), "key")

    assert found == {"key": expected(bare)}


async def test_children_come_in_position_order(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    for key, names in (("many", "CABD"), ("one", "E"), ("none", "")):
        children = [parent.child(name, position=n) for n, name in enumerate(names)]
        shuffled = parent.with_children(parent.record(key), *reversed(children))
        await parent.save(repositories, shuffled)
    projection = members(its=Children(str(parent.children), members(p=Attribute("position"))))

    found = await by_key(repositories, parent, projection, "none", "one", "many")

    assert found == {
        "none": {"its": []},
        "one": {"its": [{"p": 0}]},
        "many": {"its": [{"p": n} for n in range(4)]},
    }


async def test_members_come_in_their_order_under_their_keys(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    await parent.save(
        repositories, parent.with_children(parent.record("key"), parent.child(position=0))
    )
    long = "a" * 100  # longer than PostgreSQL's names
    child = JsonProjection(
        (
            ("__typename", Constant(HOSTILE)),
            (long, Attribute("position")),
            ("it's", Constant("Last")),
        )
    )
    entity = JsonProjection(
        (
            ("children", Children(str(parent.children), child)),
            ("it's", Constant(HOSTILE)),
            ("revision", Attribute("revision")),
            ("again", Attribute("revision")),
            ("id", EncodedId("Kind's:", parent.key_name)),
        )
    )

    found = (await by_key(repositories, parent, entity, "key"))["key"]

    assert list(found.items()) == [
        ("children", [{"__typename": HOSTILE, long: 0, "it's": "Last"}]),
        ("it's", HOSTILE),
        ("revision", 1),
        ("again", 1),
        ("id", base64url("Kind's:key")),
    ]
    assert list(found["children"][0]) == ["__typename", long, "it's"]


async def test_children_may_have_many_members(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    await parent.save(
        repositories, parent.with_children(parent.record("key"), parent.child(position=0))
    )
    keys = [f"key{number}" for number in range(199)]
    child = JsonProjection(tuple((key, Attribute("position")) for key in keys))

    found = await by_key(
        repositories, parent, members(its=Children(str(parent.children), child)), "key"
    )

    assert found == {"key": {"its": [dict.fromkeys(keys, 0)]}}


async def test_objects_may_have_nothing(repositories: Repositories, parent: TypeUnderTest) -> None:
    await parent.save(
        repositories, parent.with_children(parent.record("key"), parent.child(position=0))
    )
    nothing = members()

    its = members(its=Children(str(parent.children), nothing))
    assert await by_key(repositories, parent, its, "key") == {"key": {"its": [{}]}}
    assert await by_key(repositories, parent, nothing, "key") == {"key": {}}


async def store_a_chain(repositories: Repositories) -> None:
    await BRIEF.save(repositories, build.brief("brief"))
    await PLAN.save(repositories, build.plan("plan", brief_id="brief"))
    await CAMPAIGN.save(repositories, build.campaign("campaign", strategy_id="plan"))
    await DRAFT.save(
        repositories,
        build.draft("draft", strategy_id="plan", campaign_id="campaign"),
        build.draft("alone", strategy_id="absent", campaign_id=None),
    )
    await RESULT.save(repositories, build.result("result", draft_id="draft"))


async def test_what_is_referred_to_comes_along_across_modules(repositories: Repositories) -> None:
    await store_a_chain(repositories)
    brief = Reference("brief_id", "Brief", "brief_id", members(brief=Attribute("brief_id")))
    plan = Reference(
        "strategy_id",
        "StrategyPlan",
        "strategy_id",
        members(plan=Attribute("strategy_id"), of=brief),
    )
    campaign = Reference(
        "campaign_id", "Campaign", "campaign_id", members(name=Attribute("campaign_id"), plan=plan)
    )
    issues = Children("issues", members(position=Attribute("position")))
    result = Reference("draft_id", "QcResult", "draft_id", members(issues=issues))
    draft = members(plan=plan, campaign=campaign, result=result)

    found = await by_key(repositories, DRAFT, draft, "draft", "alone")

    of_plan = {"plan": "plan", "of": {"brief": "brief"}}
    assert found == {
        "draft": {
            "plan": of_plan,
            "campaign": {"name": "campaign", "plan": of_plan},
            "result": {"issues": [{"position": n} for n in range(3)]},
        },
        "alone": {"plan": None, "campaign": None, "result": None},
    }


async def test_several_projections_are_read_at_once(repositories: Repositories) -> None:
    await PACKAGE.save(repositories, build.package("a"), build.package("b"))
    projections = [members(a=Attribute("package_id")), members(b=Attribute("revision"))]

    async with repositories.read() as snapshot:
        found = await snapshot.delivery_packages.json_by_key(["b", "a"], projections)

    assert {key: list(map(json.loads, texts)) for key, texts in found.items()} == {
        key: [{"a": key}, {"b": 1}] for key in "ab"
    }


async def test_second_keys_find_them_too(repositories: Repositories) -> None:
    await PLAN.save(
        repositories, *(build.plan(f"plan-{n}", brief_id="b", version=n) for n in (1, 2))
    )
    await RESULT.save(repositories, build.result("result", draft_id="draft"))

    async with repositories.read() as snapshot:
        plans = await snapshot.strategy_plans.json_by_version(
            [("b", 2), ("b", 3), ("c", 1), ("a\0b", 1)], [members(id=Attribute("strategy_id"))]
        )
        results = await snapshot.qc_results.json_by_draft_id(
            ["draft", "absent"], [members(id=Attribute("result_id"))]
        )

    assert {key: json.loads(text) for key, [text] in plans.items()} == {("b", 2): {"id": "plan-2"}}
    assert {key: json.loads(text) for key, [text] in results.items()} == {"draft": {"id": "result"}}


@pytest.mark.parametrize("keys", [[], ["a\0b"], ["\ud800"], ["a\0b", "\ud800", "absent"]])
async def test_keys_that_are_not_or_can_not_be_stored_are_not_found(
    repositories: Repositories, entity_type: TypeUnderTest, keys: list[str]
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))

    assert await by_key(repositories, entity_type, members(r=Attribute("revision")), *keys) == {}


# Pages

REQUESTS = (
    PageRequest(10),
    PageRequest(3),
    PageRequest(0),
    PageRequest(3, backwards=True),
    PageRequest(2, Order("package_id", Direction.DESC)),
    PageRequest(200, filter=Comparison("draft_id", Operator.EQ, "odd")),
    PageRequest(2, Order("draft_id", Direction.ASC), Comparison("revision", Operator.GT, 0)),
    PageRequest(2, filter=Comparison("draft_id", Operator.EQ, "none")),
)


@pytest.mark.parametrize("request_", REQUESTS)
async def test_a_page_has_what_the_records_page_has(
    repositories: Repositories, request_: PageRequest
) -> None:
    """And its places are those of the records; so is what follows the first of them."""
    packages = [build.package(f"p{n}", draft_id="odd" if n % 2 else "even") for n in range(7)]
    await PACKAGE.save(repositories, *packages)
    projections = [members(key=Attribute("package_id")), members(revision=Attribute("revision"))]

    async with repositories.read() as snapshot:
        reads = snapshot.delivery_packages
        requests = [request_]
        if found := (await reads.page(request_)).items:
            first = found[0]
            place = Position(getattr(first, request_.order.field), first.package_id)
            requests.append(replace(request_, after=place))
        for request in requests:
            of_records = await reads.page(request)
            page, total = await reads.json_page(
                request, projections, with_places=True, with_total=True
            )
            alone, no_total = await reads.json_page(request, projections[:1])

            assert [
                (json.loads(key), json.loads(it), *place) for key, it, *place in page.items
            ] == [
                (
                    {"key": record.package_id},
                    {"revision": record.revision},
                    getattr(record, request.order.field),
                    record.package_id,
                )
                for record in of_records.items
            ]
            assert alone.items == tuple((key,) for key, *_ in page.items)
            assert (total, no_total) == (await reads.count(request.filter), None)
            sides = (of_records.has_previous, of_records.has_next)
            assert (page.has_previous, page.has_next) == sides
            assert (alone.has_previous, alone.has_next) == sides
            enough, _ = await reads.json_page(request, projections[:1], with_more=False)
            assert enough.items == alone.items


# Whatever the values are


KPIS = st.builds(
    Kpi,
    name=TEXTS,
    target_value=st.floats(allow_nan=False, allow_infinity=False),
    unit=TEXTS,
    timeframe_days=st.integers(1, 2**31 - 1),
)
TIMELINES = st.builds(
    StrategyTimeline,
    duration_weeks=st.integers(1, 2**31 - 1),
    milestones=st.lists(st.builds(Milestone, TEXTS, TEXTS), min_size=1, max_size=3).map(tuple),
)
RECOMMENDATIONS = st.builds(
    Recommendation,
    channel=TEXTS,
    budget_percent=st.floats(0, 100, allow_subnormal=True),
    rationale=TEXTS,
    tactics=st.lists(TEXTS).map(tuple),
)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC)
)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.dictionaries(
    TEXTS, st.recursive(TEXTS | NUMBERS | st.none() | st.booleans(), st.lists, max_leaves=5)
)


def drawn(strategy: st.SearchStrategy[Any], count: int) -> Sequence[Any]:
    examples: list[Any] = []

    @settings(max_examples=count)
    @given(strategy)
    def collect(example: Any) -> None:
        examples.append(example)

    collect()
    return examples


async def test_plans_come_back_as_they_are(repositories: Repositories) -> None:
    parts = st.tuples(
        TEXTS,
        st.lists(KPIS, min_size=1, max_size=3).map(tuple),
        TIMELINES,
        st.lists(RECOMMENDATIONS, min_size=1, max_size=8),
        MOMENTS,
    )
    plans = [
        build.plan(
            f"plan-{n}",
            version=n + 1,
            executive_summary=summary,
            kpis=kpis,
            timeline=timeline,
            recommendations=tuple(replace(it, position=at) for at, it in enumerate(items)),
            decided_at=moment,
        )
        for n, (summary, kpis, timeline, items, moment) in enumerate(drawn(parts, 30))
    ]
    await PLAN.save(repositories, *plans)

    found = await by_key(repositories, PLAN, whole(plans[0]), *(it.strategy_id for it in plans))

    stored = {plan.strategy_id: await PLAN.load(repositories, plan.strategy_id) for plan in plans}
    assert found == {key: expected(plan) for key, plan in stored.items()}
    assert list(found["plan-0"]) == list(expected(plans[0]))


async def test_briefs_come_back_as_they_are(repositories: Repositories) -> None:
    scopes = st.none() | st.builds(
        BriefScope,
        st.lists(TEXTS).map(tuple),
        st.lists(TEXTS).map(tuple),
        st.none() | st.integers(1, 9),
    )
    parts = st.tuples(
        DOCUMENTS, MOMENTS, scopes, st.lists(TEXTS).map(tuple), st.none() | TEXTS, DOCUMENTS
    )
    briefs = [
        build.brief(
            f"brief-{n}",
            responses=JsonObject.of(responses),
            submitted_at=moment,
            scope=scope,
            objectives=objectives,
            target_audience=audience,
            brand_guidelines=JsonObject.of(guidelines),
        )
        for n, (responses, moment, scope, objectives, audience, guidelines) in enumerate(
            drawn(parts, 40)
        )
    ]
    await BRIEF.save(repositories, *briefs)

    found = await by_key(repositories, BRIEF, whole(build.brief()), *(it.brief_id for it in briefs))

    stored = {brief.brief_id: await BRIEF.load(repositories, brief.brief_id) for brief in briefs}
    assert found == {key: expected(brief) for key, brief in stored.items()}


@pytest.mark.parametrize("microseconds", [0, 1, 10, 500_000, 999_999, 120_000])
async def test_times_are_written_to_the_microsecond_where_there_is_one(
    repositories: Repositories, microseconds: int
) -> None:
    moment = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC) + timedelta(microseconds=microseconds)
    await RESULT.save(repositories, build.result("result", evaluated_at=moment))

    found = await by_key(repositories, RESULT, members(at=Attribute("evaluated_at")), "result")

    assert found["result"]["at"] == json.loads(encode_json(moment))


async def test_numbers_have_no_more_digits_than_they_need(repositories: Repositories) -> None:
    await RESULT.save(repositories, build.result("result", score=0.97))

    async with repositories.read() as snapshot:
        projection = members(score=Attribute("score"))
        found = await snapshot.qc_results.json_by_key(["result"], [projection])

    assert found == {"result": ('{"score":0.97}',)}


# Children alone


async def test_children_of_parents_are_lists_for_each_projection(
    repositories: Repositories, parent: TypeUnderTest
) -> None:
    for key, count in (("many", 3), ("none", 0)):
        children = [parent.child(position=n) for n in range(count)]
        await parent.save(repositories, parent.with_children(parent.record(key), *children))
    projections = [members(a=Attribute("position")), members(b=Constant("B"))]

    async with repositories.read() as snapshot:
        name = f"{parent.children}_json_by_{parent.key_name}"
        read = getattr(parent.reads_of(snapshot), name)
        found = await read(["many", "none", "absent", "a\0b"], projections)

    lists = {key: list(map(json.loads, texts)) for key, texts in found.items()}
    assert lists.pop("none", [[], []]) == [[], []]
    assert lists == {"many": [[{"a": n} for n in range(3)], [{"b": "B"}] * 3]}
