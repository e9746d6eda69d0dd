"""Writing GraphQL responses to HTTP."""

from typing import Any

from starlette.responses import Response as HttpResponse

from schema.encoding import encode
from schema.execute import Response
from server.requests import GRAPHQL_RESPONSE, JSON, RequestRefused

_CONTENT_TYPES = {
    media_type: f"{media_type}; charset=utf-8".encode() for media_type in (JSON, GRAPHQL_RESPONSE)
}


class JsonResponse(HttpResponse):
    """One whose headers are encoded already."""

    body: bytes

    def __init__(self, body: Any, status: int, media_type: str, request_id: str) -> None:
        self.body = encode(body)
        self.status_code = status
        self.background = None
        self.raw_headers = [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", _CONTENT_TYPES[media_type]),
            (b"vary", b"Accept"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-request-id", request_id.encode("ascii")),
        ]


def answer(response: Response, media_type: str, request_id: str) -> JsonResponse:
    """With `application/json`, clients expect 200 whatever the GraphQL response says."""
    is_refusal = response.is_refused and media_type == GRAPHQL_RESPONSE
    return JsonResponse(response.as_json(), 400 if is_refusal else 200, media_type, request_id)


def refuse(refusal: RequestRefused, request_id: str, media_type: str = JSON) -> JsonResponse:
    body = {"errors": [refusal_error(refusal)]}
    response = JsonResponse(body, refusal.status, media_type, request_id)
    response.headers.update(refusal.headers)
    return response


def refusal_error(refusal: RequestRefused) -> dict[str, Any]:
    return {"message": refusal.message, "extensions": {"code": refusal.code}}
