"""Many documents, each as heavy as the limits allow, are kept within the setting."""

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest
from graphql import Token

from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.support.serving import serving
from tests.support.sockets import connected
from tests.support.weighing import weight_of

CACHE_BYTES = 20 * 1024 * 1024

DRAFT = "id draftId strategyId title body revision createdAt"


def heavy(number: int) -> str:
    """Ninety aliases of five fragments within each other, with thousands of fields in all."""
    root = " ".join(
        f'd{number}a{alias}: draft(draftId: "draft-{alias}") {{ ...A }}' for alias in range(90)
    )
    return f"""{{ {root} }}
        fragment A on Draft {{ {DRAFT} strategyPlan {{ ...B }} campaign {{ ...C }} ...E }}
        fragment B on StrategyPlan {{ strategyId version revision brief {{ ...D }} }}
        fragment C on Campaign {{ campaignId name revision strategyPlan {{ ...B }} }}
        fragment D on Brief {{ briefId clientId stage revision }}
        fragment E on Draft {{ qcResult {{ resultId score draft {{ {DRAFT} }} }} }}"""


def nested(number: int) -> str:
    """Thirty aliases of lists within lists, with values of their own."""
    lists = " ".join(
        f'd{number}a{alias}: drafts(first: 1, filter: {{ title: {{ ne: "{alias}" }} }})'
        " { nodes { ...A } }"
        for alias in range(30)
    )
    return f"""{{ strategyPlans(first: 2) {{ nodes {{ {lists} }} }} }}
        fragment A on Draft {{ {DRAFT} campaign {{ campaignId name strategyPlan {{ ...B }} }} }}
        fragment B on StrategyPlan {{ strategyId version }}"""


def steered(number: int) -> str:
    """Each variable halves what is left, so there are as many plans as there are values."""
    variables = ", ".join(f"$v{place}: Boolean = true" for place in range(8))
    root = " ".join(
        f'd{number}a{alias}: draft(draftId: "draft-{alias}") @include(if: $v{alias % 8}) {{ ...A }}'
        for alias in range(90)
    )
    return f"query ({variables}) {{ {root} }} fragment A on Draft {{ {DRAFT} }}"


@pytest.fixture
async def stored(database: Database) -> Storage:
    storage = create_storage(PersistenceMode.DB, database)

    async def store(unit: UnitOfWork) -> None:
        await unit.briefs.save(build.brief("brief"))
        await unit.strategy_plans.save(build.plan("plan", brief_id="brief"))
        await unit.campaigns.save(build.campaign("campaign", strategy_id="plan"))
        for number in range(3):
            await unit.drafts.save(
                build.draft(f"draft-{number}", strategy_id="plan", campaign_id="campaign")
            )

    await storage.as_(build.caller()).write(store)
    return storage


@pytest.mark.parametrize("document", [heavy, nested, steered])
async def test_what_is_kept_of_many_heavy_documents_is_within_the_setting(
    stored: Storage, document: Callable[[int], str]
) -> None:
    async with serving(stored, cache_bytes=CACHE_BYTES) as served:
        cache = served.service.schema.documents._cache
        for number in range(15):
            variables = {f"v{place}": bool(number >> place & 1) for place in range(8)}
            response = await served.api.send(document(number), variables)
            assert "errors" not in response

            assert 0 < cache.weight <= CACHE_BYTES
        assert len(cache) > 1

        beside = [served.service.schema.graphql, served.service.schema.definition]
        assert 0.5 < cache.weight / weight_of(cache, beside=beside) < 2


async def test_plans_of_one_document_are_kept_within_the_setting(stored: Storage) -> None:
    """Variables may select what is planned in any number of ways."""
    async with serving(stored, cache_bytes=CACHE_BYTES) as served:
        cache = served.service.schema.documents._cache
        query = steered(0)
        for number in range(40):
            variables = {f"v{place}": bool(number >> place & 1) for place in range(8)}
            response = await served.api.send(query, variables)
            assert len(response["data"]) == sum(variables[f"v{alias % 8}"] for alias in range(90))

            assert 0 < cache.weight <= CACHE_BYTES


async def test_documents_of_too_many_fields_are_refused_before_they_are_checked(
    stored: Storage,
) -> None:
    async with serving(stored) as served:
        more = heavy(0).replace("fragment E on Draft {", "fragment E on Draft { ...F strategyId")
        more += " fragment F on Draft { strategyPlan { ...B } nothing }"
        more = more.replace("{ ...B }", "{ ...B ...G }")
        more += f" fragment G on StrategyPlan {{ {'executiveSummary ' * 40} }}"

        response = await served.api.send(more)

        [error] = response["errors"]
        assert error["extensions"]["limit"] == "fields"
        assert error["extensions"]["amount"] > error["extensions"]["allowed"] == 5_000
        assert len(served.service.schema.documents._cache) == 0


async def test_what_is_not_kept_any_more_is_not_left_to_the_collector(stored: Storage) -> None:
    async with serving(stored, cache_bytes=CACHE_BYTES) as served:
        cache = served.service.schema.documents._cache
        await served.api.send(heavy(0), {})
        gc.collect()
        gc.disable()
        try:
            before = sum(isinstance(each, Token) for each in gc.get_objects())
            cache.drop(heavy(0))
            after = sum(isinstance(each, Token) for each in gc.get_objects())
        finally:
            gc.enable()

        assert before - after > 500


async def test_others_have_their_turns_while_a_large_document_is_prepared(
    stored: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way it comes; what is wrong with one is told as ever."""
    async with serving(stored) as served:
        documents = served.service.schema.documents
        loop_thread, threads = threading.get_ident(), list[int]()
        parse_and_validate = documents._parse_and_validate

        def noted(text: str) -> Any:
            threads.append(threading.get_ident())
            return parse_and_validate(text)

        monkeypatch.setattr(documents, "_parse_and_validate", noted)
        broken = heavy(1).replace("executiveSummary", "title").replace("revision", "nothing")

        first = await served.api.send(heavy(0))
        again = await served.api.send(heavy(0))
        wrong = await served.api.send(broken)
        assert await served.api.ask("{ __typename }")
        async with connected(served.socket_url) as socket:
            await socket.subscribe("1", heavy(2))
            told = (await socket.next())["payload"]

        assert first == again
        assert "errors" not in first
        assert "errors" not in told
        codes = {error["extensions"]["code"] for error in wrong["errors"]}
        assert codes == {"GRAPHQL_VALIDATION_FAILED"}
        assert [thread == loop_thread for thread in threads] == [False, False, True, False]


async def test_a_large_document_that_two_ask_for_at_once_is_kept_once(
    stored: Storage,
) -> None:
    async with serving(stored) as served:
        responses = await asyncio.gather(*(served.api.send(heavy(0)) for _ in range(2)))

        assert responses[0] == responses[1]
        assert "errors" not in responses[0]
        assert len(served.service.schema.documents._cache) == 1
