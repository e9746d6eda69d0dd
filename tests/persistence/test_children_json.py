"""Children as the JSON that a response needs: the same that their records would give."""

import json
from dataclasses import fields, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.strategy import Recommendation
from repositories.contract import Member, Selection
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.kinds import PLAN, Kind

HOSTILE = (
    'quotes " and \\ back/slash, \b\t\n\r\x01\x1f\x7f, \u2028\u2029, </script>, é 漢 😀 %s $1 :x'
)


def members_of(child: Any) -> tuple[Member, ...]:
    return tuple(Member(f"key_{field.name}", field.name) for field in fields(child))


def expected(child: Any) -> dict[str, Any]:
    """What JSON makes of the record."""
    value: dict[str, Any] = json.loads(
        json.dumps({f"key_{field.name}": getattr(child, field.name) for field in fields(child)})
    )
    return value


async def read(
    repositories: Repositories, parent: Kind, members: tuple[Member, ...], *keys: str
) -> dict[str, Any]:
    async with repositories.read() as snapshot:
        name = f"{parent.children}_json_by_{parent.key_name}"
        found = await getattr(parent.reads_of(snapshot), name)(keys, [Selection(members)])
    return {key: json.loads(text) for key, [text] in found.items()}


async def test_every_attribute_is_the_record_s(repositories: Repositories, parent: Kind) -> None:
    children = [parent.child(f"{HOSTILE}{n}", position=n) for n in range(12)]
    await parent.save(repositories, parent.with_children(parent.record("key"), *children))

    found = await read(repositories, parent, members_of(children[0]), "key")

    assert found == {"key": [expected(child) for child in children]}


async def test_each_parent_gets_its_own_in_position_order(
    repositories: Repositories, parent: Kind
) -> None:
    for key, names in (("many", "CAB"), ("one", "D"), ("none", "")):
        children = [parent.child(name, position=n) for n, name in enumerate(names)]
        shuffled = parent.with_children(parent.record(key), *reversed(children))
        await parent.save(repositories, shuffled)

    members = (Member("p", "position"),)
    found = await read(repositories, parent, members, "none", "one", "absent", "many")

    assert found == {"many": [{"p": 0}, {"p": 1}, {"p": 2}], "one": [{"p": 0}]}


async def test_members_come_in_their_order_under_their_keys(
    repositories: Repositories, parent: Kind
) -> None:
    await parent.save(
        repositories, parent.with_children(parent.record("key"), parent.child(position=0))
    )
    key = "a" * 100  # longer than PostgreSQL's names
    members = (
        Member("__typename", text=HOSTILE),
        Member(key, "position"),
        Member("again", "position"),
        Member("last", text="Last"),
    )

    [found] = (await read(repositories, parent, members, "key"))["key"]

    assert list(found.items()) == [
        ("__typename", HOSTILE),
        (key, 0),
        ("again", 0),
        ("last", "Last"),
    ]


async def test_objects_may_have_nothing_but_texts(repositories: Repositories, parent: Kind) -> None:
    children = [parent.child(position=n) for n in range(2)]
    await parent.save(repositories, parent.with_children(parent.record("key"), *children))

    found = await read(repositories, parent, (Member("__typename", text="Child"),), "key")

    assert found == {"key": [{"__typename": "Child"}] * 2}


async def test_several_selections_are_read_at_once(
    repositories: Repositories, parent: Kind
) -> None:
    children = [parent.child(position=n) for n in range(3)]
    await parent.save(repositories, parent.with_children(parent.record("key"), *children))
    selections = [Selection((Member(key, "position"),)) for key in ("a", "b")]

    async with repositories.read() as snapshot:
        name = f"{parent.children}_json_by_{parent.key_name}"
        found = await getattr(parent.reads_of(snapshot), name)(["key"], selections)

    assert [json.loads(text) for text in found["key"]] == [
        [{key: n} for n in range(3)] for key in ("a", "b")
    ]


async def test_keys_that_can_not_be_stored_are_not_found(
    repositories: Repositories, parent: Kind
) -> None:
    members = (Member("p", "position"),)

    assert await read(repositories, parent, members, "a\0b", "\ud800") == {}


RECOMMENDATIONS = st.builds(
    Recommendation,
    channel=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    budget_percent=st.floats(0, 100, allow_subnormal=True),
    rationale=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    tactics=st.lists(st.text(st.characters(exclude_categories=["Cs"]))).map(tuple),
)


async def test_texts_and_numbers_come_back_as_they_are(repositories: Repositories) -> None:
    examples: list[list[Recommendation]] = []

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(RECOMMENDATIONS, min_size=1, max_size=20))
    def collect(items: list[Recommendation]) -> None:
        examples.append([replace(item, position=n) for n, item in enumerate(items)])

    collect()
    plans = [
        build.plan(f"plan-{n}", version=n + 1, recommendations=tuple(items))
        for n, items in enumerate(examples)
    ]
    await PLAN.save(repositories, *plans)

    members = members_of(examples[0][0])
    found = await read(repositories, PLAN, members, *(plan.strategy_id for plan in plans))

    assert found == {
        plan.strategy_id: [expected(item) for item in plan.recommendations or ()] for plan in plans
    }
