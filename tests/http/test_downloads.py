"""Downloads from the server: whole, ranges, conditions, and nothing that runs in a browser."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from aiohttp import content_disposition_filename, parse_content_disposition

from domain.callers import Caller
from domain.errors import NotAllowed
from files.store import content_key
from tests.http.conftest import Serve
from tests.http.files import (
    PDF,
    download_url,
    files_of,
    in_a_while,
    keep,
    serving_files,
)
from tests.support.serving import Served, until

LONG = hashlib.sha256(b"x").digest() * 200_000
ETAG = f'"{hashlib.sha256(PDF).hexdigest()}"'


@pytest.fixture(params=["folder", "memory"])
async def server(request: pytest.FixtureRequest, serve: Serve, tmp_path: Path) -> Served:
    return await serving_files(serve, tmp_path, request.param)


def refusal(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


# Whole


@pytest.mark.parametrize("content", [PDF, b"", LONG], ids=["small", "empty", "large"])
async def test_content_is_downloaded(server: Served, content: bytes) -> None:
    response = await server.http.get(await download_url(server, content))

    assert response.status_code == 200
    assert response.content == content
    assert response.headers["content-length"] == str(len(content))


async def test_a_connection_goes_on_after_a_download(server: Served) -> None:
    """Though the system sent the body, past all that counts bytes."""
    url = await download_url(server, LONG)
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1)) as http:
        for _ in range(3):
            assert (await http.get(url)).content == LONG
            assert (await http.get(url, headers={"Range": "bytes=5-9"})).content == LONG[5:10]
            assert (await http.head(url)).headers["content-length"] == str(len(LONG))
    assert len(server.state.connections) <= 1


async def test_the_response_says_what_it_is(server: Served) -> None:
    response = await server.http.get(await download_url(server))

    headers = response.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"] == 'attachment; filename="brochure.pdf"'
    assert headers["etag"] == ETAG
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["referrer-policy"] == "no-referrer"
    private, age, immutable = headers["cache-control"].split(", ")
    assert (private, immutable) == ("private", "immutable")
    assert 290 <= int(age.removeprefix("max-age=")) <= 300
    assert headers["repr-digest"].startswith("sha-256=:")
    assert headers["x-request-id"]


async def test_head_tells_the_same_without_the_content(server: Served) -> None:
    url = await download_url(server)

    got, head = await server.http.get(url), await server.http.head(url)

    changing = {"date", "x-request-id", "cache-control"}
    assert head.content == b""
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in got.headers.items() if name not in changing
    }


async def test_what_is_not_kept_any_more_is_not_found(server: Served) -> None:
    url = await download_url(server)
    await files_of(server).store.delete(content_key(ETAG.strip('"')))

    assert refusal(await server.http.get(url)) == (404, "BAD_USER_INPUT")
    assert (await server.http.head(url)).status_code == 404


# Conditions and ranges


@pytest.mark.parametrize(
    ("given", "status", "content"),
    [
        ("bytes=0-4", 206, PDF[:5]),
        ("bytes=5-", 206, PDF[5:]),
        ("bytes=-4", 206, PDF[-4:]),
        ("bytes=-400", 206, PDF),
        ("bytes=0-", 206, PDF),
        ("bytes=18-18", 206, PDF[18:]),
        ("bytes=10-1000", 206, PDF[10:]),
        ("bytes=0-0,5-6", 200, PDF),
        ("bytes=5-4", 200, PDF),
        ("bytes=-", 200, PDF),
        ("bytes=a-b", 200, PDF),
        ("items=0-4", 200, PDF),
        ("bytes=0-99999999999999999999999", 200, PDF),
    ],
)
async def test_a_range_is_what_was_asked_for(
    server: Served, given: str, status: int, content: bytes
) -> None:
    response = await server.http.get(await download_url(server), headers={"Range": given})

    assert (response.status_code, response.content) == (status, content)
    if status == 206:
        start = PDF.index(content)
        place = f"bytes {start}-{start + len(content) - 1}/{len(PDF)}"
        assert response.headers["content-range"] == place


@pytest.mark.parametrize("given", ["bytes=19-", "bytes=100-200", "bytes=-0"])
async def test_a_range_beyond_the_end_is_refused(server: Served, given: str) -> None:
    response = await server.http.get(await download_url(server), headers={"Range": given})

    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["content-range"] == "bytes */19"


async def test_a_range_of_something_large_is_right(server: Served) -> None:
    url = await download_url(server, LONG)

    response = await server.http.get(url, headers={"Range": "bytes=1000000-5000000"})

    assert response.content == LONG[1_000_000:5_000_001]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f'W/{ETAG}, "other"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Match": ETAG}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": f"W/{ETAG}"}, 412),
        ({"If-Match": ETAG, "If-None-Match": ETAG}, 304),
        ({"Range": "bytes=0-4", "If-Range": ETAG}, 206),
        ({"Range": "bytes=0-4", "If-Range": '"other"'}, 200),
        ({"Range": "bytes=0-4", "If-Range": f"W/{ETAG}"}, 200),
        ({"Range": "bytes=0-4", "If-Range": "Wed, 21 Oct 2037 07:28:00 GMT"}, 200),
        ({"Range": "bytes=0-4", "If-None-Match": ETAG}, 304),
    ],
)
async def test_conditions_are_respected(
    server: Served, headers: dict[str, str], status: int
) -> None:
    response = await server.http.get(await download_url(server), headers=headers)

    assert response.status_code == status
    assert (response.content == b"") == (status in (304, 412))
    assert response.headers["etag"] == ETAG


# What a browser makes of it


@pytest.mark.parametrize(
    ("media_type", "served", "kind"),
    [
        ("text/html", "application/octet-stream", "attachment"),
        ("image/svg+xml", "application/octet-stream", "attachment"),
        ("text/javascript", "application/octet-stream", "attachment"),
        ("application/pdf", "application/pdf", "attachment"),
        ("image/png", "image/png", "inline"),
        ("text/plain", "text/plain; charset=utf-8", "inline"),
    ],
)
async def test_only_what_can_not_run_is_shown(
    server: Served, media_type: str, served: str, kind: str
) -> None:
    response = await server.http.get(await download_url(server, media_type=media_type))

    assert response.headers["content-type"] == served
    assert response.headers["content-disposition"].partition(";")[0] == kind


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "file"),
        ("a\r\nSet-Cookie: a=b", "a__Set-Cookie_ a=b"),
        ("annexe\u202efdp.exe", "annexefdp.exe"),
        ("提案 für 100%?.pdf", "提案 für 100%_.pdf"),
        ("x" * 500 + ".pdf", "x" * 196 + ".pdf"),
        ("CON.txt", "_CON.txt"),
        ('"; filename=evil.exe; "', "_; filename=evil.exe; _"),
    ],
)
async def test_hostile_names_are_harmless(server: Served, name: str, saved: str) -> None:
    url = await download_url(server, name=name)

    response = await server.http.get(url)

    assert response.status_code == 200
    _, parameters = parse_content_disposition(response.headers["content-disposition"])
    assert content_disposition_filename(parameters) == saved
    assert "set-cookie" not in response.headers


async def test_pages_of_allowed_origins_read_the_content(serve: Serve, tmp_path: Path) -> None:
    server = await serving_files(serve, tmp_path, cors_origins=("https://app.example",))

    response = await server.http.get(
        await download_url(server), headers={"Origin": "https://app.example"}
    )

    assert response.content == PDF
    assert response.headers["access-control-allow-origin"] == "https://app.example"
    assert "ETag" in response.headers["access-control-expose-headers"]


# Who may


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("size=19", "size=20"),
        ("file_1", "file_2"),
        ("brochure", "leaflet"),
        ("application", "text"),
        ("sha256=", "sha256=a"),
        ("signature=", "signature=A"),
        ("expires=1", "expires=2"),
    ],
)
async def test_only_signed_addresses_are_answered(server: Served, old: str, new: str) -> None:
    url = await download_url(server)
    assert old in url

    assert refusal(await server.http.get(url.replace(old, new, 1))) == (403, "FORBIDDEN")


async def test_an_address_ends(server: Served) -> None:
    url = await download_url(server, expires_at=in_a_while(-1))

    assert refusal(await server.http.get(url)) == (403, "FORBIDDEN")


async def test_the_address_of_a_download_takes_no_upload(server: Served) -> None:
    url = await download_url(server)

    assert (await server.http.put(url, content=PDF)).status_code == 405


async def test_other_host_names_are_refused(server: Served) -> None:
    response = await server.http.get(await download_url(server), headers={"Host": "evil.example"})

    assert response.status_code == 400


# By the id of a file


@dataclass(frozen=True, slots=True)
class Found:
    file_id: str = "file_1"
    sha256: str = ETAG.strip('"')
    name: str = "brochure.pdf"
    media_type: str = "application/pdf"
    size: int = len(PDF)


async def found(caller: Caller, file_id: str) -> Found | None:
    if file_id == "secret":
        raise NotAllowed("file", "needs another scope")
    return Found() if file_id == "file_1" else None


async def test_the_address_of_a_file_leads_to_a_signed_one(server: Served) -> None:
    files_of(server).find = found
    await keep(server, PDF)
    address = f"http://{server.address}/files"

    led = await server.http.get(f"{address}/file_1")
    followed = await server.http.get(f"{address}/file_1", follow_redirects=True)

    assert led.status_code == 307
    assert led.headers["cache-control"] == "no-store"
    assert urlsplit(led.headers["location"]).path == "/files/file_1/brochure.pdf"
    assert followed.content == PDF
    assert refusal(await server.http.get(f"{address}/file_2")) == (404, "BAD_USER_INPUT")
    assert refusal(await server.http.get(f"{address}/secret")) == (403, "FORBIDDEN")


async def test_the_address_of_a_file_needs_credentials_where_all_do(
    serve: Serve, tmp_path: Path
) -> None:
    server = await serving_files(
        serve,
        tmp_path,
        require_authentication=True,
        token_peppers=(f"p1:{'a' * 32}",),
    )
    files_of(server).find = found

    response = await server.http.get(f"http://{server.address}/files/file_1")

    assert refusal(response) == (401, "UNAUTHENTICATED")


async def test_pages_elsewhere_do_not_ask_as_the_operator(server: Served) -> None:
    files_of(server).find = found
    url = f"http://{server.address}/files/file_1"

    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert refusal(await server.http.get(url, headers=headers)) == (403, "FORBIDDEN")
    own = await server.http.get(url, headers={"Sec-Fetch-Site": "same-origin"})
    assert own.status_code == 307


# Clients that read slowly, or not


async def read_some(server: Served, url: str, count: int) -> None:
    """Ask, read so many bytes and vanish."""
    host, _, port = server.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    target = url.partition(server.address)[2]
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())
    await reader.readexactly(count)
    writer.transport.abort()


def open_content() -> list[Path]:
    opened = [each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return [each for each in opened if "content" in each.parts]


async def test_a_client_that_vanishes_leaves_nothing_open(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    url = await download_url(server, LONG)

    await asyncio.gather(*(read_some(server, url, 100_000) for _ in range(5)))
    await server.idle()

    assert open_content() == []
    assert caplog.records == []


async def test_a_client_that_reads_nothing_is_let_go(serve: Serve, tmp_path: Path) -> None:
    server = await serving_files(serve, tmp_path, write_seconds=0.3)
    content = LONG * 4  # more than the system takes for a client
    url = await download_url(server, content)
    host, _, port = server.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1000)
    target = url.partition(server.address)[2]
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {server.address}\r\n\r\n".encode())

    await until(lambda: bool(server.state.tasks))
    await server.idle()

    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(len(content))
    writer.transport.abort()


async def test_many_downloads_at_once_are_whole(server: Served) -> None:
    url = await download_url(server, LONG)

    responses = await asyncio.gather(*(server.http.get(url) for _ in range(30)))

    assert all(response.content == LONG for response in responses)
