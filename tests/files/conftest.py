"""Each kind of store, with nothing in it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from files.buckets import open_bucket
from files.memory import MemoryStore
from files.objects import ObjectStore
from files.opening import open_folder
from files.store import FileStore
from tests.support.moto import BUCKET, moto_server, variables_of


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3."""
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as address:
        yield address


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """A store in a bucket, below a prefix of its own, with small parts."""
    for name, value in variables_of(s3).items():
        monkeypatch.setenv(name, value)
    url = f"s3://{BUCKET}/{token_hex(8)}"
    return open_bucket(url, os.environ, seconds=20, chunk_bytes=1024 * 1024)


@pytest.fixture(params=["memory", "folder", "bucket"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FileStore]:
    kind: str = request.param
    opened: FileStore
    if kind == "memory":
        opened = MemoryStore()
    elif kind == "folder":
        opened = open_folder(tmp_path / "files")
    else:
        opened = request.getfixturevalue("bucket")
    yield opened
    await opened.close()
