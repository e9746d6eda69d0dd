"""GraphQL over HTTP: https://graphql.github.io/graphql-over-http/draft/"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import uuid4

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as HttpResponse

from repositories.unit_of_work import Repositories
from schema.context import Context
from schema.execute import NotAQuery, Operation, Response, execute
from schema.root import PipelineSchema
from server.graphiql import graphiql_page

log = logging.getLogger("aicmo.http")

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class RequestRefused(Exception):
    """The HTTP request is no GraphQL request that is answered here."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class GraphQLEndpoint:
    """`GET` runs queries and shows GraphiQL to browsers; `POST` runs queries and mutations."""

    schema: PipelineSchema
    repositories: Repositories
    max_body_bytes: int

    async def __call__(self, request: Request) -> HttpResponse:
        request_id = request_id_of(request)
        media_type = JSON
        try:
            if _wants_page(request):
                return graphiql_page()
            media_type = _negotiate(request.headers.get("accept"))
            operation = await self._operation(request)
            response = await execute(
                self.schema,
                operation,
                Context(self.repositories, request_id),
                queries_only=request.method == "GET",
            )
        except NotAQuery:
            refusal = RequestRefused(
                405, "BAD_USER_INPUT", "Only queries can be sent by GET.", {"Allow": "POST"}
            )
            return refusal_response(refusal, media_type, request_id)
        except RequestRefused as refusal:
            return refusal_response(refusal, media_type, request_id)
        return _response(response, media_type, request_id)

    async def _operation(self, request: Request) -> Operation:
        if request.method == "GET":
            return _from_query_string(request)
        return _from_body(request, await self._body(request))

    async def _body(self, request: Request) -> bytes:
        content_type = request.headers.get("content-type", "")
        if not _is_json(content_type):
            _refuse(415, "The body must be application/json, in UTF-8.", {"Accept-Post": JSON})
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            _refuse(415, "The body must not be compressed.")
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > self.max_body_bytes:
                    raise RequestRefused(
                        413,
                        "LIMIT_EXCEEDED",
                        f"The body may have at most {self.max_body_bytes:,} bytes.",
                        {"Connection": "close"},
                    )
        except ClientDisconnect:
            _refuse(400, "The body did not arrive whole.")
        return bytes(body)


def request_id_of(request: Request) -> str:
    """The id that the client gave, when it is harmless in a log; else a new one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def refusal_response(refusal: RequestRefused, media_type: str, request_id: str) -> HttpResponse:
    errors = [{"message": refusal.message, "extensions": {"code": refusal.code}}]
    return HttpResponse(
        encode({"errors": errors}),
        status_code=refusal.status,
        media_type=media_type,
        headers={"X-Request-Id": request_id, **(refusal.headers or {})},
    )


def encode(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # A message may quote a lone surrogate, which UTF-8 has no bytes for; JSON can escape it.
        return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def _response(response: Response, media_type: str, request_id: str) -> HttpResponse:
    refused = response.is_refused and media_type == GRAPHQL_RESPONSE
    return HttpResponse(
        encode(response.as_json()),
        status_code=400 if refused else 200,
        media_type=media_type,
        headers={"X-Request-Id": request_id, "Vary": "Accept"},
    )


def _refuse(status: int, message: str, headers: Mapping[str, str] | None = None) -> NoReturn:
    raise RequestRefused(status, "BAD_USER_INPUT", message, headers)


def _wants_page(request: Request) -> bool:
    accepted = request.headers.get("accept", "").lower()
    return (
        request.method == "GET" and "text/html" in accepted and "query" not in request.query_params
    )


def _negotiate(accept: str | None) -> str:
    """The media type to answer with: what the client asked for, application/json when in doubt."""
    if accept is None:
        return JSON
    accepted = [_media_range(part) for part in accept.split(",") if part.strip()]
    offered = {GRAPHQL_RESPONSE: 0.0, JSON: 0.0}
    for media_type in offered:
        kind = media_type.partition("/")[0]
        # The most specific range decides.
        for pattern in ("*/*", f"{kind}/*", media_type):
            for name, quality in accepted:
                if name == pattern:
                    offered[media_type] = quality
    best = JSON if offered[JSON] >= offered[GRAPHQL_RESPONSE] else GRAPHQL_RESPONSE
    named = [name for name, _ in accepted]
    if offered[GRAPHQL_RESPONSE] == offered[JSON] and GRAPHQL_RESPONSE in named:
        # Equally welcome: the one that says more, and that the client knows by name.
        best = GRAPHQL_RESPONSE
    if offered[best] == 0:
        _refuse(406, f"The answer can be {GRAPHQL_RESPONSE} or {JSON}.")
    return best


def _media_range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    charset = next((value[8:] for value in parameters if value.startswith("charset=")), "utf-8")
    try:
        return name, float(quality) if charset.strip('"') in ("utf-8", "utf8") else 0.0
    except ValueError:
        return name, 0.0


def _is_json(content_type: str) -> bool:
    name, *parameters = (piece.strip().lower() for piece in content_type.split(";"))
    charsets = [value[8:].strip('"') for value in parameters if value.startswith("charset=")]
    return name == JSON and all(charset in ("utf-8", "utf8") for charset in charsets)


def _from_query_string(request: Request) -> Operation:
    given = request.query_params
    return _checked(
        {
            "query": given.get("query"),
            "operationName": given.get("operationName") or None,
            **{
                name: _parsed(name, given[name].encode("utf-8", "surrogatepass"))
                for name in ("variables", "extensions")
                if given.get(name)
            },
        }
    )


def _from_body(request: Request, body: bytes) -> Operation:
    value = _parsed("The body", body)
    if isinstance(value, list):
        _refuse(400, "Batches are not supported: send one operation in one request.")
    if not isinstance(value, dict):
        _refuse(400, "The body must be a JSON object.")
    return _checked(value)


def _parsed(what: str, text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse(400, f"{what} must be in UTF-8.")
    except RecursionError:
        raise RequestRefused(400, "LIMIT_EXCEEDED", f"{what} is nested too deeply.") from None
    except ValueError as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "a number is too long"
        _refuse(400, f"{what} must be JSON: {reason}.")


def _refuse_constant(name: str) -> NoReturn:
    _refuse(400, f"The body must be JSON: {name} is not a JSON number.")


def _checked(given: Mapping[str, Any]) -> Operation:
    query = given.get("query")
    if not isinstance(query, str) or not query.strip():
        _refuse(400, "query: must be a GraphQL document, as a string.")
    for name in ("variables", "extensions"):
        if not isinstance(given.get(name), dict | None):
            _refuse(400, f"{name}: must be a JSON object.")
    operation_name = given.get("operationName")
    if not isinstance(operation_name, str | None):
        _refuse(400, "operationName: must be a string.")
    return Operation(query, given.get("variables"), operation_name)


async def refuse_http(request: Request, error: Exception) -> HttpResponse:
    """Starlette's own refusals, such as 404 and 405, in the form of all others."""
    assert isinstance(error, HTTPException)
    refusal = RequestRefused(error.status_code, "BAD_USER_INPUT", error.detail, error.headers)
    return refusal_response(refusal, JSON, request_id_of(request))


async def mask_bug(request: Request, error: Exception) -> HttpResponse:
    """An error that nothing expected: logged by its request id, told without details."""
    request_id = request_id_of(request)
    log.error("request %s: unexpected error", request_id, exc_info=error)
    message = f"Something went wrong on our side. Mention request {request_id} when you report it."
    refusal = RequestRefused(500, "INTERNAL_SERVER_ERROR", message)
    return refusal_response(refusal, JSON, request_id)
