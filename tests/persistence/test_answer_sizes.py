"""What one operation may read for its answer, counted before the texts are made."""

import asyncio

import pytest

from domain.errors import AnswerTooLarge
from domain.json_object import JsonObject
from repositories.answer_size import limit_answer
from repositories.criteria import PageRequest
from repositories.selections import Owned, Selection, Value
from repositories.unit_of_work import Repositories, UnitOfWork
from tests import builders as build

KILOBYTE = 1_000
LIMIT = 2_000 * KILOBYTE
PAGE = PageRequest(limit=4)


def aliases(count: int, attribute: str = "body") -> Selection:
    return Selection(tuple((f"b{number}", Value(attribute)) for number in range(count)))


async def save_drafts(repositories: Repositories, count: int, kilobytes: int) -> None:
    async def save(unit: UnitOfWork) -> None:
        for number in range(count):
            await unit.drafts.save(build.draft(f"draft-{number}", body="x" * KILOBYTE * kilobytes))

    await repositories.write(save)


async def page_of(repositories: Repositories, *selections: Selection) -> list[tuple[str, ...]]:
    async with repositories.read() as snapshot:
        return list((await snapshot.drafts.json_page(PAGE, selections)).page.items)


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


async def test_several_selections_count_together(repositories: Repositories) -> None:
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
    many = Selection((("artifacts", Owned("artifacts", aliases(11, "url"))),))
    limit_answer(LIMIT)
    async with repositories.read() as snapshot:
        with pytest.raises(AnswerTooLarge):
            await snapshot.delivery_packages.json_by_key(["package-1"], [many])
