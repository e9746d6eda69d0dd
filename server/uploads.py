"""Uploads to this server: `PUT` sends the bytes, `HEAD` tells how many have come.

Whoever has the signed address may send them, whole or in parts. A part says its place by
`Content-Range` (RFC 9110, section 14.5); while parts are missing the answer has status 308, as
that of Google's resumable uploads, whose clients work here.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from domain.errors import DomainError
from files.limits import FileLimits
from files.service import Files, appends
from files.signing import Expired, NotSigned, UploadAddress
from files.store import FileStore, FileStoreError, TooLong, WrongOffset, upload_key
from repositories.deadlines import set_deadline
from schema.errors import TopLevelCode
from server.memory_budget import MemoryBudget
from server.requests import HttpRequest, RequestRefused
from server.responses import refuse

MIN_RATE: Final = 16 * 1024
"""How many bytes a client has to send in a second, on average, beyond its pauses."""
_HELD_BYTES: Final = 1536 * 1024
"""The memory that an upload takes: what is being read, and what is being written."""
_HELD_FOR_A_BUCKET: Final = 48 * 1024 * 1024
_LENGTH: Final = re.compile(r"[0-9]{1,16}")
_CONTENT_RANGE: Final = re.compile(
    r"bytes (?:([0-9]{1,16})-([0-9]{1,16})|\*)/([0-9]{1,16}|\*)", re.IGNORECASE
)


class UploadEndpoint:
    """Answers requests to the address of an upload."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = scope["app"].state.service
        request = HttpRequest(scope, receive)
        try:
            set_deadline(service.execution_seconds)  # whether an upload is open, the database says
            response = await _respond(service.files, request, service.pending)
        except RequestRefused as refusal:
            response = refuse(refusal, request.id)
        except DomainError as error:
            response = refuse(unavailable(error), request.id)
        await response(scope, receive, send)


async def _respond(files: Files | None, request: HttpRequest, budget: MemoryBudget) -> HttpResponse:
    address = read_upload(files, request)
    assert files is not None
    if not await files.is_open(address.upload_id):
        raise RequestRefused(409, "This upload has ended.")
    try:
        if request.method == "HEAD":
            return await _told(files.store, address, request.id)
        part = _part_of(request, address)
        if part is None:
            return await _told(files.store, address, request.id, status=308)
        with budget.share() as share:
            share.grow(_HELD_BYTES if appends(files.store) else _HELD_FOR_A_BUCKET)
            received = await _receive(files, request, address, part)
    except FileStoreError as error:
        raise unavailable(error) from None
    if received == address.size:
        return HttpResponse(headers=_headers(received, address, request.id))
    if part.is_whole:
        raise RequestRefused(
            400, f"{received:,} of {address.size:,} bytes came: go on from there, or begin anew."
        )
    return HttpResponse(status_code=308, headers=_headers(received, address, request.id))


def read_upload(files: Files | None, request: HttpRequest) -> UploadAddress:
    """What the address of the request says. Raises RequestRefused."""
    if files is None:
        raise RequestRefused(404, "Not Found")
    try:
        id = request.scope["path_params"]["upload_id"]
        return files.signer.read_upload(id, request.query_string())
    except NotSigned:
        raise not_signed() from None
    except Expired:
        raise expired() from None


def not_signed() -> RequestRefused:
    return RequestRefused(403, "This address isn't signed by this server.", code="FORBIDDEN")


def expired() -> RequestRefused:
    return RequestRefused(
        403, "The time of this address is over: ask for a new one.", code="FORBIDDEN"
    )


def unavailable(error: Exception) -> RequestRefused:
    return RequestRefused(
        503, str(error), code=TopLevelCode.UNAVAILABLE, headers={"Retry-After": "5"}
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """The bytes of an upload that one request sends."""

    start: int
    size: int | None
    """None: as many as come."""
    is_whole: bool
    """Whether the request says nothing of parts."""


def _part_of(request: HttpRequest, address: UploadAddress) -> _Part | None:
    """The part that the request sends; None: it only asks. Raises RequestRefused."""
    if request.header(b"content-encoding").lower() not in ("", "identity"):
        raise RequestRefused(415, "The body must not be compressed.")
    if request.header(b"transfer-encoding").lower() not in ("", "chunked"):
        raise RequestRefused(501, "The body must not be coded for its transfer but in chunks.")
    length = request.header(b"content-length")
    size = int(length) if _LENGTH.fullmatch(length) else None
    if (given := request.header(b"content-range")) == "":
        if size is not None and size != address.size:
            raise RequestRefused(
                400, f"The body has {size:,} bytes, and {address.size:,} were announced."
            )
        return _Part(0, size, is_whole=True)
    found = _CONTENT_RANGE.fullmatch(given)
    if found is None or found[3] not in ("*", str(address.size)):
        raise RequestRefused(
            400,
            f"Content-Range: must be bytes FIRST-LAST/{address.size}, or bytes */{address.size}.",
        )
    if found[1] is None:
        if size:
            raise RequestRefused(400, "Content-Range: names no bytes, but some are sent.")
        return None
    first, last = int(found[1]), int(found[2])
    if not first <= last < address.size:
        raise RequestRefused(400, "Content-Range: is beyond what was announced.")
    if size is not None and size != last - first + 1:
        raise RequestRefused(400, "Content-Range: doesn't fit Content-Length.")
    return _Part(first, last - first + 1, is_whole=False)


async def _receive(files: Files, request: HttpRequest, address: UploadAddress, part: _Part) -> int:
    """Store the part; how many bytes there are then. Raises RequestRefused, FileStoreError."""
    store, key = files.store, upload_key(address.upload_id)
    body = _body(request, files.limits, part)
    try:
        async with asyncio.timeout(files.limits.upload_seconds):
            if appends(store):
                return await store.append(key, part.start, body, address.size)
            if not part.is_whole:
                raise RequestRefused(400, "Content-Range: here uploads have to be sent whole.")
            if not await store.put_if_absent(key, _exactly(address.size, body)):
                raise RequestRefused(409, "All bytes were received before.")
            return address.size
    except WrongOffset as wrong:
        if wrong.size == address.size:
            raise RequestRefused(409, "All bytes were received before.") from None
        raise RequestRefused(
            409,
            f"The next part has to begin at {wrong.size}.",
            headers=_headers(wrong.size, address, request.id),
        ) from None
    except TooLong:
        raise RequestRefused(
            413, f"More than the {address.size:,} bytes came that were announced."
        ) from None
    except TimeoutError:
        raise _too_slow() from None


async def _body(request: HttpRequest, limits: FileLimits, part: _Part) -> AsyncIterator[bytes]:
    """The bytes as they come. Raises RequestRefused where the client is too slow, or leaves."""
    loop = asyncio.get_running_loop()
    waited, size = 0.0, 0
    more = True
    while more:
        began = loop.time()
        try:
            async with asyncio.timeout(limits.pause_seconds):
                message = await request.receive()
        except TimeoutError:
            raise _too_slow() from None
        waited += loop.time() - began
        if message["type"] == "http.disconnect":
            raise RequestRefused(499, "The client disconnected.")
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if part.size is not None and not part.is_whole and size > part.size:
            raise RequestRefused(400, "More bytes came than Content-Range names.")
        if chunk:
            yield chunk
        if size < MIN_RATE * (waited - limits.pause_seconds):
            raise _too_slow()


async def _exactly(size: int, content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same content, unless it's longer or shorter."""
    left = size
    async for part in content:
        left -= len(part)
        if left < 0:
            raise TooLong
        yield part
    if left:
        raise RequestRefused(400, f"{size - left:,} of {size:,} bytes came.")


async def _told(
    store: FileStore, address: UploadAddress, request_id: str, *, status: int = 200
) -> HttpResponse:
    """How much of the upload has come."""
    found = await store.stat(upload_key(address.upload_id))
    size = 0 if found is None else found.size
    if size == address.size:
        status = 200
    return HttpResponse(status_code=status, headers=_headers(size, address, request_id))


def _headers(received: int, address: UploadAddress, request_id: str) -> dict[str, str]:
    """How much has come: as in Google's resumable uploads, and as in the IETF's draft."""
    headers = {
        "Cache-Control": "no-store",
        "Upload-Length": str(address.size),
        "Upload-Offset": str(received),
        "X-Request-Id": request_id,
    }
    if received:
        headers["Range"] = f"bytes=0-{received - 1}"
    return headers


def _too_slow() -> RequestRefused:
    return RequestRefused(408, "The body came too slowly.", code=TopLevelCode.LIMIT_EXCEEDED)
