"""Responses with the bytes of files."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import Final

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from files.store import FileStoreError, LocalStore
from server.http_cycle import HttpCycle
from server.ranges import Selected
from server.requests import HttpRequest

SAFE: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # whoever has the address may have the file
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PART_BYTES: Final = 1024 * 1024

log = logging.getLogger("aicmo.files")


def file_headers(
    selected: Selected,
    etag: str,
    size: int,
    *,
    seconds_left: float,
    request_id: str,
    content: Mapping[str, str],
) -> dict[str, str]:
    """The headers of a response with bytes, of which `content` is for those with any.

    They are of so many bytes altogether, and the address ends in so many seconds.
    """
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, max-age={max(int(seconds_left), 0)}, immutable",
        "ETag": etag,
        "X-Request-Id": request_id,
        **SAFE,
    }
    match selected.status:
        case 200 | 206:
            headers |= {**content, "Content-Length": str(selected.length)}
            if selected.status == 206:
                headers["Content-Range"] = f"bytes {selected.start}-{selected.stop - 1}/{size}"
        case 416:
            headers |= {"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"}
        case 412:
            headers["Cache-Control"] = "no-store"
    return headers


class StreamedResponse(HttpResponse):
    """Content in parts, each sent when the client has read most of those before it.

    Where the store fails after the first part, the connection is closed: the client sees that the
    content isn't whole.
    """

    def __init__(
        self,
        first: bytes,
        rest: AsyncGenerator[bytes, None],
        selected: Selected,
        headers: Mapping[str, str],
        request: HttpRequest,
    ) -> None:
        super().__init__(status_code=selected.status, headers=headers)
        self._first = first
        self._rest = rest
        self._request = request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http_cycle = self._request.http_cycle
        start = {"status": self.status_code, "headers": self.raw_headers}
        try:
            async with aclosing(self._rest):
                await send({"type": "http.response.start", **start})
                part = self._first
                while part and not (http_cycle is not None and http_cycle.is_closed):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                    part = await anext(self._rest, b"")
        except FileStoreError as error:
            if http_cycle is None:
                raise
            log.warning("request %s: the response was cut off: %s", self._request.id, error)
            await http_cycle.abort()
            return
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
