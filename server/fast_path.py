"""The fast path of POST requests without an Origin, past Starlette's middleware and routing."""

from starlette.middleware.errors import ServerErrorMiddleware
from starlette.responses import Response as HttpResponse
from starlette.types import Send

from server.hosts import Hosts
from server.http import HttpEndpoint, mask_bug, masked
from server.requests import HttpRequest, RequestRefused
from server.responses import JsonResponse, refuse


class FastPath:
    """Answers POST requests to GraphQL like the endpoint behind Starlette, without CORS."""

    endpoint: HttpEndpoint
    """The composition root sets it before the first request."""

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
        if not _is_sent(request, response):
            guarded = ServerErrorMiddleware(response, mask_bug)  # a stream may fail to begin
            await guarded(request.scope, request.receive, send)


def _is_sent(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the response could be sent directly, past `send`."""
    if request.http_cycle is None or not isinstance(response, JsonResponse):
        return False
    return request.http_cycle.send_response(
        response.status_code, response.header_lines, response.body
    )
