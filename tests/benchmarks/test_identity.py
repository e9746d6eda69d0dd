"""A server that isn't what its name says stops the benchmarks, and is named."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psutil
import pytest
from graphql import Executor

from benchmarks.contenders import Contender, Running, aicmo
from benchmarks.databases import Database, Kind
from benchmarks.identity import WrongContender, require_plans
from benchmarks.measuring import Measuring, Plan
from benchmarks.scenarios import Scenario, chain, events, scenarios
from benchmarks.servers.serving import COUNTS, GRAPHQL_CORE, count_graphql_core, counts
from benchmarks.servers.uncompiled import GraphqlCore
from repositories.factory import PersistenceMode, create_storage
from schema.root import create_schema
from tests.support.graphql import InProcess

ALL = (*scenarios(100), chain(), events(100))
QUERY = Scenario("small", "title", "query Q { field }", ({},), lambda data: None)


@asynccontextmanager
async def counting(each: int) -> AsyncIterator[str]:
    """The address of a server that counts so many of its "calls" for each request."""
    calls = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(f"GET {COUNTS} ".encode()):
            body = json.dumps({"calls": calls})
        else:
            calls += each
            body = '{"data":{"field":1}}'
        length = f"Content-Length: {len(body)}\r\nConnection: close"
        writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"


def running(address: str, contender: Contender) -> Measuring:
    plan = Plan((QUERY,), (1,), 1, 0.1)
    return Measuring(plan, [(contender, Running(address, psutil.Process()))])


def contender(counted: str | None) -> Contender:
    database = Database(Kind.SQLITE, "sqlite:///none.db", 100)
    return Contender("fast server", database, aicmo, counted=counted)


async def test_a_server_that_does_once_what_it_is_named_for_is_measured() -> None:
    async with counting(1) as address:
        await running(address, contender("calls")).check(agreeing=False)


@pytest.mark.parametrize("each", [0, 2])
async def test_a_server_that_does_it_not_once_is_named(each: int) -> None:
    told = f"fast server on SQLite, small: for 3 requests there were {3 * each} calls"

    async with counting(each) as address:
        with pytest.raises(WrongContender, match=told):
            await running(address, contender("calls")).check(agreeing=False)


async def test_the_server_that_is_not_compiled_runs_all_by_graphql_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Executor, "execute_operation", Executor.execute_operation)
    count_graphql_core()
    schema = create_schema()
    uncompiled = replace(schema, engine=GraphqlCore(schema.graphql))

    for number, scenario in enumerate(ALL):
        for compiled in (schema, uncompiled):
            client = InProcess(compiled, create_storage(PersistenceMode.INMEMORY))
            before = counts[GRAPHQL_CORE]
            await client.send(scenario.query, scenario.variables[0])
            assert counts[GRAPHQL_CORE] - before == (compiled is uncompiled)
        assert uncompiled.engine.counts.by_graphql_core == number + 1


async def test_ours_runs_all_by_plans() -> None:
    await require_plans(create_schema(), ALL)


async def test_it_is_told_when_ours_does_not_run_by_plans() -> None:
    schema = create_schema()

    with pytest.raises(WrongContender, match="AICMO, list: it wasn't run by a plan"):
        await require_plans(replace(schema, engine=GraphqlCore(schema.graphql)), ALL)


async def test_a_build_that_may_lack_a_scenario_is_left_out_of_it() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = '{"errors":[{"message":"too costly"}]}'
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"
        older = running(address, replace(contender(None), may_lack=True))
        await older.check(agreeing=False)

        assert await older.run(lambda done, total: None) == {}
