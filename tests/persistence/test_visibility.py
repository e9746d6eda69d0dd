"""A rule about what a caller may see holds in every operation of every repository.

A caller who may not see some rows finds what would be found if these weren't stored.
"""

from dataclasses import replace
from typing import Any

import pytest

from domain.callers import Caller
from domain.entity import Owned
from domain.errors import RevisionConflict
from repositories.criteria import (
    Comparison,
    Direction,
    Operator,
    Order,
    Page,
    PageRequest,
    Position,
)
from repositories.projections import Attribute, Children, JsonProjection
from repositories.unit_of_work import Snapshot, Storage, UnitOfWork
from tests.persistence.types_under_test import (
    PACKAGE,
    PLAN,
    RESULT,
    TYPES_UNDER_TEST,
    TypeUnderTest,
)
from tests.support.visibility import (
    EITHER,
    OPERATOR,
    A,
    B,
    delete_of_b,
    plant,
    store_for_both,
)

ALL = ("a1", "a2", "a3", "b1", "b2", "b3", "absent")
BY_KEY = PageRequest(10)
PAGES = {
    "all": BY_KEY,
    "first": PageRequest(1),
    "last": PageRequest(1, backwards=True),
    "after": PageRequest(1, after=Position("a2", "a2"), order=Order("KEY", Direction.DESC)),
    "filtered": PageRequest(2, Order("KEY", Direction.ASC), Comparison("KEY", Operator.NE, "a1")),
}


@pytest.fixture
async def stored(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    plant(monkeypatch)
    await storage.as_(OPERATOR).write(store_for_both)
    return storage


def projections_of(entity_type: TypeUnderTest) -> tuple[JsonProjection, ...]:
    own = JsonProjection(
        (("key", Attribute(entity_type.key_name)), ("revision", Attribute("revision")))
    )
    if entity_type.children is None:
        return (own,)
    children = JsonProjection((("position", Attribute("position")),))
    return (own, JsonProjection((("children", Children(entity_type.children, children)),)))


def request_of(entity_type: TypeUnderTest, page: str) -> PageRequest:
    request = PAGES[page]
    order, filter = request.order, request.filter
    if order.field == "KEY":
        order = replace(order, field=entity_type.key_name)
    if isinstance(filter, Comparison):
        filter = replace(filter, field=entity_type.key_name)
    return replace(request, order=order, filter=filter)


async def everything_read(snapshot: Snapshot, entity_type: TypeUnderTest) -> dict[str, Any]:
    """By the name of the operation, what it gives."""
    reads: Any = entity_type.reads_of(snapshot)
    projections = projections_of(entity_type)
    found: dict[str, Any] = {
        "get": [await reads.get(key) for key in ALL],
        "get_many": await reads.get_many(ALL),
        "json_by_key": await reads.json_by_key(ALL, projections),
        "json of one": [await reads.json_by_key([key], projections) for key in ALL],
        "count": await reads.count(None),
    }
    for page in PAGES:
        request = request_of(entity_type, page)
        found[f"page {page}"] = await reads.page(request)
        found[f"count {page}"] = await reads.count(request.filter)
        found[f"json_page {page}"] = await reads.json_page(
            request, projections, with_places=True, with_total=True
        )
        for name in dir(reads):
            if name.startswith("pages_by_"):
                found[f"{name} {page}"] = await getattr(reads, name)(ALL, request)
            if name.startswith("counts_by_"):
                found[f"{name} {page}"] = await getattr(reads, name)(ALL, request.filter)
    if entity_type.children is not None:
        found["children"] = await entity_type.load_children(snapshot, *ALL)
        of_child = [JsonProjection((("position", Attribute("position")),))]
        name = f"{entity_type.children}_json_by_{entity_type.key_name}"
        found["children as JSON"] = await getattr(reads, name)(ALL, of_child)
    if entity_type is PLAN:
        versions = [(brief, version) for brief in ALL for version in range(1, 5)]
        found["versions"] = await reads.get_many_by_version(versions)
        found["versions as JSON"] = await reads.json_by_version(versions, projections)
    if entity_type is RESULT:
        found["by draft"] = await reads.get_many_by_draft_id(ALL)
        found["by draft as JSON"] = await reads.json_by_draft_id(ALL, projections)
    return found


def without_clients(found: Any) -> Any:
    """What was read, but for whose it is: that depends on what is hidden by these rules."""
    match found:
        case dict():
            return {key: without_clients(it) for key, it in found.items()}
        case list():
            return [*map(without_clients, found)]
        case Page(items=items):
            return replace(found, items=tuple(map(without_clients, items)))
        case Owned():
            return replace(found, client_id=None)
    return found


async def read_by(storage: Storage, caller: Caller, entity_type: TypeUnderTest) -> dict[str, Any]:
    async with storage.as_(caller).read() as snapshot:
        return await everything_read(snapshot, entity_type)


@pytest.mark.parametrize("entity_type", TYPES_UNDER_TEST, ids=lambda entity_type: entity_type.name)
async def test_what_is_hidden_is_read_as_if_it_were_not_stored(
    stored: Storage, entity_type: TypeUnderTest
) -> None:
    whole = await read_by(stored, OPERATOR, entity_type)
    seen = await read_by(stored, A, entity_type)
    await stored.as_(OPERATOR).write(delete_of_b)

    assert without_clients(seen) == without_clients(await read_by(stored, OPERATOR, entity_type))
    assert seen["count"] < whole["count"]
    assert len(seen["get_many"]) == seen["count"]


@pytest.mark.parametrize("entity_type", TYPES_UNDER_TEST, ids=lambda entity_type: entity_type.name)
async def test_what_is_hidden_can_be_neither_locked_nor_deleted(
    stored: Storage, entity_type: TypeUnderTest
) -> None:
    async def by_a(unit: UnitOfWork) -> tuple[Any, ...]:
        repository = entity_type.of(unit)
        hidden = await repository.get_for_update("b1"), await repository.delete("b1")
        locked = await repository.get_for_update("a1")
        return *hidden, entity_type.key_of(locked), await repository.delete("a1")

    assert await stored.as_(A).write(by_a) == (None, False, "a1", True)
    async with stored.as_(OPERATOR).read() as snapshot:
        assert set(await entity_type.reads_of(snapshot).get_many(["a1", "b1"])) == {"b1"}
        if entity_type.children is not None:
            assert set(await entity_type.load_children(snapshot, "a1", "b1")) == {"b1"}


async def test_callers_do_not_get_each_other_s_statements(stored: Storage) -> None:
    """A and B have rules of one shape, EITHER one of another shape, the operator none."""
    for _ in range(2):
        for caller, wanted in (
            (A, {"a1", "a2", "a3"}),
            (OPERATOR, {"a1", "a2", "a3", "b1", "b2"}),
            (B, {"b1", "b2"}),
            (EITHER, {"a1", "a2", "a3", "b1", "b2"}),
            (A, {"a1", "a2", "a3"}),
        ):
            found = await read_by(stored, caller, PACKAGE)
            assert set(found["get_many"]) == set(found["json_by_key"]) == wanted
            assert found["count"] == found["json_page all"].total == len(wanted)


async def test_a_version_that_is_hidden_is_taken(stored: Storage) -> None:
    async def last(unit: UnitOfWork) -> int:
        return await unit.strategy_plans.last_version("b1")

    assert await stored.as_(A).write(last) == 4


async def test_a_key_that_is_hidden_is_taken(stored: Storage) -> None:
    async def save(unit: UnitOfWork) -> None:
        await PACKAGE.of(unit).save(PACKAGE.record("b1"), expected_revision=0)

    with pytest.raises(RevisionConflict):
        await stored.as_(A).write(save)


async def test_a_refused_save_leaves_nothing_that_is_hidden(stored: Storage) -> None:
    async def save(unit: UnitOfWork) -> None:
        with pytest.raises(RevisionConflict):
            await PACKAGE.of(unit).save(PACKAGE.record("b9"), expected_revision=7)

    await stored.as_(A).write(save)

    assert await PACKAGE.load(stored.as_(OPERATOR), "b9") is None
