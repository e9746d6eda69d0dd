"""Tokens that one process issues and revokes, and another one lets in and refuses."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.support.forked import ForkedProgram
from tests.support.patience import SECONDS
from tests.support.servers import environment, running_server, stored_in
from tests.support.sockets import FOLLOW, opened

PEPPERS = f"p1:{'a' * 32}"
ISSUE = ("create", "--kind", "user", "--name", "ada", "--scope", "delivery:read")
REFUSED_WITHIN = 2.0
ENDED_WITHIN = 5.0


def run_token(settings: Mapping[str, str], log: Path, *arguments: str) -> str:
    with ForkedProgram(["token", *arguments], environment(**settings), log) as program:
        printed = program.stdout.read()
        assert program.wait(SECONDS) == 0, log.read_text()
    return printed.strip()


async def test_a_token_that_another_process_revokes_is_refused_and_its_subscriptions_end(
    migrated_database_url: str, tmp_path: Path
) -> None:
    """The command line revokes it, which is another process than the server."""
    settings = {
        **stored_in(migrated_database_url),
        "AICMO_TOKEN_PEPPERS": PEPPERS,
        "AICMO_REQUIRE_AUTHENTICATION": "true",
    }
    loop = asyncio.get_running_loop()
    commands = tmp_path / "commands.log"
    secret = await asyncio.to_thread(run_token, settings, commands, *ISSUE)
    listed = await asyncio.to_thread(run_token, settings, commands, "list", "--json")
    token_id = json.loads(listed)["tokenId"]
    running = running_server(settings, tmp_path / "server.log")
    server = await asyncio.to_thread(running.__enter__)
    try:
        async with (
            httpx.AsyncClient(timeout=SECONDS) as http,
            opened(f"{server.url.replace('http', 'ws')}/graphql") as socket,
        ):

            async def status() -> int:
                response = await http.post(
                    server.graphql_url,
                    json={"query": "{ viewer { callerId } }"},
                    headers={"Authorization": f"Bearer {secret}"},
                )
                return response.status_code

            assert (await http.post(server.graphql_url, json={"query": "{ a }"})).status_code == 401
            assert await status() == 200
            await socket.init(Authorization=f"Bearer {secret}")
            await socket.subscribe("1", FOLLOW, key="a")
            await socket.is_served()
            following = http.stream(
                "POST",
                server.graphql_url,
                json={"query": FOLLOW, "variables": {"key": "a"}},
                headers={"Authorization": f"Bearer {secret}", "Accept": "text/event-stream"},
            )
            async with following as stream:
                chunks = stream.aiter_text()
                assert await anext(chunks)

                await asyncio.to_thread(run_token, settings, commands, "revoke", token_id)
                revoked = loop.time()
                while await status() != 401:
                    assert loop.time() - revoked < REFUSED_WITHIN
                assert await socket.closed() == (4403, "Forbidden")
                assert "event: complete" not in "".join([each async for each in chunks])
                assert loop.time() - revoked < ENDED_WITHIN
    finally:
        running.__exit__(None, None, None)
    log = (tmp_path / "server.log").read_text()
    assert secret not in log
    assert " ERROR " not in log
