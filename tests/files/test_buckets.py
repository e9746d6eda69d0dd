"""Buckets: how they are opened, what clients may do there by themselves, and when they fail."""

import asyncio
import base64
import hashlib
import json
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from files.buckets import open_bucket
from files.objects import CHUNK_BYTES, ObjectStore, SigningObjectStore
from files.opening import FilesUrlError, check_url
from files.service import signs
from files.store import FileStoreError, content_key, upload_key
from tests.files.contents import (
    block,
    blocks,
    broken_off,
    key_of,
    keys,
    parts,
    read,
    sha256_of,
    sha256_of_blocks,
)
from tests.files.test_presigners import private_key
from tests.support.moto import BUCKET, CREDENTIALS, variables_of

ABC = b"abcdefghij"
SHA256 = hashlib.sha256(ABC).hexdigest()
KEY = content_key(SHA256)
BY_ACCOUNT = {
    "AZURE_STORAGE_ACCOUNT_NAME": "agency",
    "AZURE_STORAGE_ACCOUNT_KEY": base64.b64encode(b"k" * 64).decode(),
}


def opened(
    monkeypatch: pytest.MonkeyPatch, url: str, variables: dict[str, str], **options: Any
) -> ObjectStore:
    """The store, in an environment that has nothing else of the providers."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_")):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return open_bucket(url, os.environ, **{"seconds": 1, **options})


# Clients and the bucket, without us


async def test_a_client_uploads_to_the_bucket(bucket: ObjectStore) -> None:
    assert signs(bucket)
    request = await bucket.sign_upload(
        upload_key("u"), size=10, sha256=SHA256, media_type="text/plain", seconds=60
    )

    async with httpx.AsyncClient() as http:
        response = await http.request(
            request.method, request.url, headers=list(request.headers), content=ABC
        )

    assert response.status_code == 200
    assert await read(bucket, upload_key("u")) == ABC
    assert await bucket.move(upload_key("u"), KEY)


async def test_a_bucket_takes_an_upload_once(bucket: ObjectStore) -> None:
    assert signs(bucket)
    request = await bucket.sign_upload(
        upload_key("u"), size=10, sha256=SHA256, media_type="text/plain", seconds=60
    )
    async with httpx.AsyncClient() as http:
        for _ in range(2):
            response = await http.request(
                request.method, request.url, headers=list(request.headers), content=ABC
            )

    assert response.status_code == 412


async def test_a_client_downloads_from_the_bucket(bucket: ObjectStore) -> None:
    await bucket.put_if_absent(KEY, parts(ABC))
    assert signs(bucket)
    url = await bucket.sign_download(
        KEY, media_type="text/csv", disposition='attachment; filename="a b.csv"', seconds=60
    )

    async with httpx.AsyncClient() as http:
        response = await http.get(url)
        some = await http.get(url, headers={"Range": "bytes=2-4"})

    assert response.content == ABC
    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["content-disposition"] == 'attachment; filename="a b.csv"'
    assert (some.status_code, some.content) == (206, ABC[2:5])


async def test_prefixes_are_apart(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = variables_of(s3)
    one = opened(monkeypatch, f"s3://{BUCKET}/apart/one", variables, seconds=20)
    other = opened(monkeypatch, f"s3://{BUCKET}/apart/other/", variables, seconds=20)

    await one.put_if_absent(KEY, parts(ABC))

    assert await other.stat(KEY) is None
    assert await keys(one, "") == [KEY]
    assert await keys(other, "") == []


# In parts


async def test_as_many_parts_as_five_gibibytes_have_are_put_together(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, size = 5 * 1024**3 // CHUNK_BYTES, 4096
    key = f"content/ab/{sha256_of_blocks(count, size)}"
    store = opened(
        monkeypatch, f"s3://{BUCKET}/parts", variables_of(s3), seconds=20, chunk_bytes=size
    )

    assert await store.put_if_absent(key, blocks(count, size))

    found = await store.stat(key)
    assert found is not None
    assert found.size == count * size
    assert await sha256_of(store, key) == sha256_of_blocks(count, size)


async def test_content_that_breaks_off_leaves_no_parts(s3: str, bucket: ObjectStore) -> None:
    with pytest.raises(ConnectionResetError):
        await bucket.put_if_absent(KEY, broken_off(*(block(number) for number in range(6))))

    async with httpx.AsyncClient() as http:
        listed = await http.get(f"{s3}/{BUCKET}?uploads")
    assert listed.status_code == 200
    assert "<Upload>" not in listed.text


# Opening


def test_who_has_keys_signs_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    account = json.dumps(
        {
            "type": "service_account",
            "client_email": "files@agency.example",
            "private_key": private_key(),
            "private_key_id": "1",
        }
    )
    for url, variables in (
        ("s3://agency", CREDENTIALS),
        ("gs://agency/a", {"GOOGLE_SERVICE_ACCOUNT_KEY": account}),
        ("az://files/a/b", BY_ACCOUNT),
    ):
        assert isinstance(opened(monkeypatch, url, variables), SigningObjectStore)


def test_roles_have_no_keys_to_sign_with(monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(monkeypatch, "s3://agency", {"AWS_REGION": "eu-central-1"})

    assert not signs(store)


@pytest.mark.parametrize(
    ("url", "variables", "expected"),
    [
        ("s3://agency/a", CREDENTIALS, "https://s3.eu-central-1.amazonaws.com/agency/a/"),
        (
            "s3://agency/a",
            {**CREDENTIALS, "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true"},
            "https://agency.s3.eu-central-1.amazonaws.com/a/",
        ),
        (
            "s3://agency",
            {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": "https://minio.example"},
            "https://minio.example/agency/",
        ),
        ("az://files/a b", BY_ACCOUNT, "https://agency.blob.core.windows.net/files/a%20b/"),
    ],
)
async def test_addresses_are_where_the_bucket_is(
    monkeypatch: pytest.MonkeyPatch, url: str, variables: dict[str, str], expected: str
) -> None:
    store = opened(monkeypatch, url, variables)
    assert signs(store)

    signed = await store.sign_download(KEY, media_type="a/b", disposition="inline", seconds=1)

    assert signed.partition("?")[0] == expected + KEY


async def test_clients_may_reach_the_bucket_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    store = opened(
        monkeypatch,
        "s3://agency/a",
        {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"},
        public_endpoint="https://files.example/",
    )
    assert signs(store)

    signed = await store.sign_download(KEY, media_type="a/b", disposition="inline", seconds=1)

    assert signed.startswith(f"https://files.example/agency/a/{KEY}?")


@pytest.mark.parametrize("url", ["s3://agency", "s3://agency/a/b", "gs://a", "az://c/p"])
def test_buckets_are_named_by_urls(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("agency", "must be a URL of file://, s3://, gs://, az://"),
        ("ftp://agency", "must be a URL of file://"),
        ("s3:agency", "must be s3://, a bucket"),
        ("s3:///a", "must be s3://, a bucket"),
        ("s3://key:secret@agency", "credentials and endpoints belong"),
        ("s3://agency:9000/a", "credentials and endpoints belong"),
        ("s3://agency:nonsense", "is no URL"),
        ("s3://agency?region=x", "must have no ?"),
        ("file://elsewhere/a", "the absolute path of a folder"),
        ("file:///", "the absolute path of a folder"),
        ("file:///a?b", "must have no ?"),
    ],
)
def test_what_names_no_store_is_refused(url: str, problem: str) -> None:
    with pytest.raises(FilesUrlError) as refused:
        check_url(url)

    assert problem in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "variables", "problem"),
    [
        ("s3://a", {"AWS_ACCESS_KEY_ID": "x"}, "Missing SecretAccessKey"),
        (
            "s3://a",
            {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://minio.example"},
            "AWS_ENDPOINT_URL must be of https",
        ),
        ("gs://a", {"GOOGLE_SERVICE_ACCOUNT_KEY": "{}"}, "service account"),
        ("gs://a", {"GOOGLE_SERVICE_ACCOUNT": "/nowhere/a.json"}, "service account"),
        ("az://a", {}, "Account must be specified"),
        ("az://a", {**BY_ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": "!"}, "Invalid Access Key"),
    ],
)
def test_what_can_not_work_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str, variables: dict[str, str], problem: str
) -> None:
    with pytest.raises(FilesUrlError) as refused:
        opened(monkeypatch, url, variables)

    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_endpoint_of_http_has_to_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://minio:9000", "AWS_ALLOW_HTTP": "true"}

    assert signs(opened(monkeypatch, "s3://agency", variables))


async def test_a_bucket_that_is_not_there_is_refused(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(monkeypatch, "s3://nobodys", variables_of(s3), seconds=20)

    with pytest.raises(FilesUrlError, match="there is no such bucket"):
        await store.require_access()


async def test_a_bucket_that_is_there_is_accepted(bucket: ObjectStore) -> None:
    await bucket.require_access()


# Out of reach


@pytest.fixture
def silent() -> Iterator[str]:
    """Takes connections, and answers nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """Nobody listens there."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture(params=["silent", "closed"])
def out_of_reach(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    address: str = request.getfixturevalue(request.param)
    return opened(monkeypatch, "s3://agency/hidden", variables_of(address))


async def test_a_bucket_out_of_reach_fails_in_time(
    out_of_reach: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    store = out_of_reach
    began = monotonic()
    with caplog.at_level(logging.WARNING):
        failed = await asyncio.gather(
            store.put_if_absent(KEY, parts(ABC)),
            store.stat(KEY),
            read(store, KEY),
            store.delete(KEY),
            keys(store, "content/"),
            store.move(upload_key("u"), KEY),
            return_exceptions=True,
        )

    assert [type(each) for each in failed] == [FileStoreError] * 6
    assert monotonic() - began < 30
    for each in failed:
        assert str(each) == FileStoreError.message
    assert CREDENTIALS["AWS_SECRET_ACCESS_KEY"] not in caplog.text
    assert all("\n" not in record.getMessage() for record in caplog.records)


async def test_a_server_starts_while_the_bucket_is_out_of_reach(
    out_of_reach: ObjectStore,
) -> None:
    await out_of_reach.require_access()


async def test_signing_asks_nobody(out_of_reach: ObjectStore) -> None:
    assert signs(out_of_reach)
    url = await out_of_reach.sign_download(KEY, media_type="a/b", disposition="x", seconds=5)

    assert KEY in url


# Killed


async def test_a_broken_upload_leaves_nothing_to_be_read(bucket: ObjectStore) -> None:
    """What a killed process leaves of it are parts, which no key leads to."""
    script = Path(__file__).parent / "killed_bucket_writer.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        "s3://agency/killed",
        key_of(ABC),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"writing\n"
    process.kill()
    await process.wait()

    store = open_bucket("s3://agency/killed", os.environ, seconds=20)
    assert await keys(store, "") == []
