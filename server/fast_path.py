"""The short way of programs, past what Starlette does for pages and to find a route."""

from starlette.middleware.errors import ServerErrorMiddleware
from starlette.responses import Response as HttpResponse
from starlette.types import Send

from server.hosts import Hosts
from server.http import HttpEndpoint, mask_bug, masked
from server.requests import HttpRequest, RequestRefused
from server.responses import JsonResponse, refuse


class FastPath:
    """Answers what programs post to GraphQL as it's answered to all, but for CORS."""

    endpoint: HttpEndpoint
    """To be set before the first request."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    async def answer(self, request: HttpRequest, send: Send) -> None:
        response: HttpResponse
        try:
            self._hosts.require(request.scope)
            response = await self.endpoint.respond(request)
        except RequestRefused as refusal:
            response = refuse(refusal, request.id)
        except Exception as error:  # noqa: BLE001
            response = masked(error, request.id)
        if not _is_written(request, response):
            guarded = ServerErrorMiddleware(response, mask_bug)  # a stream may fail to begin
            await guarded(request.scope, request.receive, send)


def _is_written(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether it could be written at once, past `send`."""
    if request.exchange is None or not isinstance(response, JsonResponse):
        return False
    return request.exchange.answer(response.status_code, response.header_lines, response.body)
