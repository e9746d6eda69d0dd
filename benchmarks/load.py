"""A load generator: connections that each send a request as soon as the last one is answered.

It does little more than measure the time, so that it stays ahead of what it measures; how busy
it was itself is a part of the outcome.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any, cast
from urllib.parse import urlsplit

import httptools

from benchmarks.scenarios import Json, Scenario, WrongAnswer

_ERRORS = b'"errors":[{'


@dataclass(frozen=True, slots=True)
class Load:
    """The result of a load: the latency of every answer, in seconds."""

    seconds: float
    latencies: tuple[float, ...]
    generator_cpu: float
    """Seconds of CPU time that the generator itself took."""


class Requests:
    """The requests of a scenario as bytes, one after another without end."""

    def __init__(self, address: str, scenario: Scenario, headers: str = "") -> None:
        """`headers` are lines of more headers, each with its line end."""
        self.scenario = scenario
        self._headers = headers
        self.target = urlsplit(address)
        self.host, self.port = self.target.hostname or "", self.target.port or 80
        self._bytes = cycle([self._encoded(variables) for variables in scenario.variables])

    def __iter__(self) -> Iterator[bytes]:
        return self._bytes

    def _encoded(self, variables: Json) -> bytes:
        body = json.dumps({"query": self.scenario.query, "variables": variables}).encode()
        head = (
            f"POST {self.target.path} HTTP/1.1\r\n"
            f"Host: {self.target.netloc}\r\n"
            "Content-Type: application/json\r\n"
            "Accept: application/json\r\n"
            f"{self._headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def check(requests: Requests) -> Json:
    """The data of the answer to the next request.

    Raises WrongAnswer unless it is as the scenario wants it.
    """
    bodies: list[bytes] = []
    await _run(requests, concurrency=1, is_over=lambda: bool(bodies), keep=bodies.append)
    answer: dict[str, Any] = json.loads(bodies[0])
    if answer.get("errors"):
        raise WrongAnswer(str(answer["errors"]))
    data: Json = answer["data"]
    requests.scenario.check(data)
    return data


async def load(requests: Requests, *, concurrency: int, seconds: float) -> Load:
    """Send requests by `concurrency` connections at once for so many seconds.

    Raises WrongAnswer at the first answer that isn't 200 or has errors.
    """
    end = time.perf_counter() + seconds
    began, cpu = time.perf_counter(), time.process_time()
    latencies = await _run(requests, concurrency, is_over=lambda: time.perf_counter() >= end)
    return Load(
        seconds=time.perf_counter() - began,
        latencies=tuple(latencies),
        generator_cpu=time.process_time() - cpu,
    )


async def _run(
    requests: Requests,
    concurrency: int,
    is_over: Callable[[], bool],
    keep: Callable[[bytes], None] | None = None,
) -> list[float]:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    sending = iter(requests)
    connections = []
    for _ in range(concurrency):
        _, connection = await loop.create_connection(
            lambda: _Connection(sending, latencies, is_over, keep),
            requests.host,
            requests.port,
        )
        connections.append(connection)
    try:
        for connection in connections:
            connection.send_next()
        await asyncio.gather(*(connection.ended for connection in connections))
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))
    return latencies


class _Connection(asyncio.Protocol):
    def __init__(
        self,
        requests: Iterator[bytes],
        latencies: list[float],
        is_over: Callable[[], bool],
        keep: Callable[[bytes], None] | None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self._requests = requests
        self._latencies = latencies
        self._is_over = is_over
        self._keep = keep
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._sent_at = 0.0

    async def close(self) -> None:
        self._transport.close()
        await self._closed

    def send_next(self) -> None:
        self._body = []
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if not self.ended.done():
            self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(WrongAnswer("the server closed the connection"))
        self._closed.set_result(None)

    # What the parser calls.

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._latencies.append(time.perf_counter() - self._sent_at)
        body = b"".join(self._body)
        status = self._parser.get_status_code()
        if status != 200 or _ERRORS in body:
            self._end(WrongAnswer(f"{status}: {body[:500].decode(errors='replace')}"))
            return
        if self._keep is not None:
            self._keep(body)
        if self._is_over():
            self._end()
        else:
            self.send_next()

    def _end(self, error: WrongAnswer | None = None) -> None:
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
