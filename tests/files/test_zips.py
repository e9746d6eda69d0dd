"""Archives are ZIP files that common readers read, and the same bytes every time."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files.memory import MemoryStore
from files.names import unique_names
from files.store import ContentDamaged, ContentMissing, FileStore, content_key
from files.zips import KeptFile, MadeFile, Zip
from tests.files.contents import block, parts

GIBIBYTE = 1024**3
CONTENTS = (b"", b"A letter.", block(1, 700_000), block(2, 300_000))
NAMES = ("empty", "a letter.txt", "提案.pptx", "é.bin")
SHA256_OF_ARCHIVE = "fd00288440638e26dc4e9cb18473facadff161097e7de8ddcadd7e48cf917fb4"


def kept_file(path: str, content: bytes) -> KeptFile:
    sha256 = hashlib.sha256(content).hexdigest()
    return KeptFile(path, sha256, len(content), zlib.crc32(content))


def made(names: Sequence[str] = NAMES, contents: Sequence[bytes] = CONTENTS) -> Zip:
    files = [kept_file(*each) for each in zip(names, contents, strict=True)]
    return Zip([MadeFile("manifest.json", b"{}"), *files])


async def keep(store: FileStore, contents: Sequence[bytes] = CONTENTS) -> None:
    for content in contents:
        key = content_key(hashlib.sha256(content).hexdigest())
        await store.put_if_absent(key, parts(content))


async def read(archive: Zip, store: FileStore, start: int = 0, stop: int | None = None) -> bytes:
    last = archive.size if stop is None else stop
    return b"".join([part async for part in archive.read(store, start, last)])


async def test_an_archive_is_the_same_from_every_store(store: FileStore) -> None:
    await keep(store)

    content = await read(made(), store)

    assert len(content) == made().size
    assert hashlib.sha256(content).hexdigest() == SHA256_OF_ARCHIVE


@given(st.lists(st.tuples(st.text(max_size=50), st.binary(max_size=50)), max_size=10))
async def test_what_is_put_in_comes_out(entries: list[tuple[str, bytes]]) -> None:
    store, contents = MemoryStore(), [content for _, content in entries]
    await keep(store, contents)
    names = unique_names([name for name, _ in entries], taken=["manifest.json"])

    archive = zipfile.ZipFile(io.BytesIO(await read(made(names, contents), store)))

    assert archive.testzip() is None
    assert archive.namelist() == ["manifest.json", *names]
    assert [archive.read(name) for name in archive.namelist()] == [b"{}", *contents]


@given(st.data())
async def test_every_range_is_that_part_of_the_whole(data: st.DataObject) -> None:
    store = MemoryStore()
    await keep(store)
    archive = made()
    whole = await read(archive, store)
    start = data.draw(st.integers(0, archive.size))
    stop = data.draw(st.integers(start, archive.size))

    assert await read(archive, store, start, stop) == whole[start:stop]


def test_nothing_in_an_archive_depends_on_when_or_where_it_was_made() -> None:
    content = b"".join(part for part in made(contents=[b""] * 4)._parts if isinstance(part, bytes))

    for found in zipfile.ZipFile(io.BytesIO(content)).infolist():
        assert found.date_time == (1980, 1, 1, 0, 0, 0)
        assert found.compress_type == zipfile.ZIP_STORED
        assert found.external_attr >> 16 == 0o100644
        assert (found.extra, found.comment) == (b"", b"")


def test_archives_with_other_bytes_have_another_tag() -> None:
    archives = [
        made(),
        made(names=("empty", "a letter.text", "提案.pptx", "é.bin")),
        made(contents=(b"", b"A letter!", *CONTENTS[2:])),
        made(NAMES[:3], CONTENTS[:3]),
    ]

    assert len({archive.tag for archive in archives}) == 4
    assert made().tag == made().tag


class Unread(io.RawIOBase):
    """An archive whose kept files have nothing but zeros, for who reads the directory alone."""

    def __init__(self, archive: Zip) -> None:
        self._archive = archive
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._archive.size)[whence]
        return self._at

    def read(self, count: int = -1) -> bytes:
        stop = self._archive.size if count < 0 else min(self._at + count, self._archive.size)
        found = b"".join(
            bytes(last - first) if isinstance(part, KeptFile) else part[first:last]
            for part, first, last in self._archive._between(self._at, stop)
        )
        self._at = stop
        return found


LARGE = {
    "a file of 4 GiB less a byte": [4 * GIBIBYTE - 1],
    "a file of 4 GiB": [4 * GIBIBYTE],
    "a file of 5 GiB": [5 * GIBIBYTE],
    "one that begins after 4 GiB": [3 * GIBIBYTE, 2 * GIBIBYTE],
    "a large one after 4 GiB": [5 * GIBIBYTE, 6 * GIBIBYTE],
    "more than 65,535": [1] * 70_000,
}


@pytest.mark.parametrize("sizes", LARGE.values(), ids=LARGE)
def test_large_archives_are_read(sizes: Sequence[int]) -> None:
    files = [KeptFile(f"{n}", "ab", size, zlib.crc32(b"\0")) for n, size in enumerate(sizes)]

    archive = zipfile.ZipFile(Unread(Zip([*files, MadeFile("last", b"The end.")])))

    assert [found.file_size for found in archive.infolist()] == [*sizes, 8]
    assert archive.read("last") == b"The end."
    with archive.open(f"{len(sizes) - 1}") as last:
        assert last.read(1) == b"\0"


async def test_content_that_is_not_there_is_told_before_and_meanwhile(store: FileStore) -> None:
    archive = made()

    with pytest.raises(ContentMissing):
        await archive.require_first(store, 0, archive.size)
    with pytest.raises(ContentMissing):
        await read(archive, store)


@pytest.mark.parametrize(
    "damaged", [block(3, 700_000), block(1, 699_999)], ids=["other bytes", "fewer bytes"]
)
async def test_damaged_content_never_comes_whole(damaged: bytes) -> None:
    store, archive = MemoryStore(), made()
    await keep(store)
    key = content_key(hashlib.sha256(CONTENTS[2]).hexdigest())
    await store.delete(key)
    await store.put_if_absent(key, parts(damaged))
    received = list[int]()

    async def receive() -> None:
        async for part in archive.read(store, 0, archive.size):
            received.append(len(part))

    with pytest.raises(ContentDamaged):
        await receive()
    assert sum(received) < archive.size - len(CONTENTS[3])
