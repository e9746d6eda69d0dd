"""Archives from the server: whole, in ranges, by conditions, and cut off without all bytes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import content_disposition_filename, parse_content_disposition

from files.folder import FolderStore
from files.memory import MemoryStore
from files.store import FileStoreError, content_key
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from tests import builders as build
from tests.http.conftest import Serve
from tests.http.files import download_url, files_of, in_a_while, keep
from tests.support.serving import Served, until

LETTER, LONG = b"A letter.", b"0123456789abcdef" * 300_000


@pytest.fixture
def storage() -> Storage:
    return create_storage(PersistenceMode.INMEMORY)


@pytest.fixture(params=["folder", "memory"])
async def server(
    request: pytest.FixtureRequest, serve: Serve, storage: Storage, tmp_path: Path
) -> Served:
    """A server with a package of two files."""
    return await serving(serve, storage, tmp_path, request.param)


async def serving(
    serve: Serve, storage: Storage, folder: Path, kind: str = "memory", **settings: Any
) -> Served:
    if kind == "folder":
        settings |= {
            "persistence_mode": PersistenceMode.DB,
            "files_url": f"file://{folder}/files",
            "token_peppers": (f"p1:{'a' * 32}",),
        }
    server = await serve(storage, **settings)
    contents = {"1": LETTER, "2": LONG}
    hashes = {key: await keep(server, content) for key, content in contents.items()}

    async def store(unit: UnitOfWork) -> None:
        for key, sha256 in hashes.items():
            given = {"sha256": sha256, "size": len(contents[key]), "name": f"{key} é.txt"}
            await unit.files.save(build.file(key, **given))
        artifacts = (
            build.artifact("a", url=None, file_id="1"),
            build.artifact("b", url=None, file_id="2", position=1),
        )
        await unit.delivery_packages.save(build.package("p/1", artifacts=artifacts))

    async with storage.as_(build.caller()).read() as snapshot:
        is_new = await snapshot.delivery_packages.get("p/1") is None
    if is_new:
        await storage.as_(build.caller()).write(store)
    return server


def archive_url(server: Served, **changes: Any) -> str:
    said = {"client_id": None, "has_verdicts": True, "expires_at": in_a_while(), **changes}
    package_id, revision = said.pop("package_id", "p/1"), said.pop("revision", 1)
    base = f"http://{server.address}"
    return files_of(server).signer.sign_archive(package_id, revision, base=base, **said)


def refusal(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


async def test_an_archive_is_downloaded(server: Served) -> None:
    response = await server.http.get(archive_url(server))

    assert response.status_code == 200
    assert response.headers["content-length"] == str(len(response.content))
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    assert archive.namelist() == ["manifest.json", "1 é.txt", "2 é.txt"]
    assert (archive.read("1 é.txt"), archive.read("2 é.txt")) == (LETTER, LONG)
    assert json.loads(archive.read("manifest.json"))["packageId"] == "p/1"


@pytest.mark.parametrize("of", ["a file", "an archive"])
async def test_an_address_is_answered_as_often_as_a_caller_is(
    serve: Serve, storage: Storage, tmp_path: Path, of: str
) -> None:
    server = await serving(serve, storage, tmp_path, rate_limit_requests=2)
    of_file = await download_url(server, LETTER)
    url = archive_url(server) if of == "an archive" else of_file
    another = of_file if of == "an archive" else archive_url(server)

    statuses = [(await server.http.head(url)).status_code for _ in range(2)]
    refused = await server.http.get(url)

    assert statuses == [200, 200]
    assert refusal(refused) == (429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit-policy"] == '"signed";q=2;w=60'
    assert (await server.http.get(another)).status_code == 200


async def test_the_answer_says_what_it_is(server: Served) -> None:
    headers = (await server.http.get(archive_url(server))).headers

    assert headers["content-type"] == "application/zip"
    _, parameters = parse_content_disposition(headers["content-disposition"])
    assert content_disposition_filename(parameters) == "p_1-v1.zip"
    assert headers["content-disposition"].startswith("attachment;")
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"].startswith("private, max-age=")


async def test_it_is_the_same_each_time_and_after_a_restart(
    serve: Serve, storage: Storage, tmp_path: Path
) -> None:
    responses = []
    for _ in range(2):
        server = await serving(serve, storage, tmp_path, "folder")
        responses += [await server.http.get(archive_url(server)) for _ in range(2)]
    in_memory = await serving(serve, storage, tmp_path)
    responses.append(await in_memory.http.get(archive_url(in_memory)))

    assert len({response.content for response in responses}) == 1
    assert len({response.headers["etag"] for response in responses}) == 1


async def test_head_tells_the_same_without_the_content(server: Served) -> None:
    url = archive_url(server)

    got, head = await server.http.get(url), await server.http.head(url)

    changing = {"date", "x-request-id", "cache-control"}
    assert head.content == b""
    assert {name: value for name, value in head.headers.items() if name not in changing} == {
        name: value for name, value in got.headers.items() if name not in changing
    }


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 4), (100, 900), (2_000_000, 4_000_000), (-50, None), (1_000, None)]
)
async def test_a_range_is_that_part_of_the_archive(
    server: Served, start: int, stop: int | None
) -> None:
    url = archive_url(server)
    whole = (await server.http.get(url)).content
    given = f"bytes={start}" if start < 0 else f"bytes={start}-{stop - 1 if stop else ''}"

    response = await server.http.get(url, headers={"Range": given})

    assert (response.status_code, response.content) == (206, whole[start:stop])
    assert response.headers["content-range"].endswith(f"/{len(whole)}")


async def test_a_download_goes_on_where_it_broke_off(server: Served) -> None:
    url = archive_url(server)
    first = await server.http.get(url, headers={"Range": "bytes=0-999999"})
    given = {"Range": "bytes=1000000-", "If-Range": first.headers["etag"]}

    rest = await server.http.get(url, headers=given)

    assert rest.status_code == 206
    assert zipfile.ZipFile(io.BytesIO(first.content + rest.content)).testzip() is None


async def test_conditions_are_respected(server: Served) -> None:
    url = archive_url(server)
    etag = (await server.http.head(url)).headers["etag"]

    async def status(**headers: str) -> int:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await server.http.get(url, headers=given)).status_code

    assert await status(If_None_Match=etag) == 304
    assert await status(If_None_Match='"other"') == 200
    assert await status(If_Match='"other"') == 412
    assert await status(Range="bytes=0-9", If_Range='"other"') == 200
    assert await status(Range="bytes=99999999-") == 416


# Who may, and what isn't there


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("package=p", "package=q"),
        ("revision=1", "revision=2"),
        ("revision=1", "revision=1&client=a"),
        ("client=a", "client=b"),
        ("&client=a", ""),
        ("verdicts=0", "verdicts=1"),
        ("expires=1", "expires=2"),
        ("p_1-v1.zip", "p_1-v2.zip"),
        ("signature=", "signature=A"),
    ],
)
async def test_only_signed_addresses_are_answered(server: Served, old: str, new: str) -> None:
    urls = [archive_url(server, client_id=id, has_verdicts=False) for id in (None, "a")]
    [url, *_] = [url for url in urls if old in url]

    assert refusal(await server.http.get(url.replace(old, new, 1))) == (403, "FORBIDDEN")


async def test_an_address_ends(server: Served) -> None:
    url = archive_url(server, expires_at=in_a_while(-1))

    assert refusal(await server.http.get(url)) == (403, "FORBIDDEN")


async def test_a_version_that_is_not_there_is_not_found(server: Served) -> None:
    for changes in ({"revision": 2}, {"package_id": "another"}):
        response = await server.http.get(archive_url(server, **changes))
        assert refusal(response) == (404, "BAD_USER_INPUT")


async def test_no_archive_begins_without_its_first_file(server: Served) -> None:
    url = archive_url(server)
    await server.http.get(url)
    await files_of(server).store.delete(content_key(build.sha256_of(LETTER)))

    assert refusal(await server.http.get(url)) == (404, "BAD_USER_INPUT")
    assert (await server.http.head(url)).status_code == 404


async def test_a_store_that_fails_is_told_before_the_first_byte(
    serve: Serve, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serving(serve, storage, tmp_path)
    url = archive_url(server)
    await server.http.get(url)

    async def fails(*_: object) -> None:
        raise FileStoreError

    monkeypatch.setattr(MemoryStore, "stat", fails)

    response = await server.http.get(url)
    assert refusal(response) == (503, "UNAVAILABLE")
    assert response.headers["retry-after"] == "5"


async def test_an_archive_without_all_bytes_is_cut_off(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    url = archive_url(server)
    await server.http.get(url)
    key = content_key(build.sha256_of(LONG))
    store = files_of(server).store

    async def without(content: bytes | None) -> None:
        """Ask for the archive, with this content in place of the last file."""
        await store.delete(key)
        if content is not None:
            await store.put_if_absent(key, whole(content))
        with pytest.raises(httpx.RemoteProtocolError):
            await server.http.get(url)

    await without(None)
    await without(LONG[:-1])
    await without(b"x" + LONG[1:])
    await server.idle()

    cut_off = [record for record in caplog.records if "was cut off" in record.getMessage()]
    assert len(cut_off) == 3
    caplog.clear()


async def whole(content: bytes) -> Any:
    yield content


async def test_a_client_that_vanishes_leaves_nothing_open(
    serve: Serve, storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serving(serve, storage, tmp_path, "folder")
    url = archive_url(server)
    await server.http.get(url)
    reading = FolderStore.read
    ended = []

    async def noted(self: FolderStore, *given: Any) -> Any:
        try:
            async for part in reading(self, *given):
                yield part
        finally:
            ended.append(given)

    monkeypatch.setattr(FolderStore, "read", noted)
    async with server.http.stream("GET", url) as response:
        async for _ in response.aiter_bytes():
            break

    await server.idle()
    await until(lambda: bool(ended))
