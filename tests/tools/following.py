"""Clients that follow a package, as programs that print what they are told."""

import asyncio
import os
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.graphql import GraphQLClient, Json
from tests.support.node import NODE, NODE_SETTINGS
from tests.support.patience import SECONDS


@dataclass(frozen=True, slots=True)
class Follower:
    """A program that runs."""

    process: Process

    async def next(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode()

    async def first(self, api: GraphQLClient, package: Json) -> str:
        """The first line. No protocol says when a subscription has begun: save until it's seen."""
        line = asyncio.create_task(self.next())
        while not line.done():
            await api.do("saveDeliveryPackage", package)
            await asyncio.wait([line], timeout=0.2)
        return await line

    async def leave(self) -> int:
        """Its exit code, once its input has ended."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self.process.wait()


@asynccontextmanager
async def following(script: str | Path, *arguments: str, folder: Path) -> AsyncIterator[Follower]:
    """A script that Node runs in the folder."""
    process = await asyncio.create_subprocess_exec(
        NODE,
        script,
        *arguments,
        cwd=folder,
        env=os.environ | NODE_SETTINGS,
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        async with asyncio.timeout(SECONDS):
            yield Follower(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
