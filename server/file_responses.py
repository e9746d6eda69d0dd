"""Responses with the bytes of files."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Final

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from files.store import LocalStore
from server.http_cycle import HttpCycle
from server.ranges import Selected

_PART_BYTES: Final = 1024 * 1024


class StreamedResponse(HttpResponse):
    """Content in parts, each sent when the client has read most of those before it."""

    def __init__(
        self,
        first: bytes,
        rest: AsyncIterator[bytes],
        selected: Selected,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(status_code=selected.status, headers=headers)
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        part = self._first
        while part:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            part = await anext(self._rest, b"")
        await send({"type": "http.response.body", "body": b""})


class FileResponse(HttpResponse):
    """A part of a file, which the system sends: the bytes never are in this process's memory."""

    def __init__(
        self,
        store: LocalStore,
        file: int,
        http_cycle: HttpCycle,
        selected: Selected,
        headers: Mapping[str, str],
        write_seconds: float,
    ) -> None:
        """The response closes the file. A client may read nothing for `write_seconds`."""
        super().__init__(status_code=selected.status, headers=headers)
        self._store = store
        self._file = file
        self._http_cycle = http_cycle
        self._selected = selected
        self._write_seconds = write_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            is_whole = await self._http_cycle.drained() and await self._send_file()
        finally:
            os.close(self._file)
        if is_whole:
            self._http_cycle.note_sent(self._selected.length)
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._http_cycle.abort()

    async def _send_file(self) -> bool:
        """Whether all was sent."""
        # The loop lets nobody wait for a socket of its own transport, but for a copy of it.
        socket = os.dup(self._http_cycle.socket())
        try:
            return await self._send_to(socket)
        finally:
            os.close(socket)

    async def _send_to(self, socket: int) -> bool:
        """Whether all was sent."""
        at, stop = self._selected.start, self._selected.stop
        with suppress(OSError):  # the client has disconnected
            while at < stop and not self._http_cycle.is_closed:
                count = min(_PART_BYTES, stop - at)
                sent = await self._store.send_content(self._file, at, count, socket)
                if sent == 0:
                    return False
                at += sent or 0
                if (sent or 0) < count and at < stop:
                    await _writable(socket, self._write_seconds)
        return at == stop


async def _writable(socket: int, seconds: float) -> None:
    """Returns when the socket takes more. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    writable = loop.create_future()
    loop.add_writer(socket, _wake, writable)
    try:
        async with asyncio.timeout(seconds):
            await writable
    finally:
        loop.remove_writer(socket)


def _wake(writable: asyncio.Future[None]) -> None:
    if not writable.done():
        writable.set_result(None)
