"""URLs of PostgreSQL may have the forms of libpq, SQLAlchemy and providers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import make_url, text

from repositories.drivers.engine import DatabaseUrlError, database_url, open_database
from repositories.drivers.postgresql_connector import KeepAlive
from repositories.drivers.postgresql_url import make_database_url, postgres_url

START = "postgresql://user:s3cret"

NEON = (
    f"{START}@ep-cool-1.eu-central-1.aws.neon.tech/neondb"
    "?sslmode=require&channel_binding=prefer&options=endpoint%3Dep-cool-1"
)
SUPABASE = f"{START}@aws-0-eu-central-1.pooler.supabase.com:5432/postgres?sslmode=verify-full"
RDS = (
    f"{START}@aicmo.c1.eu-central-1.rds.amazonaws.com:5432/aicmo"
    "?sslmode=verify-full&sslrootcert=/etc/global-bundle.pem&connect_timeout=5"
    "&keepalives=1&keepalives_idle=60&keepalives_interval=5&keepalives_count=4"
    "&tcp_user_timeout=20000&application_name=aicmo&target_session_attrs=read-write"
    "&gssencmode=disable"
)


@pytest.mark.parametrize("url", [NEON, SUPABASE, RDS])
def test_urls_of_providers_are_accepted(url: str) -> None:
    assert database_url(url).password == "s3cret"


def test_the_times_of_a_url_are_kept() -> None:
    understood = postgres_url(make_database_url(RDS))

    assert understood.connect_seconds == 5
    assert understood.keep_alive == KeepAlive(
        enabled=True, idle=60, interval=5, count=4, user_timeout=20
    )


@pytest.mark.parametrize(
    "url",
    [
        f"{START}@a:1,b:2/aicmo",
        f"{START}@/aicmo?host=a:1&host=b:2",
        f"{START}@/aicmo?host=a,b&port=1,2",
    ],
)
def test_several_hosts_are_understood_however_they_are_written(url: str) -> None:
    understood = database_url(url)

    assert (understood.query["host"], understood.query["port"]) == ("a,b", "1,2")
    assert (understood.username, understood.database) == ("user", "aicmo")
    assert "target_session_attrs=read-write" in str(understood.query["dsn"])


def test_hosts_without_a_port_have_the_usual_one() -> None:
    query = database_url(f"{START}@a,[::1]:2,b/aicmo?sslmode=disable").query

    assert (query["host"], query["port"]) == ("a,::1,b", "5432,2,5432")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("@a:1,b:x/aicmo", "port: 'x' is no port"),
        ("@a:1,b:99999/aicmo", "port: '99999' is no port"),
        ("@a,,b/aicmo", "host: one of several is empty"),
        ("@a:1:2,b/aicmo", "host: 'a:1:2' is no host"),
        ("@a:x/aicmo", "port: has to be a number"),
        ("@a,b/aicmo?host=c", "host: is given twice"),
        ("@/aicmo?host=a,b&port=1,2,3", "port: 3 ports for 2 hosts"),
        ("@/aicmo?host=a:1&host=b:2&port=3", "host, port: write"),
        ("@a/aicmo?target_session_attrs=standby", "target_session_attrs: this server writes"),
        ("@a/aicmo?target_session_attrs=writable", "target_session_attrs: .*any, primary, read-w"),
        ("@a/aicmo?connect_timeout=soon", "connect_timeout: 'soon' is no whole number"),
        ("@a/aicmo?channel_binding=require", "channel_binding: .*sslmode=verify-full"),
        ("@a/aicmo?gssencmode=require", "gssencmode: .*TLS only"),
        ("@a/aicmo?connection_limit=5", "connection_limit: .*Prisma.*AICMO_POOL_SIZE"),
        ("@a/aicmo?connection_limit=1", "connection_limit: .*AICMO_POOL_SIZE"),
        ("@a/aicmo?schema=sales", "schema: .*search_path"),
        ("@a/aicmo?hostaddr=10.0.0.1", "hostaddr: .*name the host"),
        ("@a/aicmo?nonsense=1", "nonsense: not supported for PostgreSQL"),
        ("@a/aicmo?connect_timeout=1&connect_timeout=2", "connect_timeout: is given twice"),
    ],
)
def test_what_a_url_may_not_say_is_told_in_a_line_by_its_name(url: str, told: str) -> None:
    with pytest.raises(DatabaseUrlError, match=told) as raised:
        open_database(START + url)

    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


# Connecting


def at(*addresses: Any, query: str = "") -> str:
    hosts = ",".join(f"{host}:{port}" for host, port in addresses)
    return f"postgresql://user@{hosts}/aicmo?sslmode=disable&connect_timeout=1{query}"


@asynccontextmanager
async def listening(
    respond: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[tuple[str, int]]:
    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await respond(writer)
        finally:
            writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()


async def test_a_host_that_never_answers_costs_its_own_time_only(postgresql_url: str) -> None:
    over = asyncio.Event()

    async def say_nothing(_: asyncio.StreamWriter) -> None:
        await over.wait()

    target = make_url(postgresql_url)
    there = target.query.get("host") or target.host
    async with listening(say_nothing) as (host, port):
        several = {"host": f"{host},{there}", "port": f"{port},{target.port or 5432}"}
        url = target.set(host=None, port=None, query=several | {"connect_timeout": "1"})
        database = open_database(url.render_as_string(hide_password=False))
        for _ in range(2):
            async with database.readers.connect() as connection:
                assert await connection.scalar(text("SELECT 1")) == 1
        await database.close()
        over.set()


async def test_when_no_host_will_do_each_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()
    database = open_database(at(nobody, nobody))

    with pytest.raises(ConnectionError) as raised:
        async with database.readers.connect():
            pass

    told = str(raised.value)
    assert told.count(f"127.0.0.1:{nobody[1]}: ") == 2
    assert "\n" not in told


async def test_connections_are_kept_alive() -> None:
    accepted = socket.create_server(("127.0.0.1", 0))
    with accepted, socket.create_connection(accepted.getsockname()) as connected:
        KeepAlive(idle=60, interval=5, count=4, user_timeout=20).apply(connected)

        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
