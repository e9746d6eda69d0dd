"""GraphQL over WebSocket, by the graphql-transport-ws protocol and no other.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from schema.execute import prepare
from server.requests import RequestRefused, operation_of, parse_json, request_id_of
from server.responses import encode, refusal_error
from server.service import Service

PROTOCOL = "graphql-transport-ws"


class ProtocolViolation(Exception):
    """The client broke the protocol: the socket is closed with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class WebSocketEndpoint:
    service: Service

    async def __call__(self, websocket: WebSocket) -> None:
        if not self._is_welcome(websocket):
            await websocket.close()  # before it's accepted: answered with 403
            return
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(4406, f"Subprotocol not acceptable: speak {PROTOCOL}")
            return
        await websocket.accept(PROTOCOL)
        try:
            with self.service.streams.taken():
                await _Conversation(self.service, websocket).hold()
        except RequestRefused as refusal:
            await websocket.close(1013, refusal.message)

    def _is_welcome(self, websocket: WebSocket) -> bool:
        """Browsers let every page open sockets to here; only pages of ours, or named, may."""
        origin = websocket.headers.get("origin")
        if origin is None or origin in self.service.allowed_origins:
            return True
        return urlsplit(origin).netloc == websocket.headers.get("host")


class _Conversation:
    """What happens on one socket."""

    def __init__(self, service: Service, websocket: WebSocket) -> None:
        self._service = service
        self._websocket = websocket
        self._request_id = request_id_of(websocket)
        self._limits = service.stream_limits
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._is_acknowledged = False

    async def hold(self) -> None:
        """Until the client goes away, or breaks the protocol; then everything it runs ends."""
        try:
            async with asyncio.timeout(self._limits.init_seconds) as until_init:
                while True:
                    message = await self._receive()
                    if await self._handle(message):
                        until_init.reschedule(None)
        except TimeoutError:
            await self._close(4408, "Connection initialisation timeout")
        except ProtocolViolation as violation:
            await self._close(violation.code, violation.reason)
        except WebSocketDisconnect:
            pass
        finally:
            tasks = list(self._operations.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self) -> dict[str, Any]:
        event = await self._websocket.receive()
        if event["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(event.get("code", 1005))
        text = event.get("text")
        if text is None:
            raise ProtocolViolation(4400, "Messages must be text")
        if len(text) > self._limits.message_bytes:
            raise ProtocolViolation(1009, "Message too big")
        try:
            message = parse_json("The message", text)
        except RequestRefused as refusal:
            raise ProtocolViolation(4400, _reason(refusal.message)) from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ProtocolViolation(4400, "Messages must be objects with a type")
        return message

    async def _handle(self, message: dict[str, Any]) -> bool:
        """Whether the connection is initialised by this message."""
        match message["type"]:
            case "connection_init":
                return await self._acknowledge(message)
            case "ping":
                _require_payload(message)
                await self._send({"type": "pong", **_payload(message)})
            case "pong":
                _require_payload(message)
            case "subscribe":
                self._start(message)
            case "complete":
                self._stop(message)
            case _:
                raise ProtocolViolation(4400, "Unknown message type")
        return False

    async def _acknowledge(self, message: dict[str, Any]) -> bool:
        _require_payload(message)
        if self._is_acknowledged:
            raise ProtocolViolation(4429, "Too many initialisation requests")
        self._is_acknowledged = True
        await self._send({"type": "connection_ack"})
        return True

    def _start(self, message: dict[str, Any]) -> None:
        if not self._is_acknowledged:
            raise ProtocolViolation(4401, "Unauthorized")
        id = _operation_id(message)
        if id in self._operations:
            raise ProtocolViolation(4409, _reason(f"Subscriber for {id} already exists"))
        task = asyncio.create_task(self._operate(id, message.get("payload")))
        self._operations[id] = task

    def _stop(self, message: dict[str, Any]) -> None:
        task = self._operations.pop(_operation_id(message), None)
        if task is not None:
            task.cancel()

    async def _operate(self, id: str, payload: Any) -> None:
        """Run an operation and tell its outcome; a cancelled one says nothing more."""
        try:
            refused = await self._tell_responses(id, payload)
        except RequestRefused as refusal:
            refused = [refusal_error(refusal)]
        if self._operations.get(id) is not asyncio.current_task():
            return
        del self._operations[id]
        if refused:
            await self._send({"id": id, "type": "error", "payload": refused})
        else:
            await self._send({"id": id, "type": "complete"})

    async def _tell_responses(self, id: str, payload: Any) -> list[Any]:
        """Send each response; the errors, where the operation was refused altogether."""
        if len(self._operations) > self._limits.operations:
            raise RequestRefused(
                429,
                f"At most {self._limits.operations} operations may run on one socket.",
                code="LIMIT_EXCEEDED",
            )
        operation = prepare(self._service.schema, operation_of(payload))
        async with aclosing(self._service.responses(operation, self._request_id)) as responses:
            async for response in responses:
                if response.is_refused:
                    errors: list[Any] = response.as_json()["errors"]
                    return errors
                await self._send({"id": id, "type": "next", "payload": response.as_json()})
        return []

    async def _send(self, message: dict[str, Any]) -> None:
        await self._websocket.send_text(encode(message).decode())

    async def _close(self, code: int, reason: str) -> None:
        if self._websocket.application_state is not WebSocketState.DISCONNECTED:
            await self._websocket.close(code, reason)


def _require_payload(message: dict[str, Any]) -> None:
    if not isinstance(message.get("payload"), dict | None):
        raise ProtocolViolation(4400, "The payload must be an object")


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    return {"payload": message["payload"]} if message.get("payload") is not None else {}


def _operation_id(message: dict[str, Any]) -> str:
    id = message.get("id")
    if not isinstance(id, str) or not 0 < len(id) <= 200:
        raise ProtocolViolation(4400, "The message must have an id of 1 to 200 characters")
    return id


def _reason(text: str) -> str:
    """As a close reason, which has at most 123 bytes."""
    return text.encode("ascii", "replace").decode()[:123]
