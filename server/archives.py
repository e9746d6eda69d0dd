"""Archives of delivery packages, by signed addresses.

Where every byte is, is known before any is sent. So ranges, conditions and lengths are answered as
those of files, though no archive is kept anywhere.
"""

from typing import Final

from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from domain.errors import DomainError, NotFound, StateRemoved
from files.names import content_disposition
from files.service import Files
from files.signing import ArchiveAddress, Expired, NotSigned
from files.store import ContentMissing, FileStoreError
from schema.errors import TopLevelCode
from server.file_responses import StreamedResponse, file_headers
from server.ranges import select
from server.requests import HttpRequest, RequestRefused
from server.responses import refuse
from server.service import Service
from server.uploads import expired, not_signed, unavailable

_MEDIA_TYPE: Final = "application/zip"


class ArchiveEndpoint:
    """Answers GET and HEAD requests to the signed address of an archive."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = HttpRequest(scope, receive)
        try:
            response = await _respond(scope["app"].state.service, request)
        except (DomainError, FileStoreError, RequestRefused) as error:
            response = refuse(_refusal_of(error), request.id)
        await response(scope, receive, send)


def _refusal_of(error: Exception) -> RequestRefused:
    match error:
        case RequestRefused():
            return error
        case NotFound():
            return RequestRefused(404, "There is no such version of a delivery package.")
        case ContentMissing():
            return RequestRefused(404, "A file of this version isn't kept any more.")
        case StateRemoved():
            code = TopLevelCode.STATE_EXPIRED
            return RequestRefused(410, "This version was removed from the log.", code=code)
    return unavailable(error)


async def _respond(service: Service, request: HttpRequest) -> HttpResponse:
    """Raises RequestRefused, FileStoreError, DomainError."""
    address = _address_of(service.files, request)
    assert service.files is not None
    assert service.archives is not None
    await service.rate_limits.count_signed(request.query_string()["signature"])
    archive = await service.archives.archive_of(address)
    etag = f'"{archive.tag}"'
    selected = select(request.headers, etag, archive.size)
    headers = file_headers(
        selected,
        etag,
        archive.size,
        seconds_left=address.expires - service.files.clock().timestamp(),
        request_id=request.id,
        content={
            "Content-Disposition": content_disposition(address.name, inline=False),
            "Content-Type": _MEDIA_TYPE,
        },
    )
    if selected.status not in (200, 206):
        return HttpResponse(status_code=selected.status, headers=headers)
    store = service.files.store
    await archive.require_first(store, selected.start, selected.stop)
    if request.method == "HEAD":
        return HttpResponse(status_code=selected.status, headers=headers)
    content = archive.read(store, selected.start, selected.stop)
    return StreamedResponse(await anext(content), content, selected, headers, request)


def _address_of(files: Files | None, request: HttpRequest) -> ArchiveAddress:
    """What the address of the request says. Raises RequestRefused."""
    if files is None:
        raise RequestRefused(404, "Not Found")
    name = request.scope["path_params"]["name"]
    try:
        return files.signer.read_archive(name, request.query_string())
    except NotSigned:
        raise not_signed() from None
    except Expired:
        raise expired() from None
