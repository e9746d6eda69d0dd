"""GraphQL over WebSocket, by the graphql-transport-ws protocol and no other.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from domain.callers import Caller, CallerKind
from schema.encoding import encode
from schema.execute import ExecutableOperation, Response
from server.authentication import Session, Unauthenticated
from server.http_cycle import SENDS_PARTS, PartsExtension
from server.json_texts import SHORT_TEXT
from server.memory_budget import MemoryShare
from server.requests import (
    DocumentRefused,
    RequestRefused,
    graphql_request_of,
    headers_of,
    new_request_id,
    parse_json,
    parse_large_json,
    request_id_of,
    shown,
)
from server.responses import refusal_error, refuse
from server.service import Service

log = logging.getLogger("aicmo.websocket")

PROTOCOL = "graphql-transport-ws"


class ProtocolViolation(Exception):
    """The client violated the protocol: the server closes the socket with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class WebSocketEndpoint:
    service: Service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        try:
            self.service.require_allowed_origin(websocket.scope)
        except RequestRefused as refusal:
            headers = headers_of(websocket.scope)
            request_id = request_id_of(headers)
            log.warning(
                "request %s: a WebSocket was refused: pages of %s may not connect",
                request_id,
                shown(headers.get(b"origin", b"another site")),
            )
            await websocket.send_denial_response(refuse(refusal, request_id))
            return
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(4406, f"Subprotocol not acceptable: speak {PROTOCOL}")
            return
        await websocket.accept(PROTOCOL)
        try:
            with self.service.streams.acquire():
                await _Connection(self.service, websocket).serve()
        except RequestRefused as refusal:
            await websocket.close(1013, refusal.message)


class _Connection:
    """One WebSocket connection and its operations."""

    def __init__(self, service: Service, websocket: WebSocket) -> None:
        self._service = service
        self._websocket = websocket
        self._request_id = request_id_of(headers_of(websocket.scope))
        self._limits = service.stream_limits
        self._extension: PartsExtension | None = websocket.scope.get("extensions", {}).get(
            SENDS_PARTS
        )
        self._caller: Caller | None = None
        """Who has initialised the connection; None: nobody has yet."""
        self._session: Session | None = None
        self._ending: asyncio.Task[None] | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        """The operations that the client hasn't completed, by its ids of them."""
        self._running: set[asyncio.Task[None]] = set()
        """The tasks of these operations, and of those that are still ending."""

    async def serve(self) -> None:
        """Handle messages until the client disconnects or violates the protocol; then cancel its
        operations.
        """
        try:
            await self._handle_messages()
        except TimeoutError:
            await self._close(4408, "Connection initialisation timeout")
        except ProtocolViolation as violation:
            await self._close(violation.code, violation.reason)
        except WebSocketDisconnect:
            pass
        except Exception as error:  # noqa: BLE001
            await self._give_up(error, self._request_id)
        finally:
            if self._session is not None:
                self._session.close()
            self._cancel_all()
            if tasks := {*self._running, *([self._ending] if self._ending else [])}:
                await asyncio.wait(tasks)

    async def _handle_messages(self) -> None:
        async with asyncio.timeout(self._limits.init_seconds) as until_init:
            deadline = until_init.when()
            while True:
                text = await self._receive()
                until_init.reschedule(None)  # from here, only the server may be slow
                if await self._handle(await self._message(text), len(text)):
                    deadline = None
                until_init.reschedule(deadline)

    def _cancel_all(self) -> None:
        self._operations.clear()
        for task in self._running:
            task.cancel()

    def _refuse_from_now_on(self) -> None:
        """The credentials have ended: a client may connect again with others."""
        self._caller = None
        self._cancel_all()
        self._ending = asyncio.create_task(self._close(4403, "Forbidden"))

    async def _receive(self) -> str:
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text: str | None = event.get("text")
        if text is None:
            raise ProtocolViolation(4400, "Messages must be text")
        if len(text) > self._limits.message_bytes:
            raise ProtocolViolation(1009, "Message too big")
        return text

    async def _message(self, text: str) -> dict[str, Any]:
        try:
            if len(text) <= SHORT_TEXT:
                message = parse_json("The message", text)
            else:
                limit = self._service.body_limits.values
                message = await parse_large_json("The message", bytearray(text.encode()), limit)
        except RequestRefused as refusal:
            raise ProtocolViolation(4400, _reason(refusal.message)) from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ProtocolViolation(4400, "Messages must be objects with a type")
        return message

    async def _handle(self, message: dict[str, Any], size: int) -> bool:
        """Handle the message. Returns whether it initialises the connection."""
        match message["type"]:
            case "connection_init":
                return await self._acknowledge(message)
            case "ping":
                await self._answer_ping(message)
            case "pong":
                _require_payload(message)
            case "subscribe":
                await self._start(message, size)
            case "complete":
                self._stop(message)
            case _:
                raise ProtocolViolation(4400, "Unknown message type")
        return False

    async def _acknowledge(self, message: dict[str, Any]) -> bool:
        _require_payload(message)
        if self._caller is not None:
            raise ProtocolViolation(4429, "Too many initialisation requests")
        authorization = self._authorization(message.get("payload") or {})
        authenticator = self._service.authenticator
        try:
            caller = authenticator.known(authorization, self._request_id)
            if caller is None:
                assert authorization is not None
                address = self._service.proxies.client_address(self._websocket.scope)
                caller = await authenticator.authenticate(authorization, self._request_id, address)
            if caller.kind is CallerKind.OPERATOR:
                scope = self._websocket.scope
                authenticator.require_here(scope, headers_of(scope))
        except Unauthenticated as refusal:
            # graphql-ws connects again after 4403, but not after 4401.
            code, reason = (4401, "Unauthorized") if refusal.is_missing else (4403, "Forbidden")
            raise ProtocolViolation(code, reason) from None
        except RequestRefused as refusal:
            raise ProtocolViolation(1013, _reason(refusal.message)) from None
        self._session = authenticator.session(authorization, caller, self._refuse_from_now_on)
        self._caller = caller
        await self._send({"type": "connection_ack"})
        return True

    def _authorization(self, payload: dict[str, Any]) -> bytes | None:
        """What the client sends to initialise the connection, or else what came with its request:
        pages can't set its headers."""
        for name in ("Authorization", "authorization"):
            if (given := payload.get(name)) is not None:
                return str(given).encode("utf-8", "replace")
        return headers_of(self._websocket.scope).get(b"authorization")

    async def _answer_ping(self, message: dict[str, Any]) -> None:
        _require_payload(message)
        payload = message.get("payload")
        pong = {"type": "pong"} | ({} if payload is None else {"payload": payload})
        try:
            text = encode(pong)
        except (RecursionError, ValueError):
            raise ProtocolViolation(4400, "The payload can't be sent back") from None
        await self._send_text(text)

    async def _start(self, message: dict[str, Any], size: int) -> None:
        """Start the operation, which runs beside others, or refuse it.

        A subscription has started when this returns: the client knows it from later responses.
        """
        caller = self._caller
        if caller is None:
            raise ProtocolViolation(4401, "Unauthorized")
        id = _operation_id(message)
        if id in self._operations:
            raise ProtocolViolation(4409, _reason(f"Subscriber for {id} already exists"))
        rates = self._service.rate_limits
        try:
            if (counting := rates.count_request(caller)) is not None:
                await counting
        except RequestRefused as refusal:
            await self._refuse(id, refusal)
            return
        try:
            operation = await graphql_request_of(message.get("payload"), self._service.documents)
        except DocumentRefused as refusal:
            await self._refuse(id, refusal)
            return
        except RequestRefused as refusal:
            raise ProtocolViolation(4400, _reason(refusal.message)) from None
        try:
            self._require_room()
            with self._service.pending.share() as share:
                share.grow(size)
                executable = await self._service.parse_and_validate_apart(operation)
                if isinstance(executable, ExecutableOperation) and (
                    counting := rates.count_cost(caller, executable.cost)
                ):
                    await counting
                if self._caller is None:
                    return  # the credentials have just ended
                caller = caller._replace(request_id=new_request_id())
                started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                running = self._operate(id, executable, caller, share.transferred(), started)
                task = asyncio.create_task(running)
        except RequestRefused as refusal:
            await self._refuse(id, refusal)
            return
        self._operations[id] = task
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await started

    async def _refuse(self, id: str, refusal: RequestRefused) -> None:
        await self._send({"id": id, "type": "error", "payload": [refusal_error(refusal)]})

    def _require_room(self) -> None:
        limit = self._limits.operations
        if len(self._running) >= limit:
            why = f"At most {limit} operations may run on one socket."
            raise RequestRefused(429, why, code="LIMIT_EXCEEDED")

    def _stop(self, message: dict[str, Any]) -> None:
        task = self._operations.pop(_operation_id(message), None)
        if task is not None:
            task.cancel()

    async def _operate(
        self,
        id: str,
        operation: ExecutableOperation | Response,
        caller: Caller,
        share: MemoryShare,
        started: asyncio.Future[None],
    ) -> None:
        """Run the operation, which is a request of its own of the caller."""
        with share:
            try:
                opening = b'{"id":%b,"type":"next","payload":' % encode(id)
                send = self._extension and partial(
                    _send_at_once, self._extension["send_at_once"], opening
                )
                scope = self._websocket.scope
                async with self._service.responses(
                    operation, caller, share, scope, send
                ) as awaited:
                    _end(started)
                    await self._send_responses(id, opening, awaited, caller, share)
            except RequestRefused as refusal:
                self._operations.pop(id, None)
                await self._refuse(id, refusal)
            except Exception as error:  # noqa: BLE001
                await self._give_up(error, caller.request_id)
            finally:
                _end(started)

    async def _send_responses(
        self,
        id: str,
        opening: bytes,
        responses: AsyncIterator[Response],
        caller: Caller,
        share: MemoryShare,
    ) -> None:
        """Send the responses until the client completes the operation; then send its end."""
        end: dict[str, Any] = {"id": id, "type": "complete"}
        held = share.amount
        # The client may complete the operation, and reuse its id for another task.
        operations, task = self._operations, asyncio.current_task()
        async for found in responses:
            if found.encoded is not None:
                response, parts = found, [found.encoded]
            else:
                response, parts = await self._service.encoded(found, caller.request_id, share)
            if operations.get(id) is not task:
                return
            if response.is_refused:
                end = {"id": id, "type": "error", "payload": response.as_json()["errors"]}
                break
            parts[0] = opening + parts[0]
            parts[-1] += b"}"
            await self._send_parts(parts)
            share.shrink_to(held)
        if operations.get(id) is task:
            del operations[id]
            await self._send(end)

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(encode(message))

    async def _send_text(self, text: bytes) -> None:
        """Send the text, unless the client has disconnected."""
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect):
                await self._websocket.send_text(text.decode())

    async def _send_parts(self, parts: list[bytes]) -> None:
        """Send one text of these parts, each when the client has read those before it."""
        if self._extension is None:
            await self._send_text(b"".join(parts))
        elif self._websocket.application_state is WebSocketState.CONNECTED:
            await self._extension["send"](parts)

    async def _give_up(self, error: Exception, request_id: str) -> None:
        log.error("request %s: unexpected error", request_id, exc_info=error)
        await self._close(4500, "Internal server error")

    async def _close(self, code: int, reason: str) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect):
                await self._websocket.close(code, reason)


def _send_at_once(send: Callable[[bytes], bool], opening: bytes, payload: bytes) -> bool:
    """Send a response, unless that has to wait; whether it was sent.

    It's called while the operation's task waits, and so neither completed nor cancelled.
    """
    return send(b"%b%b}" % (opening, payload))


def _end(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _require_payload(message: dict[str, Any]) -> None:
    if not isinstance(message.get("payload"), dict | None):
        raise ProtocolViolation(4400, "The payload must be an object")


def _operation_id(message: dict[str, Any]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= 200:
        raise ProtocolViolation(4400, "The message must have an id of 1 to 200 characters")
    return id


def _reason(text: str) -> str:
    """The text as a close reason, which has at most 123 bytes."""
    return text.encode("ascii", "replace").decode()[:123]
