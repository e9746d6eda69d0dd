"""docs/clients.md's development server, a real one, in front of ours."""

import asyncio
import os
import re
import socket
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.node import NODE, NODE_SETTINGS, NodeProject
from tests.support.patience import SECONDS
from tests.support.servers import IN_MEMORY, Server, running_server
from tests.support.sockets import connected, opened
from tests.tools import FOLDER

pytestmark = pytest.mark.timeout(300)

PAGE = (Path(__file__).parents[2] / "docs" / "clients.md").read_text("utf-8")
CONFIGS = dict(re.findall(r"^// (vite\S*\.js)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
IN_USE = b"already in use"
ASK = {"query": "{ __typename }"}


@cache
def vite() -> NodeProject:
    project = NodeProject(FOLDER / "vite")
    project.install()
    return project


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Trusts the proxies of this machine."""
    settings = {**IN_MEMORY, "AICMO_TRUSTED_PROXIES": "127.0.0.1"}
    with running_server(settings, tmp_path_factory.mktemp("vite") / "log") as server:
        yield server


@asynccontextmanager
async def developing(config: str, server: Server, folder: Path) -> AsyncIterator[str]:
    """The origin of a page that Vite serves with this configuration."""
    config = config.replace("http://127.0.0.1:8000", server.url)
    (folder / "node_modules").symlink_to(vite().folder / "node_modules")
    told = IN_USE
    while IN_USE in told:
        # Its page has to know the port before, and somebody else may take it until it listens.
        with socket.create_server(("127.0.0.1", 0)) as free:
            origin = f"localhost:{free.getsockname()[1]}"
        (folder / "vite.config.js").write_text(config.replace("localhost:5173", origin))
        async with vite_process(folder, origin.rpartition(":")[2]) as process:
            told = await told_until(b"Local:", process)
            if b"Local:" in told:
                yield f"http://{origin}"
    assert b"Local:" in told, told.decode()


@asynccontextmanager
async def vite_process(folder: Path, port: str) -> AsyncIterator[Process]:
    script = vite().folder / "node_modules" / "vite" / "bin" / "vite.js"
    process = await asyncio.create_subprocess_exec(
        *(NODE, script, "--host", "127.0.0.1", "--port", port, "--strictPort"),
        cwd=folder,
        env=os.environ | NODE_SETTINGS | {"NO_COLOR": "1"},
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def told_until(words: bytes, process: Process) -> bytes:
    """The output of the process, up to the line with these words, or to its end."""
    assert process.stdout is not None
    told = b""
    async with asyncio.timeout(SECONDS):
        while words not in told and (line := await process.stdout.readline()):
            told += line
    return told


async def posted(origin: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30) as http:
        url = origin.replace("localhost", "127.0.0.1") + "/graphql"
        host = origin.removeprefix("http://")
        return await http.post(url, json=ASK, headers={"Origin": origin, "Host": host})


def socket_at(origin: str) -> str:
    return origin.replace("http", "ws") + "/graphql"


@pytest.mark.parametrize("name", CONFIGS)
async def test_a_page_asks_and_follows_through_its_development_server(
    server: Server, tmp_path: Path, name: str
) -> None:
    async with developing(CONFIGS[name], server, tmp_path) as origin:
        response = await posted(origin)
        assert response.json() == {"data": {"__typename": "Query"}}
        async with connected(socket_at(origin), origin=origin):
            pass
        with pytest.raises(InvalidStatus):
            async with opened(socket_at(origin), origin="http://evil.example"):
                pass


@pytest.mark.parametrize("option", ["", "xfwd: true,"], ids=["as it is", "xfwd"])
async def test_with_another_name_it_has_to_say_whose_page_it_is(
    server: Server, tmp_path: Path, option: str
) -> None:
    config = CONFIGS["vite.config.js"].replace("ws: true", f"{option} changeOrigin: true, ws: true")
    async with developing(config, server, tmp_path) as origin:
        assert (await posted(origin)).status_code == 200
        with pytest.raises(InvalidStatus):
            async with opened(socket_at(origin), origin=origin):
                pass


def test_both_configurations_are_there() -> None:
    assert list(CONFIGS) == ["vite.config.js", "vite.forwarding.config.js"]
