"""An upload becomes a file when its bytes are there and are the right ones, and never otherwise."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.callers import Caller
from domain.errors import NotAllowed, NotFound, Unavailable, UploadRejected, ValidationFailed
from domain.files import (
    ByteCount,
    CompleteUpload,
    CreateUpload,
    File,
    Upload,
    UploadFailure,
    UploadStatus,
)
from domain.scopes import ALL_SCOPES, Scope
from files.memory import MemoryStore
from files.store import FileStoreError, content_key, upload_key
from orchestration.uploads import Completed, Uploads
from repositories.criteria import PageRequest
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from tests import builders as build
from tests.support.files import BASE, files_in, keep, kept, require_unclaimed, send
from tests.support.sources import START, SettableClock

OPERATOR = build.caller()
A = build.caller(id="portal", clients=frozenset({"a"}))
B = build.caller(id="portal", clients=frozenset({"b"}))


class System:
    """A storage, a store, and the uploads of a server."""

    def __init__(self, storage: Storage, clock: SettableClock) -> None:
        self.storage = storage
        self.clock = clock
        self.store = MemoryStore(clock=clock)
        self.uploads = self.another()

    def another(self) -> Uploads:
        """As another process has them."""
        return Uploads(self.storage, files_in(self.store, self.clock))

    async def create(
        self, content: bytes = build.CONTENT, *, caller: Caller = OPERATOR, **changes: Any
    ) -> Upload:
        return await self.uploads.create(caller, build.create_upload(content, **changes))

    async def created_and_sent(self, content: bytes = build.CONTENT, **changes: Any) -> Upload:
        upload = await self.create(content, **changes)
        await send(self.store, upload, content)
        return upload

    async def complete(self, upload: Upload, caller: Caller = OPERATOR) -> Completed:
        return await self.uploads.complete(caller, CompleteUpload(upload_id=upload.upload_id))

    async def refuse(self, upload: Upload, caller: Caller = OPERATOR) -> UploadFailure:
        with pytest.raises(UploadRejected) as refused:
            await self.complete(upload, caller)
        assert refused.value.field == "upload_id"
        return UploadFailure(refused.value.failure)

    async def stored(self, upload: Upload) -> Upload:
        async with self.storage.as_(OPERATOR).read() as snapshot:
            found = await snapshot.uploads.get(upload.upload_id)
        assert found is not None
        return found

    async def files(self) -> list[File]:
        async with self.storage.as_(OPERATOR).read() as snapshot:
            request = PageRequest(100)
            return sorted((await snapshot.files.page(request)).items, key=lambda it: it.file_id)

    async def events(self) -> list[str]:
        await self.storage.sequence_events()
        async with self.storage.as_(OPERATOR).read() as snapshot:
            return [event.type for event in (await snapshot.events.page(0, 100)).items]


@pytest.fixture
async def system(storage: Storage, clock: SettableClock) -> AsyncIterator[System]:
    system = System(storage, clock)
    yield system
    await system.uploads.close()


# Creating


async def test_an_upload_waits_for_what_was_announced(system: System) -> None:
    upload = await system.create()

    assert upload == build.pending_upload(
        upload.upload_id, created_by="local", expires_at=START + timedelta(hours=6)
    )
    assert await system.stored(upload) == upload
    assert await system.events() == ["upload.created"]


async def test_more_than_the_server_takes_is_refused(system: System) -> None:
    largest = system.uploads.files.limits.upload_bytes

    with pytest.raises(ValidationFailed) as refused:
        await system.create(size=largest + 1)

    assert [violation.path for violation in refused.value.violations] == [("size",)]
    assert (await system.create(size=largest)).size == largest


async def test_the_request_of_an_upload_is_there_while_it_takes_bytes(system: System) -> None:
    upload = await system.create()

    request = await system.uploads.request_of(upload, BASE)
    system.clock.move(hours=6)
    late = await system.uploads.request_of(upload, BASE)

    assert request is not None
    assert request.method == "PUT"
    assert request.url.startswith(f"{BASE}/files/uploads/{upload.upload_id}?")
    assert late is None


async def test_bytes_are_taken_for_uploads_that_wait_alone(system: System) -> None:
    pending, done = await system.create(), await system.created_and_sent()
    await system.complete(done)

    assert await system.uploads.is_open(pending.upload_id)
    assert not await system.uploads.is_open(done.upload_id)
    assert not await system.uploads.is_open("upload-of-nobody")
    system.clock.move(hours=6)
    assert not await system.uploads.is_open(pending.upload_id)


# Completing


async def test_the_right_bytes_become_a_file(system: System) -> None:
    upload = await system.created_and_sent()
    system.clock.move(minutes=1)

    completed = await system.complete(upload)

    later = START + timedelta(minutes=1)
    assert completed.file == build.file(
        completed.file.file_id, created_by="local", created_at=later, updated_at=later
    )
    assert completed.upload.status is UploadStatus.COMPLETED
    assert completed.upload.file_id == completed.file.file_id
    assert await system.files() == [completed.file]
    assert await kept(system.store) == {content_key(completed.file.sha256): build.CONTENT}
    assert await system.events() == ["upload.created", "file.added", "upload.completed"]


async def test_a_file_may_be_empty(system: System) -> None:
    completed = await system.complete(await system.created_and_sent(b""))

    assert completed.file.size == 0


async def test_to_complete_again_gives_the_same_file(system: System) -> None:
    upload = await system.created_and_sent()
    first = await system.complete(upload)
    system.clock.move(days=2)

    again = [
        await system.complete(upload),
        await system.another().complete(OPERATOR, CompleteUpload(upload_id=upload.upload_id)),
    ]

    assert again == [first, first]
    assert await system.files() == [first.file]


async def test_those_who_complete_at_the_same_time_get_one_file(system: System) -> None:
    upload = await system.created_and_sent()
    others = [system.uploads, system.another(), system.another()]
    command = CompleteUpload(upload_id=upload.upload_id)

    found = await asyncio.gather(*(each.complete(OPERATOR, command) for each in others * 3))

    assert len({completed.file.file_id for completed in found}) == 1
    assert len(await system.files()) == 1


async def test_the_same_bytes_are_kept_once(system: System) -> None:
    uploads = [await system.created_and_sent(name=name) for name in ("a.txt", "b.txt", "c.txt")]

    found = await asyncio.gather(*map(system.complete, uploads))

    assert sorted(it.file.name for it in found) == ["a.txt", "b.txt", "c.txt"]
    assert len(await system.files()) == 3
    assert [*await kept(system.store)] == [content_key(found[0].file.sha256)]


async def test_whoever_stops_to_wait_stops_nothing(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, go = await system.created_and_sent(), asyncio.Event()
    stat = system.store.stat

    async def slowly(key: str) -> Any:
        await go.wait()
        return await stat(key)

    monkeypatch.setattr(system.store, "stat", slowly)
    waiting = asyncio.create_task(system.complete(upload))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    completed = await system.complete(upload)

    assert await system.files() == [completed.file]


# What isn't what was announced


async def test_missing_bytes_may_still_come(system: System) -> None:
    upload = await system.create()
    assert await system.refuse(upload) is UploadFailure.NO_BYTES
    await system.store.append(upload_key(upload.upload_id), 0, _parts(build.CONTENT[:5]), 5)
    assert await system.refuse(upload) is UploadFailure.INCOMPLETE

    rest = build.CONTENT[5:]
    await system.store.append(upload_key(upload.upload_id), 5, _parts(rest), len(build.CONTENT))

    assert (await system.complete(upload)).file.size == len(build.CONTENT)
    assert await system.events() == ["upload.created", "file.added", "upload.completed"]


async def _parts(content: bytes) -> AsyncIterator[bytes]:
    yield content


WRONG: dict[UploadFailure, tuple[dict[str, Any], bytes]] = {
    UploadFailure.WRONG_SIZE: ({}, build.CONTENT + b"!"),
    UploadFailure.WRONG_SHA256: ({}, build.CONTENT.upper()),
    UploadFailure.WRONG_MEDIA_TYPE: ({"media_type": "application/pdf"}, build.CONTENT),
}


@pytest.mark.parametrize("failure", WRONG)
async def test_wrong_bytes_end_the_upload(system: System, failure: UploadFailure) -> None:
    changes, content = WRONG[failure]
    upload = await system.create(build.CONTENT, **changes)
    await send(system.store, upload, content)

    assert await system.refuse(upload) is failure
    assert await system.refuse(upload) is failure  # and it's still the same later

    stored = await system.stored(upload)
    assert (stored.status, stored.failure) == (UploadStatus.FAILED, failure)
    assert await system.files() == []
    assert await kept(system.store) == {}
    assert await system.events() == ["upload.created", "upload.failed"]


async def test_an_upload_whose_time_is_over_expires(system: System) -> None:
    upload = await system.created_and_sent()
    system.clock.move(hours=6)

    assert await system.refuse(upload) is UploadFailure.EXPIRED

    stored = await system.stored(upload)
    assert (stored.status, stored.failure) == (UploadStatus.EXPIRED, UploadFailure.EXPIRED)
    assert await system.events() == ["upload.created", "upload.expired"]


async def test_a_store_out_of_reach_leaves_the_upload_as_it_is(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await system.created_and_sent()

    async def fail(*_: object) -> Any:
        raise FileStoreError("The bucket can't be reached.")

    for name in ("stat", "move"):
        with monkeypatch.context() as patch:
            patch.setattr(system.store, name, fail)
            with pytest.raises(Unavailable, match="bucket"):
                await system.complete(upload)
        await require_unclaimed(system.storage, upload.sha256)

    assert (await system.complete(upload)).file.size == len(build.CONTENT)


async def test_what_was_moved_by_a_process_that_is_gone_is_completed_by_another(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await system.created_and_sent()
    move = system.store.move

    async def move_and_die(source: str, target: str) -> None:
        await move(source, target)
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(system.store, "move", move_and_die)
        with pytest.raises(asyncio.CancelledError):
            await system.complete(upload)
    assert [*await kept(system.store)] == [content_key(upload.sha256)]
    assert await system.files() == []

    command = CompleteUpload(upload_id=upload.upload_id)
    completed = await system.another().complete(OPERATOR, command)

    assert await system.files() == [completed.file]


# Whose it is


async def test_a_strangers_upload_is_as_none(system: System) -> None:
    upload = await system.created_and_sent(client_id="a", caller=A)

    for upload_id in (upload.upload_id, "upload-of-nobody"):
        with pytest.raises(NotFound) as refused:
            await system.uploads.complete(B, CompleteUpload(upload_id=upload_id))
        assert str(refused.value) == "There is no upload with this key."
    assert (await system.complete(upload, A)).file.client_id == "a"


@pytest.mark.parametrize("client_id", ["b", None])
async def test_bound_callers_upload_for_clients_of_theirs(
    system: System, client_id: str | None
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await system.create(client_id=client_id, caller=A)

    assert [violation.path for violation in refused.value.violations] == [("client_id",)]


async def test_who_knows_a_hash_gets_no_bytes_by_it(system: System) -> None:
    await system.complete(await system.created_and_sent(client_id="a"))
    await keep(system.store, build.sha256_of(b"of nobody"), b"of nobody")

    of_a_stranger = await system.create(client_id="b", caller=B)
    of_nobody = await system.create(b"of nobody", client_id="b", caller=B)

    assert await system.refuse(of_a_stranger, B) is UploadFailure.NO_BYTES
    assert await system.refuse(of_nobody, B) is UploadFailure.NO_BYTES


async def test_who_sees_a_file_needs_not_send_its_bytes_again(system: System) -> None:
    await system.complete(await system.created_and_sent(client_id="a"))
    writer = A._replace(scopes=ALL_SCOPES - {Scope.FILES_READ})
    upload = await system.create(client_id="a", caller=A, name="again.txt")

    assert await system.refuse(upload, writer) is UploadFailure.NO_BYTES
    assert (await system.complete(upload, A)).file.name == "again.txt"


async def test_a_file_is_found_by_those_who_see_it(system: System) -> None:
    file = (await system.complete(await system.created_and_sent(client_id="a"))).file

    assert await system.uploads.find(A, file.file_id) == file
    assert await system.uploads.find(B, file.file_id) is None
    with pytest.raises(NotAllowed):
        await system.uploads.find(A._replace(scopes=frozenset()), file.file_id)


# Cleaning


async def test_uploads_expire_by_themselves(system: System) -> None:
    old, done = await system.create(), await system.created_and_sent()
    await system.complete(done)
    system.clock.move(hours=1)
    young = await system.create()
    system.clock.move(hours=5)

    assert await system.uploads.expire() == 1
    assert await system.uploads.expire() == 0

    states = [(await system.stored(each)).status for each in (old, done, young)]
    assert states == [UploadStatus.EXPIRED, UploadStatus.COMPLETED, UploadStatus.PENDING]


async def test_bytes_of_uploads_that_are_over_are_deleted_after_the_grace(system: System) -> None:
    grace = timedelta(hours=12)
    old = await system.created_and_sent()
    await send(system.store, "upload-of-nobody", b"lost")
    system.clock.move(hours=7)
    young = await system.created_and_sent()
    assert await system.uploads.collect(grace) == 0

    system.clock.move(hours=5, minutes=1)
    assert await system.uploads.collect(grace) == 2

    assert [*await kept(system.store)] == [upload_key(young.upload_id)]
    assert (await system.stored(old)).status is UploadStatus.PENDING  # until it's looked at


# The law


CONTENTS = st.binary(max_size=40)
TYPES = st.sampled_from(("text/plain", "application/pdf", "application/octet-stream"))


@given(announced=CONTENTS, received=st.none() | CONTENTS, same=st.booleans(), media_type=TYPES)
async def test_a_file_has_what_was_announced_or_there_is_none(
    announced: bytes, received: bytes | None, same: bool, media_type: str
) -> None:
    if same:
        received = announced
    system = System(
        create_storage(PersistenceMode.INMEMORY, clock=SettableClock()), SettableClock()
    )
    command = CreateUpload(
        name="x",
        media_type=media_type,
        size=ByteCount(len(announced)),
        sha256=build.sha256_of(announced),
    )
    upload = await system.uploads.create(OPERATOR, command)
    if received is not None:
        await send(system.store, upload, received)

    try:
        file = (await system.complete(upload)).file
    except UploadRejected as error:
        failure = error.failure
        assert await system.files() == []
        assert await kept(system.store, "content/") == {}
        expected = {
            received is None: UploadFailure.NO_BYTES,
            received is not None and len(received) < len(announced): UploadFailure.INCOMPLETE,
            received is not None and len(received) > len(announced): UploadFailure.WRONG_SIZE,
            received is not None
            and len(received) == len(announced)
            and received != announced: UploadFailure.WRONG_SHA256,
        }
        assert failure == expected.get(True, UploadFailure.WRONG_MEDIA_TYPE)
    else:
        assert received == announced
        assert await kept(system.store) == {content_key(file.sha256): announced}
        assert (file.size, file.sha256) == (len(announced), build.sha256_of(announced))
