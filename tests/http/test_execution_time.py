"""How long an operation may take, and what comes of it when time is over or its client gone."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url, text

from repositories.deadlines import set_deadline
from repositories.delivery.database import DatabasePackageRepository
from repositories.drivers.compiled import compile_statement
from repositories.drivers.engine import Database, open_database
from repositories.drivers.postgresql import PostgresStatement, PostgresTransaction
from repositories.factory import PersistenceMode, create_storage
from repositories.sql.session import DatabaseSession
from repositories.unit_of_work import Storage
from server.app import create_app
from server.listening import Listener, listening_sockets
from server.settings import load_settings
from tests import builders as build
from tests import inputs
from tests.conftest import close_database
from tests.http.conftest import Serve
from tests.support.forever import FOREVER
from tests.support.graphql import Json, mutation
from tests.support.patience import SECONDS
from tests.support.pauses import hold
from tests.support.pools import connections_in_use, held_connection
from tests.support.serving import Served, until
from tests.support.sockets import FOLLOW, connected, streamed
from tests.support.wire import head, wired

BRIEFLY = 0.05
"""Seconds; those who expect that it's not enough wait for as long."""

PACKAGE = '{ __typename deliveryPackage(packageId: "package-1") { packageId } }'
SAVE = mutation("saveDeliveryPackage")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url, pool_size=1)
    yield database
    await close_database(database)


@pytest.fixture
async def server(database: Database, serve: Serve) -> Served:
    """Has one connection, and all the time in the world."""
    return await serve_from(database, serve)


async def serve_from(database: Database, serve: Serve, seconds: float = 600) -> Served:
    storage = create_storage(PersistenceMode.DB, database)
    return await serve(storage, execution_seconds=seconds)


class Slow:
    """A method of packages whose work on the database never ends, until it's healed.

    Where there are `seconds`, they are all that is left when it begins.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        database: Database,
        name: str,
        *,
        seconds: float | None = None,
    ) -> None:
        self.began = asyncio.Event()
        self._healed = False
        method = getattr(DatabasePackageRepository, name)
        forever = text(FOREVER[database.url.get_backend_name()])
        statement = compile_statement(forever, is_sqlite=database.is_sqlite)

        async def slow(repository: Any, *arguments: Any, **options: Any) -> Any:
            if self._healed:
                return await method(repository, *arguments, **options)
            session: DatabaseSession = repository._session
            if not _is_one_statement(session):
                await method(repository, *arguments, **options)
            self.began.set()
            if seconds is not None:
                set_deadline(seconds)
            return await session.rows(statement)

        monkeypatch.setattr(DatabasePackageRepository, name, slow)

    def heal(self) -> None:
        self._healed = True


def _is_one_statement(session: DatabaseSession) -> bool:
    transaction = session._transaction
    if isinstance(transaction, PostgresTransaction):
        return transaction._opening is None
    return isinstance(transaction, PostgresStatement)


async def is_well(server: Served, database: Database, *, stored: bool = False) -> None:
    """Nothing is held, and the one connection serves the next."""
    await until(lambda: connections_in_use(database) == 0)
    response = await server.api.ask(PACKAGE)
    assert response["deliveryPackage"] == ({"packageId": "package-1"} if stored else None)
    saved = await server.api.do("saveDeliveryPackage", inputs.save_package())
    assert saved["revision"] == 1 + stored


async def no_statement_runs(database: Database) -> None:
    """On the server's side either."""
    await statements_run(database, 0)


async def statements_run(database: Database, count: int) -> None:
    """Wait until the server runs so many that never end."""
    if database.is_sqlite:
        return
    url = make_url(database.url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    async with asyncio.timeout(SECONDS):
        while count != await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' "
            "AND datname = current_database() AND pid <> pg_backend_pid()"
        ):
            pass
    await connection.close()


# Time is over


async def test_an_operation_has_as_much_time_as_the_settings_say(
    database: Database, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve_from(database, serve, seconds=BRIEFLY)
    # A connection that is opened only then may take all of the time, which is another error.
    async with server.service.storage.as_(build.caller()).read() as snapshot:
        await snapshot.events.last_position()
    Slow(monkeypatch, database, "json_by_key")
    Slow(monkeypatch, database, "save")

    read = await server.api.fail(PACKAGE)
    written = await server.api.fail(SAVE, input=inputs.save_package())

    assert (read["code"], written["code"]) == ("TIMEOUT", "TIMEOUT")


async def test_a_query_that_takes_too_long_is_answered_so(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, database, "json_by_key", seconds=BRIEFLY)

    response = await server.api.send(PACKAGE)

    [error] = response["errors"]
    assert error["extensions"]["code"] == "TIMEOUT"
    assert error["path"] == ["deliveryPackage"]
    assert response["data"] == {"__typename": "Query", "deliveryPackage": None}
    await no_statement_runs(database)
    slow.heal()
    await is_well(server, database)


async def test_a_mutation_that_takes_too_long_stores_nothing(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, database, "save", seconds=BRIEFLY)

    response = await server.api.send(SAVE, {"input": inputs.save_package()})

    [error] = response["errors"]
    assert error["extensions"]["code"] == "TIMEOUT"
    assert response["data"] == {"saveDeliveryPackage": None}
    await no_statement_runs(database)
    slow.heal()
    await is_well(server, database)


async def test_what_was_committed_before_is_answered(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, database, "save", seconds=BRIEFLY)
    query = """mutation($draft: SaveDraftInput!, $package: SaveDeliveryPackageInput!) {
        saveDraft(input: $draft) { draft { draftId } }
        saveDeliveryPackage(input: $package) { deliveryPackage { packageId } }
    }"""

    response = await server.api.send(
        query, {"draft": inputs.save_draft(), "package": inputs.save_package()}
    )

    [error] = response["errors"]
    assert error["path"] == ["saveDeliveryPackage"]
    assert error["extensions"]["code"] == "TIMEOUT"
    assert response["data"] == {
        "saveDraft": {"draft": {"draftId": "draft-1"}},
        "saveDeliveryPackage": None,
    }
    slow.heal()
    await is_well(server, database)
    assert (await server.api.ask("{ drafts { totalCount } }"))["drafts"]["totalCount"] == 1


async def test_who_waits_for_a_connection_waits_no_longer_than_that(
    database: Database, serve: Serve
) -> None:
    hasty = await serve_from(database, serve, seconds=BRIEFLY)
    async with held_connection(database):
        error = await hasty.api.fail(PACKAGE)

    assert error["code"] == "TIMEOUT"
    await is_well(await serve_from(database, serve), database)


async def test_who_finds_no_connection_is_told_so(
    database_url: str, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    database = open_database(database_url, pool_size=1, pool_timeout=BRIEFLY)
    server = await serve_from(database, serve)
    async with held_connection(database):
        error = await server.api.fail(PACKAGE)

    assert error["code"] == "UNAVAILABLE"
    await is_well(server, database)
    await close_database(database)
    caplog.clear()


async def test_an_event_that_takes_too_long_is_not_the_end_of_a_subscription(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", FOLLOW, key="package-1")
        await until(lambda: server.watched == 1)
        slow = Slow(monkeypatch, database, "get_many", seconds=BRIEFLY)
        await server.api.do("saveDeliveryPackage", inputs.save_package())
        payload = (await socket.next())["payload"]
        assert payload["errors"][0]["extensions"]["code"] == "TIMEOUT"
        assert payload["data"]["deliveryPackageChanged"]["kind"] == "SAVED"

        slow.heal()
        await server.api.do("saveDeliveryPackage", inputs.save_package())
        payload = (await socket.next())["payload"]
        assert payload["data"]["deliveryPackageChanged"]["deliveryPackage"]["revision"] == 2


# Somebody else has the lock


async def test_a_mutation_that_waits_too_long_for_a_lock_stores_nothing(
    postgresql_url: str, serve: Serve
) -> None:
    database = open_database(postgresql_url, pool_size=1)
    hasty = await serve_from(database, serve, seconds=BRIEFLY)
    other = await asyncpg.connect(postgresql_url)
    async with other.transaction():
        await other.execute("LOCK TABLE delivery_packages IN EXCLUSIVE MODE")

        error = await hasty.api.fail(SAVE, input=inputs.save_package())

    assert error["code"] == "TIMEOUT"
    await is_well(await serve_from(database, serve), database)
    await other.close()
    await close_database(database)


@contextmanager
def writer_elsewhere(url: str) -> Iterator[None]:
    """Another process that has begun to write to an SQLite database."""
    program = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("begun", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program, str(make_url(url).database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        yield
        process.communicate(timeout=SECONDS)


async def test_a_mutation_that_waits_too_long_for_another_process_stores_nothing(
    sqlite_url: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repositories.drivers.sqlite.BUSY_MILLISECONDS", 100)
    database = open_database(sqlite_url, pool_size=1)
    hasty = await serve_from(database, serve, seconds=BRIEFLY)
    server = await serve_from(database, serve)
    with writer_elsewhere(sqlite_url):
        error = await hasty.api.fail(SAVE, input=inputs.save_package())
        assert error["code"] == "TIMEOUT"

        assert await server.api.ask(PACKAGE) == {"__typename": "Query", "deliveryPackage": None}

    await is_well(server, database)
    await close_database(database)


async def test_health_does_not_wait_as_long_as_a_save_for_another_process(
    sqlite_url: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repositories.drivers.sqlite.BUSY_MILLISECONDS", 3_600_000)
    monkeypatch.setattr("repositories.factory.HEALTH_SECONDS", BRIEFLY)
    database = open_database(sqlite_url, pool_size=1)
    server = await serve_from(database, serve)
    with writer_elsewhere(sqlite_url):
        response = await server.http.get(f"http://{server.address}/health")
        assert response.status_code == 503

    await is_well(server, database)
    await close_database(database)


# The client is gone


@asynccontextmanager
async def sent(server: Served, query: str, variables: Json | None = None) -> AsyncIterator[None]:
    """A request whose client goes away without having waited for the response."""
    host, _, port = server.address.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"query": query, "variables": variables}).encode()
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    yield
    writer.transport.abort()


async def test_a_query_whose_client_is_gone_ends(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, database, "json_by_key")
    async with sent(server, PACKAGE):
        await slow.began.wait()
    await server.idle()

    await no_statement_runs(database)
    slow.heal()
    await is_well(server, database)


async def test_a_statement_is_ended_though_the_server_overlooked_it_at_first(
    postgresql_url: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process hadn't begun to read the statement when it was told to cancel it."""

    async def overlooked(*_: Any, **__: Any) -> None: ...

    monkeypatch.setattr("asyncpg.connect_utils._cancel", overlooked)
    monkeypatch.setattr("repositories.drivers.postgresql._SETTLING_SECONDS", 2 * BRIEFLY)
    database = open_database(postgresql_url, pool_size=1)
    server = await serve_from(database, serve)
    slow = Slow(monkeypatch, database, "json_by_key")
    async with sent(server, PACKAGE):
        await statements_run(database, 1)
    await server.idle()

    await no_statement_runs(database)
    slow.heal()
    await is_well(server, database)
    await close_database(database)


async def test_a_mutation_whose_client_is_gone_stores_nothing(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, database, "save")
    async with sent(server, SAVE, {"input": inputs.save_package()}):
        await slow.began.wait()
    await server.idle()

    await no_statement_runs(database)
    slow.heal()
    await is_well(server, database)


async def test_a_query_whose_stream_is_gone_ends(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(monkeypatch, database, "json_by_key")
    async with streamed(server.http, server.url, PACKAGE):
        await slow.began.wait()
    await server.idle()

    slow.heal()
    await is_well(server, database)


@pytest.mark.parametrize("vanishes", [True, False])
async def test_a_mutation_that_its_socket_does_not_await_any_more_stores_nothing(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch, vanishes: bool
) -> None:
    slow = Slow(monkeypatch, database, "save")
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", SAVE, input=inputs.save_package())
        await slow.began.wait()
        if vanishes:
            socket.vanish()
        else:
            await socket.complete("1")
            await until(lambda: server.service.pending.in_use == 0)
            await socket.is_served()

    slow.heal()
    await is_well(server, database)


# The commit has begun


async def test_a_commit_that_has_begun_in_time_is_answered_whenever_it_ends(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    method = DatabasePackageRepository.save

    async def save_at_the_last_moment(repository: Any, *arguments: Any) -> Any:
        result = await method(repository, *arguments)
        set_deadline(0)
        return result

    monkeypatch.setattr(DatabasePackageRepository, "save", save_at_the_last_moment)

    saved = await server.api.do("saveDeliveryPackage", inputs.save_package())

    assert saved["revision"] == 1
    await is_well(server, database, stored=True)


async def test_a_commit_that_has_begun_is_carried_through_though_the_client_is_gone(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hold(monkeypatch, type(database.transaction(single_statement=True)), "commit")
    async with sent(server, SAVE, {"input": inputs.save_package()}):
        await commit.reached.wait()
    await until(lambda: not any_from_clients(server))
    commit.over.set()
    await server.idle()

    await is_well(server, database, stored=True)


def any_from_clients(server: Served) -> bool:
    return bool(server.state.connections)


async def test_a_committed_mutation_that_was_completed_says_nothing_under_its_id(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client may use the id for another operation meanwhile."""
    commit = hold(monkeypatch, type(database.transaction(single_statement=True)), "commit")
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", SAVE, input=inputs.save_package())
        await commit.reached.wait()
        await socket.complete("1")
        await socket.subscribe("1", FOLLOW, key="package-1")
        commit.over.set()
        await until(lambda: server.watched == 1)
        await server.api.do("deleteDeliveryPackage", {"packageId": "package-1"})

        told = None
        while told != "DELETED":
            told = (await socket.next())["payload"]["data"]["deliveryPackageChanged"]["kind"]
        await socket.is_served()


async def test_a_socket_that_vanishes_leaves_its_commit_to_be_carried_through(
    server: Served, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hold(monkeypatch, type(database.transaction(single_statement=True)), "commit")
    async with connected(server.socket_url) as socket:
        await socket.subscribe("1", SAVE, input=inputs.save_package())
        await commit.reached.wait()
        socket.vanish()
        await until(lambda: not any_from_clients(server))
        commit.over.set()
        await server.idle()

    await is_well(server, database, stored=True)


# The server stops


@pytest.mark.parametrize("accepted", ["application/json", "text/event-stream"])
async def test_what_is_not_waited_for_gives_its_connection_back_before_storage_is_closed(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    accepted: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = Slow(monkeypatch, database, "json_by_key")
    in_use: list[int] = []

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Storage]:
        yield create_storage(PersistenceMode.DB, database)
        in_use.append(connections_in_use(database))

    settings = load_settings(port=0)
    listener = Listener(create_app(settings, open_storage=opened), settings, shutdown_seconds=1)
    listener.config.load()
    listener.lifespan = listener.config.lifespan_class(listener.config)
    [listening] = sockets = listening_sockets(settings)
    await listener.startup(sockets)
    host, port = listening.getsockname()
    async with wired(f"{host}:{port}") as wire:
        body = json.dumps({"query": PACKAGE}).encode()
        await wire.send(head(len(body), f"Accept: {accepted}"), body)
        await slow.began.wait()
        await listener.shutdown(sockets)

    assert in_use == [0]
    await no_statement_runs(database)
    caplog.clear()
