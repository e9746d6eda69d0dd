"""Reading GraphQL requests from HTTP: https://graphql.github.io/graphql-over-http/draft/"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from os import urandom
from typing import Any, Protocol

from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope

from schema.errors import TopLevelCode
from schema.execute import GraphQLRequest
from server.http_cycle import HTTP_CYCLE, HttpCycle
from server.json_texts import SHORT_TEXT, NotJson, TooMuchJson, parse, parse_large

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed;subscriptionSpec=1.0"
"""Apollo's stream of parts. Without the parameter, a client may mean another protocol."""
STREAMS = (EVENT_STREAM, MULTIPART)
_OFFERED = (JSON, GRAPHQL_RESPONSE, *STREAMS)
_SUBSCRIPTION_SPEC = frozenset(("subscriptionspec=1.0", 'subscriptionspec="1.0"'))
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)
_DOCUMENT_ID = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII)
_LENGTH = re.compile(r"\d{1,20}", re.ASCII)


class RequestRefused(Exception):
    """The server refuses the request with this HTTP `status`."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "BAD_USER_INPUT",
        headers: Mapping[str, str] | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        """`extensions` are those of the error, beside its code."""
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers or {}
        self.extensions = extensions or {}
        super().__init__(message)


def at_capacity(why: str) -> RequestRefused:
    """The refusal of a request for which the server has no capacity at the moment."""
    return RequestRefused(
        503, f"{why}; try again later.", code="LIMIT_EXCEEDED", headers={"Retry-After": "5"}
    )


class DocumentRefused(RequestRefused):
    """The server refuses a document that is named by its hash, or that isn't registered.

    It refuses a single operation then, and not the WebSocket.
    """

    def __init__(
        self, message: str, code: TopLevelCode = TopLevelCode.BAD_USER_INPUT, status: int = 400
    ) -> None:
        super().__init__(
            status,
            message,
            code=code,
            headers={"Cache-Control": "no-store"},
        )


class UnknownDocument(DocumentRefused):
    """This process doesn't know the document that a client named or sent; storage may have it."""

    def __init__(self, sha256: str, message: str, code: TopLevelCode, status: int) -> None:
        super().__init__(message, code, status)
        self.sha256 = sha256


class Documents(Protocol):
    """The documents that clients may name by their hashes."""

    @property
    def persists(self) -> bool:
        """Whether clients may persist queries."""
        ...

    def text(self, sha256: str) -> str:
        """The document with this hash. Raises UnknownDocument."""
        ...

    def require_allowed(self, text: str) -> None:
        """Raises UnknownDocument for a document that may not be executed."""
        ...

    async def load(self, unknown: UnknownDocument) -> None:
        """Look for the document in storage. Raises `unknown` if it isn't there; DocumentRefused."""
        ...


class HttpRequest:
    """An HTTP request. Starlette's `Request` would be several times as slow."""

    __slots__ = ("headers", "http_cycle", "id", "method", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.headers = headers_of(scope)
        self.id = request_id_of(self.headers)
        self.http_cycle: HttpCycle | None = scope.get("state", {}).get(HTTP_CYCLE)
        """The cycle that our protocol put into the scope; None on other servers."""

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    def query_string(self) -> dict[str, str]:
        return dict(QueryParams(self.scope["query_string"]))


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    """The headers by name; lines of one name are joined, by RFC 9110, section 5.3."""
    lines: list[tuple[bytes, bytes]] = scope["headers"]
    headers = dict(lines)
    if len(headers) < len(lines):
        headers.clear()
        for name, value in lines:
            headers[name] = b", ".join((headers[name], value)) if name in headers else value
    return headers


def shown(value: bytes) -> str:
    """A client's value for the log: short, on one line."""
    text = value.decode("latin-1")
    return repr(text if len(text) <= 100 else f"{text[:99]}…")


def request_id_of(headers: Mapping[bytes, bytes]) -> str:
    """The client's `X-Request-Id`, if it's safe in a log; else a new id."""
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode("ascii")
    return next(_NEW_IDS)


def new_request_id() -> str:
    """An id that no other request has."""
    return next(_NEW_IDS)


def _new_ids() -> Iterator[str]:
    """Yields ids of 128 random bits; one system call draws the bits of many."""
    while True:
        drawn = urandom(16 * 256).hex()
        for start in range(0, len(drawn), 32):
            yield drawn[start : start + 32]


_NEW_IDS = _new_ids()


def wants_html(request: HttpRequest) -> bool:
    """Whether the request is a browser's navigation, which wants a page."""
    return _prefers_html(request.header(b"accept"))


@lru_cache(maxsize=100)
def _prefers_html(accept: str) -> bool:
    """Whether HTML has at least the quality of `*/*`, and more than that of all our media types."""
    ranges = [_media_range(part) for part in accept.split(",")]

    def best(*names: str) -> float:
        return max((quality for name, quality in ranges if name in names), default=0.0)

    html = best("text/html")
    return html > best(*_OFFERED, "application/*") and html >= best("*/*")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    bytes: int
    seconds: float
    values: int
    """The most values in JSON; a text with more is refused before it's parsed."""


async def read_graphql_request(
    request: HttpRequest,
    limits: BodyLimits,
    documents: Documents,
    hold: Callable[[int], None],
) -> GraphQLRequest:
    """Read the request; `hold` is called with the bytes that arrive. Raises RequestRefused."""
    if request.method != "POST":
        return await graphql_request_of(_from_query_string(request), documents)
    if not _is_json(request.headers.get(b"content-type", b"")):
        raise RequestRefused(
            415, "The body must be application/json, in UTF-8.", headers={"Accept-Post": JSON}
        )
    if request.headers.get(b"transfer-encoding", b"chunked").strip(b", \t").lower() != b"chunked":
        raise RequestRefused(501, "The body must not be coded for its transfer but in chunks.")
    if request.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise RequestRefused(415, "The body must not be compressed.")
    body = None if request.http_cycle is None else request.http_cycle.complete_body()
    if body is None:
        body = await _body(request, limits, hold)
    else:
        _require_size(len(body), limits)
        hold(len(body))
    if len(body) <= SHORT_TEXT:
        value = parse_json("The body", body)
    else:
        value = await parse_large_json("The body", body, limits.values)
    if isinstance(value, list):
        raise RequestRefused(400, "Batches are not supported: send one operation in one request.")
    return await graphql_request_of(value, documents, len(body))


async def graphql_request_of(
    value: Any, documents: Documents, size: int | None = None
) -> GraphQLRequest:
    """The request of parsed parameters, which came in so many bytes. Raises RequestRefused."""
    try:
        return _graphql_request_of(value, documents, size)
    except UnknownDocument as unknown:
        await documents.load(unknown)
        return _graphql_request_of(value, documents, size)


def _graphql_request_of(value: Any, documents: Documents, size: int | None) -> GraphQLRequest:
    """Raises RequestRefused, UnknownDocument."""
    if not isinstance(value, dict):
        raise RequestRefused(400, "The request must be a JSON object.")
    query = value.get("query")
    extensions = _object(value, "extensions")
    sha256 = None
    if extensions is not None and extensions.get("persistedQuery") is not None:
        query, sha256 = _named(query, extensions["persistedQuery"], documents)
    elif value.get("documentId") is not None and not query:
        query = documents.text(_document_id(value["documentId"]))
    if not isinstance(query, str) or not query or query.isspace():
        raise RequestRefused(400, "query: must be a GraphQL document, as a string.")
    documents.require_allowed(query)
    variables = _object(value, "variables")
    operation_name = value.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise RequestRefused(400, "operationName: must be a string.")
    wants_cost = extensions is not None and extensions.get("cost") is True
    return GraphQLRequest(query, variables, operation_name or None, wants_cost, size, sha256)


def _named(query: Any, named: Any, documents: Documents) -> tuple[Any, str | None]:
    """The query, given or found by its hash, and the hash under which to persist it."""
    is_absent = query is None or query == ""
    if not is_absent and not documents.persists:
        return query, None
    if not isinstance(named, dict) or named.get("version") != 1:
        raise DocumentRefused("extensions.persistedQuery: must be an object of version 1.")
    sha256 = named.get("sha256Hash")
    if not isinstance(sha256, str):
        raise DocumentRefused("extensions.persistedQuery.sha256Hash: must be a string.")
    sha256 = sha256.lower()
    if not is_absent:
        return query, sha256
    return documents.text(sha256), None


def _document_id(value: Any) -> str:
    """The hash in a document identifier of the draft of GraphQL over HTTP, `sha256:` and the hash.

    https://graphql.github.io/graphql-over-http/draft/#sec-Persisted-Documents
    """
    if not isinstance(value, str) or not (found := _DOCUMENT_ID.fullmatch(value.lower())):
        message = "documentId: must be sha256: and the SHA-256 hash of a document, in hexadecimal."
        raise DocumentRefused(message)
    return found[1]


def _object(value: dict[str, Any], name: str) -> dict[str, Any] | None:
    found = value.get(name)
    if found is not None and not isinstance(found, dict):
        raise RequestRefused(400, f"{name}: must be a JSON object.")
    return found


def parse_json(name: str, text: bytearray | str) -> Any:
    """Like `json_texts.parse`. Raises RequestRefused."""
    try:
        return parse(text)
    except (NotJson, TooMuchJson) as error:
        raise _refusal(name, error) from None


async def parse_large_json(name: str, text: bytearray, max_values: int) -> Any:
    """Like `parse_json`, for a text so large that other requests would wait for it."""
    try:
        return await parse_large(text, max_values)
    except (NotJson, TooMuchJson) as error:
        raise _refusal(name, error) from None


def _refusal(name: str, error: NotJson | TooMuchJson) -> RequestRefused:
    code = "LIMIT_EXCEEDED" if isinstance(error, TooMuchJson) else "BAD_USER_INPUT"
    return RequestRefused(400, f"{name} {error}.", code=code)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The media types that the client accepts for one response and for a stream, if any."""

    single: str | None
    stream: str | None


@lru_cache(maxsize=100)
def negotiate(accept: bytes | None) -> Accepted:
    """Negotiate by RFC 9110, section 12.5.1; streams need to be named. Raises RequestRefused."""
    parts = (accept or b"*/*").decode("latin-1").split(",")
    ranges = [_media_range(part) for part in parts if part.strip()]
    # `*/*` gives all the same quality; then the GraphQL media type is preferred if it's named.
    named = [name for name, _ in ranges]
    preferred = (GRAPHQL_RESPONSE, JSON) if GRAPHQL_RESPONSE in named else (JSON, GRAPHQL_RESPONSE)
    quality = {offer: _quality(offer, ranges) for offer in preferred}
    for offer in STREAMS:
        quality[offer] = max((weight for name, weight in ranges if name == offer), default=0.0)
    single = max(preferred, key=quality.__getitem__)
    stream = max(STREAMS, key=quality.__getitem__)
    if quality[single] == quality[stream] == 0:
        raise RequestRefused(406, f"The answer can be one of {', '.join(_OFFERED)}.")
    is_single = quality[single] >= quality[stream] and quality[single] > 0
    return Accepted(single if is_single else None, stream if quality[stream] > 0 else None)


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    for pattern in (offer, "application/*", "*/*"):  # the most specific range decides
        for name, quality in ranges:
            if name == pattern:
                return quality
    return 0.0


def _media_range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weight = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    if name == "multipart/mixed" and _SUBSCRIPTION_SPEC.intersection(parameters):
        name = MULTIPART
    is_usable = _is_utf8(parameters) and _QUALITY.fullmatch(weight)
    return name, float(weight) if is_usable else 0.0


@lru_cache(maxsize=100)
def _is_json(content_type: bytes) -> bool:
    pieces = content_type.decode("latin-1").split(";")
    name, *parameters = (piece.strip().lower() for piece in pieces)
    return name == JSON and _is_utf8(parameters)


def _is_utf8(parameters: list[str]) -> bool:
    charsets = [value[8:].strip('"') for value in parameters if value.startswith("charset=")]
    return all(charset in ("utf-8", "utf8") for charset in charsets)


async def _body(request: HttpRequest, limits: BodyLimits, hold: Callable[[int], None]) -> bytearray:
    _require_size(_content_length(request), limits)
    try:
        async with asyncio.timeout(limits.seconds):
            return await _received(request.receive, limits, hold)
    except TimeoutError:
        raise RequestRefused(
            408,
            f"The body did not arrive within {limits.seconds:g} seconds.",
            code="LIMIT_EXCEEDED",
        ) from None


async def _received(receive: Receive, limits: BodyLimits, hold: Callable[[int], None]) -> bytearray:
    body = bytearray()
    is_whole = False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRefused(400, "The body did not arrive whole.")
        chunk = message.get("body", b"")
        _require_size(len(body) + len(chunk), limits)
        hold(len(chunk))
        body += chunk
        is_whole = not message.get("more_body", False)
    return body


def _content_length(request: HttpRequest) -> int:
    length = request.header(b"content-length")
    return int(length) if _LENGTH.fullmatch(length) else 0


def _require_size(size: int, limits: BodyLimits) -> None:
    if size > limits.bytes:
        raise RequestRefused(
            413,
            f"The body may have at most {limits.bytes:,} bytes.",
            code="LIMIT_EXCEEDED",
        )


def _from_query_string(request: HttpRequest) -> dict[str, Any]:
    """The parameters. Raises RequestRefused."""
    given: dict[str, Any] = {**request.query_string()}
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = parse_json(name, given[name])
        else:
            given.pop(name, None)
    return given
