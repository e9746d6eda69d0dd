"""The texts of an answer are counted before the database renders them."""

import asyncio

import pytest

from domain.errors import AnswerTooLarge
from domain.json_object import JsonObject
from repositories.answer_size import limit_answer
from repositories.criteria import Direction, Order, PageRequest
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.projections import (
    Attribute,
    Children,
    Items,
    JsonProjection,
    Paged,
    Part,
    Reference,
)
from repositories.unit_of_work import Repositories, UnitOfWork
from schema.rendering import MAX_DEPTH
from tests import builders as build
from tests.support.statements import watched

KILOBYTE = 1_000
LIMIT = 2_000 * KILOBYTE
PAGE = PageRequest(limit=4)


def aliases(count: int, attribute: str = "body") -> JsonProjection:
    return JsonProjection(tuple((f"b{number}", Attribute(attribute)) for number in range(count)))


async def save_drafts(repositories: Repositories, count: int, kilobytes: int) -> None:
    async def save(unit: UnitOfWork) -> None:
        for number in range(count):
            await unit.drafts.save(build.draft(f"draft-{number}", body="x" * KILOBYTE * kilobytes))

    await repositories.write(save)


async def page_of(
    repositories: Repositories, *projections: JsonProjection
) -> list[tuple[str, ...]]:
    async with repositories.read() as snapshot:
        return list((await snapshot.drafts.json_page(PAGE, projections)).page.items)


async def test_a_page_within_the_limit_is_read_and_counted(repositories: Repositories) -> None:
    await save_drafts(repositories, 4, kilobytes=100)
    amounts: list[int] = []
    limit_answer(LIMIT, amounts.append)
    items = await page_of(repositories, aliases(4))
    assert 4 * 4 * 100 * KILOBYTE <= sum(amounts) <= LIMIT
    assert all(len(text) > 4 * 100 * KILOBYTE for [text] in items)


async def test_what_aliases_make_too_large_is_refused_before_it_is_made(
    repositories: Repositories,
) -> None:
    await save_drafts(repositories, 4, kilobytes=100)
    amounts: list[int] = []
    limit_answer(LIMIT, amounts.append)
    with pytest.raises(AnswerTooLarge):
        await page_of(repositories, aliases(6))
    assert sum(amounts) <= LIMIT


async def test_several_projections_count_together(repositories: Repositories) -> None:
    await save_drafts(repositories, 4, kilobytes=100)
    limit_answer(LIMIT)
    with pytest.raises(AnswerTooLarge):
        await page_of(repositories, aliases(3), aliases(4))


async def test_several_reads_count_together(repositories: Repositories) -> None:
    await save_drafts(repositories, 4, kilobytes=100)
    limit_answer(LIMIT)
    async with repositories.read() as snapshot:
        for _ in range(4):
            await snapshot.drafts.json_page(PAGE, [aliases(1)])
        with pytest.raises(AnswerTooLarge):
            await snapshot.drafts.json_page(PAGE, [aliases(2)])


async def test_each_task_counts_its_own_answer(repositories: Repositories) -> None:
    await save_drafts(repositories, 4, kilobytes=100)

    async def read() -> None:
        limit_answer(LIMIT)
        await page_of(repositories, aliases(4))

    await asyncio.gather(*(read() for _ in range(3)))


async def test_entities_by_key_are_refused_alike(repositories: Repositories) -> None:
    await save_drafts(repositories, 2, kilobytes=100)
    limit_answer(LIMIT)
    async with repositories.read() as snapshot:
        keys = ["draft-0", "draft-1"]
        found = await snapshot.drafts.json_by_key(keys, [aliases(9)])
        assert len(found) == 2
    limit_answer(LIMIT)
    async with repositories.read() as snapshot:
        with pytest.raises(AnswerTooLarge):
            await snapshot.drafts.json_by_key(keys, [aliases(11)])


async def test_json_counts_as_text_does(repositories: Repositories) -> None:
    metadata = JsonObject.of({"x": "y" * 100 * KILOBYTE})
    await repositories.write(lambda unit: unit.drafts.save(build.draft(metadata=metadata)))
    limit_answer(LIMIT)
    with pytest.raises(AnswerTooLarge):
        await page_of(repositories, aliases(21, "metadata"))


async def test_lists_of_children_are_refused_alike(repositories: Repositories) -> None:
    urls = [f"https://x.example/{'y' * 2_000}{number}" for number in range(100)]
    artifacts = tuple(
        build.artifact(url=url, position=position) for position, url in enumerate(urls)
    )
    await repositories.write(
        lambda unit: unit.delivery_packages.save(build.package(artifacts=artifacts))
    )
    many = JsonProjection((("artifacts", Children("artifacts", aliases(11, "url"))),))
    limit_answer(LIMIT)
    async with repositories.read() as snapshot:
        with pytest.raises(AnswerTooLarge):
            await snapshot.delivery_packages.json_by_key(["package-1"], [many])


def paged_drafts(*lists: JsonProjection, limit: int = 4) -> JsonProjection:
    """A page of a plan's drafts, with lists of these."""
    items = tuple((f"nodes{number}", Items(each)) for number, each in enumerate(lists))
    part = Paged("strategy_id", "Draft", "strategy_id", 0, items)
    return JsonProjection((("drafts", part),), (PageRequest(limit=limit),))


async def save_plans(repositories: Repositories) -> None:
    """Two, of which the first has four drafts of 100 kB."""
    await save_drafts(repositories, 4, kilobytes=100)

    async def save(unit: UnitOfWork) -> None:
        for key in ("plan-1", "plan-2"):
            await unit.strategy_plans.save(build.plan(key))

    await repositories.write(save)


async def plans_with(repositories: Repositories, way: str, *projections: JsonProjection) -> str:
    """The JSON that is read of plans, in one of the ways in which pages are rendered."""
    async with repositories.read() as snapshot:
        keys = ["plan-1", "plan-2"]
        match way:
            case "by key":
                found = await snapshot.strategy_plans.json_by_key(keys, projections)
            case "their pages alone":
                found = await snapshot.drafts.json_pages(keys, projections)
            case _:
                page = (await snapshot.strategy_plans.json_page(PAGE, projections)).page
                found = dict(zip(keys, page.items, strict=True))
    assert len(found) == 2
    return "".join(text for texts in found.values() for text in texts)


every_way = pytest.mark.parametrize("way", ["by key", "on a page", "their pages alone"])


@every_way
async def test_pages_within_objects_are_refused_alike(repositories: Repositories, way: str) -> None:
    await save_plans(repositories)
    amounts: list[int] = []
    limit_answer(LIMIT, amounts.append)
    text = await plans_with(repositories, way, paged_drafts(aliases(2), aliases(2)))
    assert 4 * 4 * 100 * KILOBYTE <= len(text) <= sum(amounts) + 4 * KILOBYTE
    amounts.clear()
    limit_answer(LIMIT, amounts.append)
    with pytest.raises(AnswerTooLarge):
        await plans_with(repositories, way, paged_drafts(aliases(3), aliases(3)))
    assert sum(amounts) <= LIMIT


@every_way
async def test_pages_within_several_projections_count_together(
    repositories: Repositories, way: str
) -> None:
    await save_plans(repositories)
    limit_answer(LIMIT)
    with pytest.raises(AnswerTooLarge):
        await plans_with(repositories, way, paged_drafts(aliases(3)), paged_drafts(aliases(4)))


@every_way
async def test_of_pages_within_objects_only_what_is_on_them_counts(
    repositories: Repositories, way: str
) -> None:
    await save_plans(repositories)
    limit_answer(LIMIT)
    two = [paged_drafts(aliases(4), limit=1), paged_drafts(aliases(4), limit=2)]
    assert len(await plans_with(repositories, way, *two)) >= 3 * 4 * 100 * KILOBYTE


async def test_pages_within_pages_are_refused_alike(repositories: Repositories) -> None:
    await save_plans(repositories)
    inner = Paged("strategy_id", "Draft", "strategy_id", 1, (("nodes", Items(aliases(4))),))
    outer = Paged(
        "strategy_id",
        "Draft",
        "strategy_id",
        0,
        (("nodes", Items(JsonProjection((("again", inner),)))),),
    )
    pages = JsonProjection((("drafts", outer),), (PageRequest(limit=4), PageRequest(limit=2)))
    limit_answer(LIMIT)
    with pytest.raises(AnswerTooLarge):
        await plans_with(repositories, "by key", pages)
    limit_answer(2 * LIMIT)
    found = await plans_with(repositories, "by key", pages)
    assert len(found) >= 4 * 2 * 4 * 100 * KILOBYTE


@pytest.mark.parametrize("depth", ["PPPR", "PRPRR", "RRRPP", "RRRRRR"])
async def test_the_deepest_objects_can_be_counted(repositories: Repositories, depth: str) -> None:
    await save_drafts(repositories, 2, kilobytes=1)
    projection = aliases(1)
    pages: list[PageRequest] = []
    backwards = PageRequest(limit=2, backwards=True, order=Order("title", Direction.DESC))
    for letter in reversed(depth):
        part: Part = Reference("draft_id", "Draft", "draft_id", projection)
        if letter == "P":
            items = (("nodes", Items(projection)),)
            part = Paged("strategy_id", "Draft", "strategy_id", len(pages), items)
            pages.append(backwards)
        projection = JsonProjection((("body", Attribute("body")), ("within", part)))
    assert projection.depth <= MAX_DEPTH
    [whole, _] = await page_of(repositories, projection.of_pages(tuple(pages)))
    assert "x" * KILOBYTE in whole[0]


# Texts that are short, and many


async def save_packages(repositories: Repositories, count: int) -> None:
    urls = [f"https://x.example/{'y' * 2_000}{number}" for number in range(100)]
    artifacts = tuple(
        build.artifact(url=url, position=position) for position, url in enumerate(urls)
    )

    async def save(unit: UnitOfWork) -> None:
        for number in range(count):
            await unit.delivery_packages.save(
                build.package(f"package-{number}", artifacts=artifacts)
            )

    await repositories.write(save)


ARTIFACTS = JsonProjection((("artifacts", Children("artifacts", aliases(1, "url"))),))


async def test_lists_on_a_page_count_together_though_each_is_short(
    repositories: Repositories,
) -> None:
    await save_packages(repositories, 12)
    limit_answer(LIMIT)
    async with repositories.read() as snapshot:
        read = snapshot.delivery_packages.json_page
        assert len((await read(PageRequest(limit=8), [ARTIFACTS])).page.items) == 8
    limit_answer(LIMIT)
    async with repositories.read() as snapshot:
        with pytest.raises(AnswerTooLarge):
            await snapshot.delivery_packages.json_page(PageRequest(limit=12), [ARTIFACTS])


async def test_lists_of_entities_by_key_count_together(repositories: Repositories) -> None:
    await save_packages(repositories, 12)
    keys = [f"package-{number}" for number in range(12)]
    for read in ("json_by_key", "artifacts_json_by_package_id"):
        projection = ARTIFACTS if read == "json_by_key" else aliases(1, "url")
        limit_answer(LIMIT)
        async with repositories.read() as snapshot:
            found = await getattr(snapshot.delivery_packages, read)(keys[:8], [projection])
            assert len(found) == 8
        limit_answer(LIMIT)
        async with repositories.read() as snapshot:
            with pytest.raises(AnswerTooLarge):
                await getattr(snapshot.delivery_packages, read)(keys, [projection])


@pytest.fixture
def in_database(database: Database) -> Repositories:
    return create_storage(PersistenceMode.DB, database).as_(build.caller())


def different(number: int) -> JsonProjection:
    """One that no other is equal to, of artifacts."""
    return JsonProjection(((f"url{number}", Attribute("url")),))


@pytest.mark.parametrize(
    "way", ["pages", "a page of lists", "lists by key", "lists", "texts by key", "a page of texts"]
)
async def test_statements_are_as_long_as_what_is_selected(
    in_database: Repositories, database: Database, way: str
) -> None:
    """The SQL that sizes and refuses projections isn't repeated for each of them."""

    async def length(count: int) -> int:
        lists = [
            JsonProjection((("a", Children("artifacts", different(it))),)) for it in range(count)
        ]
        pages = [
            JsonProjection(
                (("", Paged("", "DeliveryPackage", "draft_id", 0, (("nodes", Items(each)),))),),
                (PageRequest(limit=1),),
            )
            for each in lists
        ]
        texts = [JsonProjection(((f"body{it}", Attribute("body")),)) for it in range(count)]
        with watched(database) as statements:
            async with in_database.read() as snapshot:
                packages, drafts = snapshot.delivery_packages, snapshot.drafts
                match way:
                    case "pages":
                        await packages.json_pages(["draft-1"], pages)
                    case "a page of lists":
                        await packages.json_page(PAGE, lists)
                    case "lists by key":
                        await packages.json_by_key(["a", "b"], lists)
                    case "lists":
                        artifacts = [different(it) for it in range(count)]
                        await packages.artifacts_json_by_package_id(["a", "b"], artifacts)
                    case "texts by key":
                        await drafts.json_by_key(["a", "b"], texts)
                    case "a page of texts":
                        await drafts.json_page(PAGE, texts)
        [text] = statements.texts
        return len(text)

    few, many = await length(10), await length(40)
    assert many < 4.2 * few


# Records, which memory has already


async def test_pages_of_records_are_refused_before_they_are_read(
    in_database: Repositories,
) -> None:
    await save_drafts(in_database, 4, kilobytes=600)
    limit_answer(LIMIT)
    async with in_database.read() as snapshot:
        assert len((await snapshot.drafts.page(PageRequest(limit=2))).items) == 2
    amounts: list[int] = []
    limit_answer(LIMIT, amounts.append)
    async with in_database.read() as snapshot:
        with pytest.raises(AnswerTooLarge):
            await snapshot.drafts.page(PageRequest(limit=4))
    assert sum(amounts) <= LIMIT


async def test_records_of_many_keys_are_refused_alike(in_database: Repositories) -> None:
    await save_drafts(in_database, 4, kilobytes=600)
    limit_answer(LIMIT)
    async with in_database.read() as snapshot:
        with pytest.raises(AnswerTooLarge):
            await snapshot.drafts.get_many([f"draft-{number}" for number in range(4)])
