"""Downloads: the bytes of files, by signed addresses.

What could run in a browser comes as a mere download, and whatever a browser shows is in a sandbox
without an origin: pages of ours can't be reached by it.
"""

import base64
from datetime import timedelta

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from domain.errors import DomainError, NotAllowed
from files.names import content_disposition, is_inline, served_type
from files.service import Files, is_local
from files.signing import DownloadAddress, Expired, NotSigned
from files.store import ContentMissing, FileStoreError, content_key
from repositories.deadlines import set_deadline
from server.file_responses import SAFE, FileResponse, StreamedResponse, file_headers
from server.ranges import Selected, select
from server.requests import HttpRequest, RequestRefused
from server.responses import refuse
from server.service import Service
from server.uploads import expired, not_signed, unavailable


class DownloadEndpoint:
    """Answers GET and HEAD requests to the signed address of a file."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = scope["app"].state.service
        request = HttpRequest(scope, receive)
        try:
            response = await _respond(service, request)
        except RequestRefused as refusal:
            response = refuse(refusal, request.id)
        except ContentMissing:
            response = refuse(RequestRefused(404, "This file isn't kept any more."), request.id)
        except FileStoreError as error:
            response = refuse(unavailable(error), request.id)
        await response(scope, receive, send)


class FileEndpoint:
    """Leads whoever may have a file to a signed address, by the file's id: `/files/{fileId}`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = scope["app"].state.service
        request = HttpRequest(scope, receive)
        try:
            response = await _lead(service, request)
        except RequestRefused as refusal:
            response = refuse(refusal, request.id)
        except NotAllowed as error:
            response = refuse(RequestRefused(403, str(error), code="FORBIDDEN"), request.id)
        except DomainError as error:
            response = refuse(unavailable(error), request.id)
        await response(scope, receive, send)


async def _lead(service: Service, request: HttpRequest) -> HttpResponse:
    """Raises RequestRefused, DomainError."""
    # Without credentials the operator of this machine asks, or a page that its browser shows.
    service.require_allowed_origin(request.scope)
    caller = await service.caller_of(request)
    files = service.files
    found = None
    if files is not None:
        set_deadline(service.execution_seconds)
        found = await files.find(caller, request.scope["path_params"]["file_id"])
    if files is None or found is None:
        raise RequestRefused(404, "There is no such file.")
    url = files.signer.sign_download(
        found.file_id,
        sha256=found.sha256,
        name=found.name,
        media_type=found.media_type,
        size=found.size,
        expires_at=files.clock() + timedelta(seconds=files.limits.download_seconds),
        base=service.addresses.base_of(request.scope),
    )
    headers = {"Cache-Control": "no-store", "Location": url, "X-Request-Id": request.id}
    return HttpResponse(status_code=307, headers=headers)


async def _respond(service: Service, request: HttpRequest) -> HttpResponse:
    """Raises RequestRefused, FileStoreError."""
    files = service.files
    address = _address_of(files, request)
    assert files is not None
    await service.rate_limits.count_signed(request.query_string()["signature"])
    if (url := await files.bucket_url(address)) is not None:
        # The bucket's address ends when this one does: nobody has to remember it.
        headers = {"Cache-Control": "no-store", "Location": url, "X-Request-Id": request.id}
        return HttpResponse(status_code=307, headers={**headers, **SAFE})
    etag = f'"{address.sha256}"'
    selected = select(request.headers, etag, address.size)
    headers = _headers(address, etag, selected, files, request.id)
    if selected.status not in (200, 206):
        return HttpResponse(status_code=selected.status, headers=headers)
    store, key = files.store, content_key(address.sha256)
    if request.method == "HEAD":
        if await store.stat(key) is None:
            raise ContentMissing
        return HttpResponse(status_code=selected.status, headers=headers)
    if is_local(store) and request.http_cycle is not None:
        file = await store.open_content(key)
        return FileResponse(
            store, file, request.http_cycle, selected, headers, service.write_seconds
        )
    content = store.read(key, selected.start, selected.stop)
    first = await anext(content, b"")  # before the status is sent: it may be missing
    return StreamedResponse(first, content, selected, headers, request)


def _address_of(files: Files | None, request: HttpRequest) -> DownloadAddress:
    """What the address of the request says. Raises RequestRefused."""
    if files is None:
        raise RequestRefused(404, "Not Found")
    parameters = request.scope["path_params"]
    try:
        return files.signer.read_download(
            parameters["file_id"], parameters["name"], request.query_string()
        )
    except NotSigned:
        raise not_signed() from None
    except Expired:
        raise expired() from None


def _headers(
    address: DownloadAddress, etag: str, selected: Selected, files: Files, request_id: str
) -> dict[str, str]:
    inline = is_inline(address.media_type)
    digest = base64.b64encode(bytes.fromhex(address.sha256)).decode()
    return file_headers(
        selected,
        etag,
        address.size,
        seconds_left=address.expires - files.clock().timestamp(),
        request_id=request_id,
        content={
            "Content-Disposition": content_disposition(address.name, inline=inline),
            "Content-Type": served_type(address.media_type),
            "Repr-Digest": f"sha-256=:{digest}:",
        },
    )
