"""An attempt is one signed request, to an allowed address, whatever the receiver does."""

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks import Webhook

from domain.webhooks import RESPONSE_BYTES, Claim, Outcome
from orchestration.sending import HttpSender
from tests import builders as build
from tests.orchestration.refused import every_refused_address, spellings
from tests.support.patience import SECONDS
from tests.support.receivers import Received, Receiver, receiving
from tests.support.sources import START

LOOPBACK = ip_network("127.0.0.0/8")
NOT_PUBLIC = "The receiver's address isn't a public one."


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def sender() -> AsyncIterator[HttpSender]:
    sender = HttpSender(timeout=SECONDS, networks=[LOOPBACK])
    yield sender
    await sender.close()


class Resolver(AbstractResolver):
    """Answers each question with the next of the answers, and the last one from then on.

    An answer is an address, or several with spaces between them.
    """

    def __init__(self, answers: Iterable[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self._answers[0]
        del self._answers[: len(self._answers) > 1]
        return [
            ResolveResult(
                hostname=host,
                host=found,
                port=port,
                family=socket.AF_INET6 if ":" in found else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for found in addresses.split()
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses that sockets of this process are connected to, from now on."""
    addresses: list[object] = []
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        addresses.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    return addresses


async def send(claim: Claim, **options: Any) -> Outcome:
    sender = HttpSender(**{"timeout": SECONDS, "networks": [LOOPBACK], **options})
    try:
        return await sender.send(claim)
    finally:
        await sender.close()


def to(url: str, **changes: Any) -> Claim:
    return build.claim(url=url, **changes)


# The request


async def test_a_connection_is_kept_for_the_next_request(
    sender: HttpSender, receiver: Receiver
) -> None:
    for _ in range(3):
        assert (await sender.send(to(receiver.url))).is_success

    assert (receiver.connections, len(receiver.received)) == (1, 3)


async def test_a_connection_is_not_kept_when_the_body_was_not_read(
    sender: HttpSender, receiver: Receiver
) -> None:
    receiver.responds(200, b"x" * 4_000_000)
    for _ in range(2):
        assert (await sender.send(to(receiver.url))).is_success

    assert (receiver.connections, len(receiver.received)) == (2, 2)


class Closing:
    """A receiver that reads requests, and answers so many of each connection before it closes it.

    It closes it when it has read the next one.
    """

    def __init__(self, responses: int) -> None:
        self._responses = responses
        self.requests: list[int] = []
        """How many there were of each connection."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.requests)
        self.requests.append(0)
        while head := await _head(reader):
            size = re.search(rb"Content-Length: (\d+)", head, re.IGNORECASE)
            assert size is not None
            await reader.readexactly(int(size[1]))
            self.requests[number] += 1
            if self.requests[number] > self._responses:
                break
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        return await reader.readuntil(b"\r\n\r\n")
    return b""


@asynccontextmanager
async def closing(responses: int) -> AsyncIterator[tuple[Closing, str]]:
    receiver = Closing(responses)
    async with await asyncio.start_server(receiver.serve, "127.0.0.1", 0) as server:
        yield receiver, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_what_was_sent_over_a_kept_connection_that_is_closed_is_sent_over_a_new_one(
    sender: HttpSender,
) -> None:
    async with closing(responses=1) as (receiver, url):
        outcomes = [await sender.send(to(url)) for _ in range(2)]

        assert [outcome.status for outcome in outcomes] == [204, 204]
        assert receiver.requests == [2, 1]


async def test_what_was_sent_over_a_new_connection_that_is_closed_has_failed(
    sender: HttpSender,
) -> None:
    async with closing(responses=0) as (receiver, url):
        outcome = await sender.send(to(url))

        assert outcome.error == "The receiver's response wasn't HTTP, or it was cut off."
        assert receiver.requests == [1]


async def test_names_are_looked_up_in_threads_of_their_own(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_: Any, **__: Any) -> Any:
        threads.append(threading.current_thread().name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]

    threads: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = f"http://receiver.example:{receiver.port}/"

    assert (await send(to(url))).is_success
    assert [name.rpartition("_")[0] for name in threads] == ["webhook-names"]


async def test_the_request_is_one_that_receivers_can_verify(receiver: Receiver) -> None:
    outcome = await send(to(receiver.url, payload='{"é":1}'), clock=lambda: datetime.now(UTC))

    [received] = receiver.received
    assert Webhook(build.WEBHOOK_SECRET).verify(received.body, received.headers) == {"é": 1}
    assert received.headers["content-type"] == "application/json"
    assert received.id == "event-1"
    assert receiver.connections == 1
    assert (outcome.status, outcome.error, outcome.is_success) == (204, None, True)


async def test_the_request_is_signed_by_the_previous_secret_too(receiver: Receiver) -> None:
    previous = "whsec_" + "cHJldmlvdXNwcmV2aW91c3ByZXZpb3VzcHJldg=="
    await send(to(receiver.url, secrets=(build.WEBHOOK_SECRET, previous)))

    [received] = receiver.received
    for secret in (build.WEBHOOK_SECRET, previous):
        assert Webhook(secret).verify(received.body, received.headers) == {"number": 1}


async def test_the_request_says_when_it_was_sent(receiver: Receiver) -> None:
    outcome = await send(to(receiver.url), clock=lambda: START)

    assert receiver.received[0].headers["webhook-timestamp"] == str(int(START.timestamp()))
    assert outcome.began_at == START


async def test_a_proxy_of_the_environment_is_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    assert (await send(to(receiver.url))).is_success


# The response


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    receiver.responds(status, location=receiver.url)

    outcome = await send(to(receiver.url))

    assert (outcome.status, outcome.is_success) == (status, False)
    assert len(receiver.received) == 1


async def test_the_beginning_of_the_body_is_kept_as_text(receiver: Receiver) -> None:
    receiver.responds(500, b"not \xff now\x00")

    assert (await send(to(receiver.url))).response == "not \ufffd now\ufffd"


async def test_a_body_without_an_end_is_left_alone(receiver: Receiver) -> None:
    async def endless(received: Received) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(received.request)
        while True:
            await response.write(b"x" * 1_000)

    receiver.respond = endless

    outcome = await send(to(receiver.url))

    assert outcome.is_success
    assert outcome.response == "x" * RESPONSE_BYTES


async def test_a_compressed_body_is_not_unpacked(receiver: Receiver) -> None:
    receiver.responds(200, b"\x1f\x8b", content_encoding="gzip")

    assert (await send(to(receiver.url))).is_success


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("99999999999999999999", 10**8),
        ("Mon, 02 Mar 2026 09:31:15 GMT", 59.876544),
        ("Mon, 02 Mar 2020 09:31:15 GMT", 0),
        ("soon", None),
        ("-1", None),
        ("١٢", None),
    ],
)
async def test_a_receiver_may_say_when_to_come_again(
    receiver: Receiver, header: str, seconds: float | None
) -> None:
    receiver.responds(503, retry_after=header)

    outcome = await send(to(receiver.url), clock=lambda: START)

    expected = None if seconds is None else timedelta(seconds=seconds)
    if expected is not None and seconds == 10**8:
        assert outcome.retry_after is not None
        assert outcome.retry_after > timedelta(days=300)
    else:
        assert outcome.retry_after == expected


# No response


async def test_a_receiver_that_does_not_answer_is_waited_for_so_long(receiver: Receiver) -> None:
    forever = asyncio.Event()

    async def hang(_: Received) -> web.StreamResponse:
        await forever.wait()
        return web.Response()

    receiver.respond = hang

    outcome = await send(to(receiver.url), timeout=0.05)

    assert outcome.status is None
    assert outcome.error == "There was no complete response within 0.05 seconds."
    forever.set()


async def test_a_receiver_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    outcome = await send(to(f"http://127.0.0.1:{port}/"))

    assert outcome.error == "There was no connection to the receiver, or it was lost."


async def test_what_is_not_http_is_told() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await send(to(f"http://127.0.0.1:{port}/"))

    assert outcome.status is None
    assert outcome.error == "The receiver's response wasn't HTTP, or it was cut off."


async def test_a_receiver_that_only_says_it_is_secure_is_told(receiver: Receiver) -> None:
    outcome = await send(to(receiver.url.replace("http:", "https:")))

    assert outcome.error == "There was no secure connection to the receiver."


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::]",
        "localhost",
        "LOCALHOST.",
        "①②⑦.0.0.1",
    ],
)
async def test_no_spelling_of_this_machine_leads_to_a_connection(
    receiver: Receiver, host: str
) -> None:
    outcome = await send(to(f"http://{host}:{receiver.port}/"), networks=[])

    assert outcome.status is None
    assert outcome.error is not None
    assert (receiver.connections, receiver.received) == (0, [])


@every_refused_address
async def test_no_spelling_of_an_address_that_is_not_public_leads_to_a_connection(
    connects: list[object], receiver: Receiver, address: str
) -> None:
    for host in spellings(address):
        outcome = await send(to(f"http://{host}:{receiver.port}/"), networks=[])

        assert (outcome.status, bool(outcome.error)) == (None, True), host
    assert (connects, receiver.connections) == ([], 0)


@every_refused_address
async def test_no_name_leads_to_an_address_that_is_not_public(
    connects: list[object], receiver: Receiver, address: str
) -> None:
    outcome = await send(
        to(f"http://innocent.example:{receiver.port}/"),
        networks=[],
        resolver=Resolver([address]),
    )

    assert outcome.error == NOT_PUBLIC
    assert (connects, receiver.connections) == ([], 0)


@every_refused_address
async def test_a_name_that_was_good_leads_to_no_address_that_is_not_public(
    connects: list[object], receiver: Receiver, address: str
) -> None:
    """The network stands for public addresses here, since only this machine may be connected."""
    good = "127.0.0.1" if address != "127.0.0.1" else "127.0.0.2"
    sender = HttpSender(
        timeout=SECONDS, networks=[ip_network(good)], resolver=Resolver([good, address])
    )
    url = f"http://changing.example:{receiver.port}/"
    receiver.responds(200, connection="close")  # so that the next attempt needs another one

    await sender.send(to(url))
    second = await sender.send(to(url))
    await sender.close()

    assert second.error == NOT_PUBLIC
    assert connects == [(good, receiver.port)]


async def test_of_the_addresses_of_a_name_the_allowed_ones_are_used(
    connects: list[object], receiver: Receiver
) -> None:
    resolver = Resolver(["10.0.0.1 127.0.0.1 192.168.0.1"])

    outcome = await send(
        to(f"http://both.example:{receiver.port}/"), networks=[LOOPBACK], resolver=resolver
    )

    assert outcome.is_success
    assert connects == [("127.0.0.1", receiver.port)]


async def test_a_name_without_an_address_is_told() -> None:
    class Nothing(Resolver):
        async def resolve(self, *_: Any, **__: Any) -> list[ResolveResult]:
            raise OSError(None, "no such name")

    outcome = await send(to("http://nowhere.example/"), resolver=Nothing([]))

    assert outcome.error == "The receiver's name has no address."
