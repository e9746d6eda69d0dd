"""Settings of a role or a database for its sessions change no result."""

from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
from sqlalchemy import make_url, text

from migrations.runner import upgrade
from repositories.criteria import Comparison, Operator
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.conftest import close_database
from tests.persistence.test_json import HOSTILE as TEXT
from tests.persistence.test_json import by_key, expected, whole
from tests.persistence.types_under_test import RESULT, TYPES_UNDER_TEST
from tests.support.pgbouncer import PROGRAM, pgbouncer
from tests.support.postgres_server import create_database, drop_database
from tests.support.tasks import together

HOSTILE = {
    "array_nulls": "off",
    "backslash_quote": "on",
    "bytea_output": "escape",
    "check_function_bodies": "off",
    "client_encoding": "LATIN1",
    "constraint_exclusion": "on",
    "datestyle": "SQL, DMY",
    "default_text_search_config": "pg_catalog.simple",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "serializable",
    "extra_float_digits": "-15",
    "intervalstyle": "iso_8601",
    "plan_cache_mode": "force_generic_plan",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "standard_conforming_strings": "off",
    "timezone": "Asia/Kathmandu",
    "transform_null_equals": "on",
    "xmlbinary": "hex",
    "xmloption": "document",
}
"""All that a session can be told of how it reads and writes values, each other than usual."""


@pytest.fixture(params=["direct", "pooler"])
async def database(request: pytest.FixtureRequest, postgres_url: str) -> AsyncIterator[Database]:
    """Set up and used by sessions that begin in a hostile way."""
    if request.param == "pooler" and PROGRAM is None:
        pytest.skip("needs Debian's pgbouncer")
    url = await create_database(postgres_url)
    await make_hostile(url)
    with ExitStack() as stack:
        if request.param == "pooler":
            pooler = make_url(stack.enter_context(pgbouncer(postgres_url)))
            by_pooler = pooler.set(database=make_url(url).database)
            url = by_pooler.update_query_dict({"pgbouncer": "true"}).render_as_string()
        database = open_database(url, pool_timeout=60)
        await upgrade(database)
        yield database
        await close_database(database)
    await drop_database(postgres_url, str(make_url(url)))


async def make_hostile(url: str) -> None:
    database = open_database(url)
    async with database.writers.begin() as connection:
        for name, value in HOSTILE.items():
            statement = f"ALTER DATABASE {make_url(url).database} SET {name} = '{value}'"
            await connection.execute(text(statement))
    await database.close()


@pytest.fixture
def repositories(database: Database) -> Repositories:
    return create_storage(PersistenceMode.DB, database).as_(build.caller())


async def test_results_are_the_usual_ones(repositories: Repositories) -> None:
    for entity_type in TYPES_UNDER_TEST:
        for record in (entity_type.record("key"), entity_type.record(TEXT)):
            key = entity_type.key_of(record)
            await entity_type.save(repositories, record)
            assert await entity_type.load(repositories, key) == record
            assert await by_key(repositories, entity_type, whole(record), key) == {
                key: expected(record)
            }


async def test_a_score_is_the_number_that_was_saved(repositories: Repositories) -> None:
    for score in (0.1 + 0.2, 1 / 3, 5e-324):
        result = build.result("key", score=score)
        await RESULT.save(repositories, result)

        found = await by_key(repositories, RESULT, whole(result), "key")

        assert found["key"]["its score"] == score
        async with repositories.read() as snapshot:
            assert await snapshot.qc_results.count(Comparison("score", Operator.EQ, score)) == 1


async def test_writers_of_the_same_key_wait_for_each_other(repositories: Repositories) -> None:
    writers = [RESULT.save(repositories, build.result("key")) for _ in range(16)]

    outcomes = await together(*writers)

    assert sorted(saved.revision for saved in outcomes) == [*range(1, 17)]
