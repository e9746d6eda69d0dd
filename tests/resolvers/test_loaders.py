"""Loaders: a result for every key, and one read for all that is asked for at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest

from repositories.criteria import Comparison, Operator, PageRequest
from repositories.delivery.contract import PackageReads
from repositories.projections import Attribute, JsonProjection
from repositories.unit_of_work import Repositories
from resolvers.dataloaders import ALL, Loader
from resolvers.delivery.loaders import PackageLoaders
from resolvers.loaders import Loaders
from tests import builders as build
from tests.persistence.types_under_test import PACKAGE, PLAN, RESULT


class Counted:
    """Reads, and how often each of them was made."""

    def __init__(self, reads: PackageReads) -> None:
        self._reads = reads
        self.made: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        read: Callable[..., Awaitable[Any]] = getattr(self._reads, name)

        async def counted(*arguments: Any, **options: Any) -> Any:
            self.made[name] += 1
            return await read(*arguments, **options)

        return counted


async def _store(repositories: Repositories) -> None:
    await PACKAGE.save(
        repositories,
        build.package("a", draft_id="one"),
        build.package("b", draft_id="one", artifacts=()),
        build.package("c", draft_id="two"),
    )


async def test_every_key_has_its_result_in_the_order_asked_for(repositories: Repositories) -> None:
    await _store(repositories)

    async with repositories.read() as snapshot:
        loaders = Loaders(snapshot).delivery_packages
        packages = await loaders.by_key.load_many(["c", "absent", "a", "c"])
        artifacts = await loaders.artifacts_by_package_id.load_many(["b", "a", "absent"])

    assert [package and package.package_id for package in packages] == ["c", None, "a", "c"]
    assert artifacts == [(), build.package().artifacts, ()]


async def test_second_keys_are_answered_too(repositories: Repositories) -> None:
    await PLAN.save(repositories, build.plan("plan", brief_id="brief", version=2))
    await RESULT.save(repositories, build.result("result", draft_id="draft"))

    async with repositories.read() as snapshot:
        loaders = Loaders(snapshot)
        plans = await loaders.strategy_plans.by_version.load_many([("brief", 1), ("brief", 2)])
        results = await loaders.qc_results.by_draft_id.load_many(["absent", "draft"])

    assert [plan and plan.strategy_id for plan in plans] == [None, "plan"]
    assert [result and result.result_id for result in results] == [None, "result"]


async def test_what_is_asked_for_at_once_is_one_read_of_each_type(
    repositories: Repositories,
) -> None:
    await _store(repositories)

    async with repositories.read() as snapshot:
        reads = Counted(snapshot.delivery_packages)
        loaders = PackageLoaders(cast(PackageReads, reads))
        await asyncio.gather(
            *(loaders.by_key.load(key) for key in ("a", "b", "absent", "a")),
            *(loaders.artifacts_by_package_id.load(key) for key in ("a", "b", "absent", "a")),
        )

    assert reads.made == {"get_many": 1, "artifacts_by_package_id": 1}


async def test_lists_are_read_once_for_each_distinct_argument(repositories: Repositories) -> None:
    await _store(repositories)
    first, all_of_them = PageRequest(1), PageRequest(10)
    is_a = Comparison("package_id", Operator.EQ, "a")

    async with repositories.read() as snapshot:
        reads = Counted(snapshot.delivery_packages)
        loaders = PackageLoaders(cast(PackageReads, reads))
        everything = loaders.all
        pages = await asyncio.gather(
            *(everything.pages(each, [ALL]) for each in (first, all_of_them, PageRequest(1)))
        )
        counts = await asyncio.gather(
            *(everything.counts(filter, [ALL]) for filter in (None, is_a, None, is_a))
        )

    assert [len(page.items) for [page] in pages] == [1, 3, 1]
    assert counts == [[3], [1], [3], [1]]
    assert reads.made == {"page": 2, "count": 2}


async def test_lists_of_many_parents_are_one_read_for_each_distinct_argument(
    repositories: Repositories,
) -> None:
    await _store(repositories)

    async with repositories.read() as snapshot:
        reads = Counted(snapshot.delivery_packages)
        of_draft = PackageLoaders(cast(PackageReads, reads)).packages_by_draft_id
        listing, drafts = of_draft.listing, ["one", "two", "none", "one"]
        pages, more, counts, _ = await asyncio.gather(
            listing.pages(PageRequest(1), drafts),
            listing.pages(PageRequest(5), drafts),
            listing.counts(None, drafts),
            listing.pages(PageRequest(1), drafts[:1]),
        )

    assert [(len(page.items), page.has_next) for page in pages] == [
        (1, True),
        (1, False),
        (0, False),
        (1, True),
    ]
    assert [len(page.items) for page in more] == counts == [2, 1, 0, 2]
    assert reads.made == {"pages_by_draft_id": 2, "counts_by_draft_id": 1}


async def test_json_is_answered_for_every_key_in_the_order_asked_for(
    repositories: Repositories,
) -> None:
    await _store(repositories)
    revision = JsonProjection((("revision", Attribute("revision")),))
    names = JsonProjection((("name", Attribute("name")),))

    for single_statement in (False, True):
        async with repositories.read() as snapshot:
            loaders = Loaders(snapshot, single_statement=single_statement).delivery_packages
            packages = await loaders.by_key.load_json(["c", "absent", "a", "c"], revision)
        async with repositories.read() as snapshot:
            loaders = Loaders(snapshot, single_statement=single_statement).delivery_packages
            artifacts = await loaders.artifacts_by_package_id.load_json(["b", "absent"], names)

        assert packages == ['{"revision":1}', None, '{"revision":1}', '{"revision":1}']
        assert artifacts == ["[]", "[]"]


async def test_json_of_other_keys_is_read_for_these_alone() -> None:
    """Otherwise a hundred lookups with something else selected each would read a hundred times."""
    asked: list[tuple[Sequence[str], int]] = []

    async def read_json(
        keys: Sequence[str], projections: Sequence[JsonProjection]
    ) -> dict[str, tuple[str, ...]]:
        asked.append((keys, len(projections)))
        return {key: tuple(f'"{key}"' for _ in projections) for key in keys}

    async def read(keys: Sequence[str]) -> dict[str, None]:
        raise NotImplementedError

    loader = Loader(read, read_json, absent=None)
    a, b, c = (JsonProjection(((key, Attribute("revision")),)) for key in "abc")
    found = await asyncio.gather(
        loader.load_json(["1", "2"], a), loader.load_json(["3"], b), loader.load_json(["1", "2"], c)
    )

    assert [*found] == [['"1"', '"2"'], ['"3"'], ['"1"', '"2"']]
    assert asked == [(("1", "2"), 2), (("3",), 1)]


async def test_json_that_is_asked_for_at_once_is_one_read_whatever_is_selected(
    repositories: Repositories,
) -> None:
    await _store(repositories)
    projections = [JsonProjection(((key, Attribute("revision")),)) for key in ("a", "b", "a")]

    async with repositories.read() as snapshot:
        reads = Counted(snapshot.delivery_packages)
        by_key = PackageLoaders(cast(PackageReads, reads)).by_key
        found = await asyncio.gather(
            *(by_key.load_json(["a", "c"], projection) for projection in projections)
        )

    assert found == [['{"a":1}'] * 2, ['{"b":1}'] * 2, ['{"a":1}'] * 2]
    assert reads.made == {"json_by_key": 1}


async def test_who_is_alone_reads_at_once() -> None:
    """Without a turn of the event loop."""

    async def read_json(
        keys: Sequence[str], _: Sequence[JsonProjection]
    ) -> dict[str, tuple[str, ...]]:
        return {key: (f'"{key}"',) for key in keys}

    async def read(keys: Sequence[str]) -> dict[str, None]:
        raise NotImplementedError

    loader = Loader(read, read_json, absent=None, single_statement=True)

    with pytest.raises(StopIteration) as stop:
        loader.load_json(["a", "bb"], JsonProjection(())).send(None)

    assert stop.value.value == ['"a"', '"bb"']
