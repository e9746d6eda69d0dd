"""Uploads to the server: whole, in parts, broken off, and by those who mean no good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from domain.errors import Unavailable
from files.limits import FileLimits
from files.store import StoreFull, upload_key
from tests.http.conftest import Serve
from tests.http.files import PDF, files_of, in_a_while, serving_files, upload_url
from tests.support.serving import Served
from tests.support.tasks import meanwhile
from tests.support.wire import Wire, wired

MEBIBYTE = 1024 * 1024
LONG = bytes(range(256)) * 4096 * 3
"""Three mebibytes."""


@pytest.fixture(params=["folder", "memory"])
async def server(request: pytest.FixtureRequest, serve: Serve, tmp_path: Path) -> Served:
    return await serving_files(serve, tmp_path, request.param)


async def received(server: Served, upload_id: str = "upload_1") -> bytes | None:
    store = files_of(server).store
    if await store.stat(upload_key(upload_id)) is None:
        return None
    return b"".join([part async for part in store.read(upload_key(upload_id))])


def refusal(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


# Whole


@pytest.mark.parametrize("content", [PDF, b"", LONG], ids=["small", "empty", "large"])
async def test_what_is_put_is_received(server: Served, content: bytes) -> None:
    response = await server.http.put(await upload_url(server, content), content=content)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["upload-offset"] == str(len(content))
    assert response.headers["x-request-id"]
    assert await received(server) == content


async def test_a_body_in_chunks_is_received(server: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(LONG), 100_001):
            yield LONG[start : start + 100_001]

    response = await server.http.put(await upload_url(server, LONG), content=chunks())

    assert response.status_code == 200
    assert await received(server) == LONG


async def test_bytes_that_were_received_are_not_received_again(server: Served) -> None:
    url = await upload_url(server)
    await server.http.put(url, content=PDF)

    again = await server.http.put(url, content=PDF[::-1])

    assert refusal(again) == (409, "BAD_USER_INPUT")
    assert await received(server) == PDF


async def test_an_upload_that_has_ended_takes_nothing(server: Served) -> None:
    async def none_is_open(upload_id: str) -> bool:
        assert upload_id == "upload_1"
        return False

    files_of(server).is_open = none_is_open
    url = await upload_url(server)

    assert refusal(await server.http.put(url, content=PDF)) == (409, "BAD_USER_INPUT")
    assert (await server.http.head(url)).status_code == 409
    assert await received(server) is None


async def test_a_database_that_can_not_tell_is_unavailable(server: Served) -> None:
    async def nobody_knows(upload_id: str) -> bool:
        raise Unavailable("The database can't be reached.")

    files_of(server).is_open = nobody_knows

    response = await server.http.put(await upload_url(server), content=PDF)

    assert refusal(response) == (503, "UNAVAILABLE")
    assert await received(server) is None


@pytest.mark.parametrize("change", [b"!", b""], ids=["longer", "shorter"])
async def test_another_size_than_announced_is_refused(server: Served, change: bytes) -> None:
    content = PDF + change if change else PDF[:-1]
    url = await upload_url(server)

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    announced = await server.http.put(url, content=content)
    unannounced = await server.http.put(url, content=chunks())

    assert refusal(announced) == (400, "BAD_USER_INPUT")
    assert refusal(unannounced) == (413 if change else 400, "BAD_USER_INPUT")
    assert await received(server) in (None, b"", PDF[:-1])
    assert (await server.http.put(url, content=PDF)).status_code == 200
    assert await received(server) == PDF


# In parts


async def test_parts_are_put_together(server: Served) -> None:
    url, size = await upload_url(server, LONG), len(LONG)
    for start in range(0, size, MEBIBYTE):
        part = LONG[start : start + MEBIBYTE]
        place = f"bytes {start}-{start + len(part) - 1}/{size}"
        response = await server.http.put(url, content=part, headers={"Content-Range": place})
        is_last = start + len(part) == size
        assert response.status_code == (200 if is_last else 308)
        assert response.headers["range"] == f"bytes=0-{start + len(part) - 1}"

    assert await received(server) == LONG


async def test_a_client_asks_how_much_has_come(server: Served) -> None:
    url, ask = await upload_url(server), {"Content-Range": f"bytes */{len(PDF)}"}

    before = await server.http.put(url, headers=ask)
    nothing = await server.http.head(url)
    await server.http.put(url, content=PDF[:5], headers={"Content-Range": f"bytes 0-4/{len(PDF)}"})
    between = await server.http.put(url, headers=ask)
    five = await server.http.head(url)
    await server.http.put(
        url, content=PDF[5:], headers={"Content-Range": f"bytes 5-{len(PDF) - 1}/*"}
    )
    after = await server.http.put(url, headers=ask)

    assert [each.status_code for each in (before, between, after)] == [308, 308, 200]
    assert "range" not in before.headers
    assert between.headers["range"] == "bytes=0-4"
    assert (nothing.status_code, nothing.headers["upload-offset"]) == (200, "0")
    assert (five.headers["upload-offset"], five.headers["upload-length"]) == ("5", str(len(PDF)))
    assert five.headers["cache-control"] == "no-store"


async def test_a_part_in_the_wrong_place_is_told_the_right_one(server: Served) -> None:
    url, size = await upload_url(server), len(PDF)
    await server.http.put(url, content=PDF[:5], headers={"Content-Range": f"bytes 0-4/{size}"})

    for start in (3, 6):
        wrong = await server.http.put(
            url, content=PDF[start:], headers={"Content-Range": f"bytes {start}-{size - 1}/{size}"}
        )
        assert refusal(wrong) == (409, "BAD_USER_INPUT")
        assert wrong.headers["upload-offset"] == "5"
    assert await received(server) == PDF[:5]


async def test_a_whole_body_begins_anew(server: Served) -> None:
    url = await upload_url(server)
    await server.http.put(url, content=b"wrong", headers={"Content-Range": f"bytes 0-4/{len(PDF)}"})

    assert (await server.http.put(url, content=PDF)).status_code == 200
    assert await received(server) == PDF


@pytest.mark.parametrize(
    "place",
    [
        "bytes 0-4",
        "bytes 4-0/19",
        "bytes 0-19/19",
        "bytes 0-4/20",
        "bytes 0-3/19",
        "bytes -4/19",
        "bytes */19",
        "items 0-4/19",
        "bytes 0-99999999999999999999/19",
        "nonsense",
    ],
)
async def test_a_place_that_makes_no_sense_is_refused(server: Served, place: str) -> None:
    assert len(PDF) == 19

    response = await server.http.put(
        await upload_url(server), content=PDF[:5], headers={"Content-Range": place}
    )

    assert refusal(response) == (400, "BAD_USER_INPUT")
    assert await received(server) in (None, b"")


async def test_a_client_that_vanishes_goes_on_later(server: Served) -> None:
    """In the middle of a large body."""
    url = await upload_url(server, LONG)
    sent = asyncio.Event()

    async def broken_off() -> AsyncIterator[bytes]:
        yield LONG[:MEBIBYTE]
        sent.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(server.http.put(url, content=broken_off()))
    await sent.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    await server.idle()

    offset = int((await server.http.head(url)).headers["upload-offset"])
    rest = await server.http.put(
        url,
        content=LONG[offset:],
        headers={"Content-Range": f"bytes {offset}-{len(LONG) - 1}/{len(LONG)}"},
    )
    assert rest.status_code == 200
    assert await received(server) == LONG


async def test_two_who_upload_at_once_do_not_mix(server: Served) -> None:
    url = await upload_url(server, LONG)
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield LONG[:MEBIBYTE]
        is_begun.set()
        await may_end.wait()
        yield LONG[MEBIBYTE:]

    first = asyncio.create_task(server.http.put(url, content=slowly()))
    await is_begun.wait()
    while not await received(server):  # noqa: ASYNC110
        await asyncio.sleep(0)
    second = await server.http.put(url, content=LONG)
    may_end.set()

    assert refusal(second) == (503, "UNAVAILABLE")
    assert second.headers["retry-after"]
    assert (await first).status_code == 200
    assert await received(server) == LONG


# Who may


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size=19", "size=20"),
        ("upload_1", "upload_2"),
        ("application", "text"),
        ("signature=", "signature=A"),
        ("signature=", "s="),
        ("expires=1", "expires=2"),
    ],
)
async def test_only_signed_addresses_take_uploads(server: Served, old: str, new: str) -> None:
    url = await upload_url(server)
    assert old in url

    response = await server.http.put(url.replace(old, new, 1), content=PDF)

    assert refusal(response) == (403, "FORBIDDEN")
    assert await received(server) is None


async def test_an_address_ends(server: Served) -> None:
    url = await upload_url(server, expires_at=in_a_while(-1))

    assert refusal(await server.http.put(url, content=PDF)) == (403, "FORBIDDEN")
    assert (await server.http.head(url)).status_code == 403


async def test_other_methods_are_refused(server: Served) -> None:
    url = await upload_url(server)

    for method in ("POST", "DELETE", "PATCH"):
        assert (await server.http.request(method, url)).status_code == 405


async def test_other_host_names_are_refused(server: Served) -> None:
    response = await server.http.put(
        await upload_url(server), content=PDF, headers={"Host": "evil.example"}
    )

    assert response.status_code == 400
    assert await received(server) is None


async def test_compressed_bodies_are_refused(server: Served) -> None:
    response = await server.http.put(
        await upload_url(server), content=PDF, headers={"Content-Encoding": "gzip"}
    )

    assert refusal(response) == (415, "BAD_USER_INPUT")
    assert await received(server) is None


async def test_pages_of_allowed_origins_upload(serve: Serve, tmp_path: Path) -> None:
    server = await serving_files(serve, tmp_path, cors_origins=("https://app.example",))
    url, origin = await upload_url(server), {"Origin": "https://app.example"}

    asked = await server.http.options(
        url,
        headers={
            **origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type, content-range",
        },
    )
    response = await server.http.put(url, content=PDF, headers=origin)

    assert asked.status_code == 200
    assert "PUT" in asked.headers["access-control-allow-methods"]
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    assert "Upload-Offset" in response.headers["access-control-expose-headers"]


# Limits


@asynccontextmanager
async def uploading(server: Served, begin: bytes) -> AsyncIterator[Wire]:
    """A client that has sent the beginning of `LONG`, and reads responses while it sends."""
    url = urlsplit(await upload_url(server, LONG))
    async with wired(url.netloc) as wire:
        await wire.send(
            f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
            f"Content-Length: {len(LONG)}\r\n\r\n".encode(),
            begin,
        )
        yield wire


async def trickle(wire: Wire) -> None:
    while True:
        await wire.send(b"x")
        await asyncio.sleep(0.1)


async def test_a_client_that_sends_nothing_is_let_go(serve: Serve, tmp_path: Path) -> None:
    server = await serving_files(serve, tmp_path, files=FileLimits(pause_seconds=1))

    async with uploading(server, LONG[:1000]) as client:
        response = await client.response()

    assert (response.status, response.code) == (408, "LIMIT_EXCEEDED")
    assert await received(server) == LONG[:1000]


async def test_a_client_that_trickles_is_let_go(serve: Serve, tmp_path: Path) -> None:
    """One byte, now and then, would hold the connection for hours."""
    server = await serving_files(serve, tmp_path, files=FileLimits(pause_seconds=1))

    async with uploading(server, b"") as client, meanwhile(trickle(client)):
        response = await client.response()

    assert (response.status, response.code) == (408, "LIMIT_EXCEEDED")


async def test_an_upload_takes_only_so_long(serve: Serve, tmp_path: Path) -> None:
    server = await serving_files(serve, tmp_path, files=FileLimits(upload_seconds=1))

    async with uploading(server, LONG[:MEBIBYTE]) as client, meanwhile(trickle(client)):
        response = await client.response()

    assert (response.status, response.code) == (408, "LIMIT_EXCEEDED")


async def test_uploads_take_little_of_the_memory_of_requests(serve: Serve, tmp_path: Path) -> None:
    server = await serving_files(serve, tmp_path, pending_bytes=2 * MEBIBYTE, body_bytes=1024)

    response = await server.http.put(await upload_url(server, LONG), content=LONG)

    assert response.status_code == 200


async def test_without_memory_an_upload_waits_outside(serve: Serve, tmp_path: Path) -> None:
    server = await serving_files(serve, tmp_path, pending_bytes=1024)

    response = await server.http.put(await upload_url(server), content=PDF)

    assert refusal(response) == (503, "LIMIT_EXCEEDED")


async def test_a_store_that_is_full_is_unavailable(server: Served) -> None:
    store = files_of(server).store

    async def full(*_: object) -> int:
        raise StoreFull

    store.append = full  # type: ignore[attr-defined]

    response = await server.http.put(await upload_url(server), content=PDF)

    assert refusal(response) == (503, "UNAVAILABLE")
    assert response.json()["errors"][0]["message"] == "The file store is full."


@pytest.mark.parametrize("is_asked", [False, True])
async def test_without_files_nothing_is_imported_or_exported(serve: Serve, is_asked: bool) -> None:
    """What would be started waited for ever."""
    without = await serve(
        persistence_mode="db", database_url="postgresql://nobody@localhost/nothing"
    )
    starts = {
        "startImport": {"fileId": "file-1", "entity": "DRAFT", "validateOnly": is_asked},
        "startExport": {"entity": "DRAFT", "validateOnly": is_asked},
    }

    for name, input in starts.items():
        type_ = f"{name[0].upper()}{name[1:]}Input"
        query = f"mutation ($input: {type_}!) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
        error = await without.api.fail(query, input=input)
        assert (error["code"], error["message"]) == (
            "UNAVAILABLE",
            "Nothing is imported or exported here: no files are kept.",
        )


async def test_without_files_there_are_no_addresses(serve: Serve, server: Served) -> None:
    url = await upload_url(server)
    without = await serve(
        persistence_mode="db", database_url="postgresql://nobody@localhost/nothing"
    )

    response = await server.http.put(url.replace(server.address, without.address), content=PDF)

    assert without.service.files is None
    assert refusal(response) == (404, "BAD_USER_INPUT")
