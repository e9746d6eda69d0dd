"""Files in the API: uploads, downloads, and artifacts that are files kept here."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from domain.callers import Caller
from domain.scopes import ALL_SCOPES, Scope
from files.memory import MemoryStore
from files.signing import AddressSigner
from files.store import content_key
from orchestration.uploads import Uploads
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from schema.context import Context
from schema.encoding import encode
from schema.execute import ExecutableOperation, GraphQLRequest, parse_and_validate, subscribe
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.conftest import close_database
from tests.persistence.types_under_test import BRIEF, DRAFT, FILE, PLAN
from tests.support.files import BASE, KEY, files_in, kept, send
from tests.support.graphql import InProcess, Json
from tests.support.patience import SECONDS
from tests.support.sources import SettableClock
from tests.support.statements import watched

A = build.caller(id="portal", clients=frozenset({"a"}))
B = build.caller(id="portal", clients=frozenset({"b"}))

CREATE = """mutation($input: CreateUploadInput!) { createUpload(input: $input) {
  upload {
    uploadId clientId name mediaType size sha256 createdBy status failure fileId
    request { method url headers { name value } }
  }
  errors { __typename code message path }
} }"""
COMPLETE = """mutation($id: ID!) { completeUpload(input: { uploadId: $id }) {
  upload { status failure fileId }
  file { fileId clientId name mediaType size sha256 createdBy url }
  errors { __typename code message path ... on UploadRejectedError { failure } }
} }"""


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def api(
    schema: CompiledSchema, storage: Storage, store: MemoryStore, clock: SettableClock
) -> AsyncIterator[InProcess]:
    uploads = Uploads(storage, files_in(store, clock))
    yield InProcess(schema, storage, uploads=uploads, base=BASE)
    await uploads.close()


def as_(api: InProcess, caller: Caller) -> InProcess:
    return replace(api, caller=caller)


async def created(api: InProcess, content: bytes = build.CONTENT, **changes: Any) -> Json:
    input = inputs.create_upload(content, **changes)
    payload = (await api.ask(CREATE, input=input))["createUpload"]
    assert payload["errors"] == []
    upload: Json = payload["upload"]
    return upload


async def completed(api: InProcess, upload_id: str) -> Json:
    payload: Json = (await api.ask(COMPLETE, id=upload_id))["completeUpload"]
    return payload


async def uploaded(
    api: InProcess, store: MemoryStore, content: bytes = build.CONTENT, **changes: Any
) -> Json:
    """A file that was uploaded."""
    upload = await created(api, content, **changes)
    await send(store, upload["uploadId"], content)
    payload = await completed(api, upload["uploadId"])
    assert payload["errors"] == []
    file: Json = payload["file"]
    return file


def require_signed(url: str, file: Json) -> int:
    """When the address ends, in seconds since 1970. Fails unless we have signed it for the file."""
    parts = urlsplit(url)
    assert url.startswith(f"{BASE}/files/")
    _, _, file_id, name = parts.path.split("/")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    address = AddressSigner([KEY], SettableClock()).read_download(file_id, unquote(name), query)
    assert (address.file_id, address.sha256) == (file["fileId"], file["sha256"])
    assert (address.media_type, address.size) == (file["mediaType"], file["size"])
    return address.expires


# Uploading


async def test_an_upload_has_the_request_that_sends_its_bytes(api: InProcess) -> None:
    upload = await created(api)

    request = upload.pop("request")
    assert re.fullmatch("upload-new-[0-9]+", upload.pop("uploadId"))
    assert upload == inputs.create_upload() | {
        "createdBy": "local",
        "status": "PENDING",
        "failure": None,
        "fileId": None,
    }
    assert request["method"] == "PUT"
    assert request["url"].startswith(f"{BASE}/files/uploads/upload-new-")
    assert request["headers"] == [{"name": "content-type", "value": "text/plain"}]


async def test_a_completed_upload_is_a_file(api: InProcess, store: MemoryStore) -> None:
    upload = await created(api)
    await send(store, upload["uploadId"], build.CONTENT)

    payload = await completed(api, upload["uploadId"])
    again = await completed(api, upload["uploadId"])

    file = payload["file"]
    assert payload["errors"] == []
    assert payload["upload"] == {
        "status": "COMPLETED",
        "failure": None,
        "fileId": file["fileId"],
    }
    require_signed(file["url"], file)
    assert {**again["file"], "url": ""} == {**file, "url": ""}
    assert {name: file[name] for name in inputs.create_upload()} == inputs.create_upload()
    assert [*await kept(store)] == [content_key(file["sha256"])]
    found = await api.ask(
        """query($file: ID!, $upload: ID!) {
          file(fileId: $file) { name }
          upload(uploadId: $upload) { request { url } file { fileId } }
          files { totalCount nodes { fileId } }
          uploads(filter: { status: { eq: COMPLETED } }) { totalCount }
        }""",
        file=file["fileId"],
        upload=upload["uploadId"],
    )
    assert found == {
        "file": {"name": "bread.txt"},
        "upload": {"request": None, "file": {"fileId": file["fileId"]}},
        "files": {"totalCount": 1, "nodes": [{"fileId": file["fileId"]}]},
        "uploads": {"totalCount": 1},
    }


async def test_an_upload_that_cant_be_completed_says_why(
    api: InProcess, store: MemoryStore
) -> None:
    nothing, wrong = await created(api), await created(api)
    await send(store, wrong["uploadId"], b"x" * len(build.CONTENT))

    payloads = [await completed(api, it["uploadId"]) for it in (nothing, wrong)]

    assert [payload["file"] for payload in payloads] == [None, None]
    assert [payload["errors"] for payload in payloads] == [
        [
            {
                "__typename": "UploadRejectedError",
                "code": "UPLOAD_REJECTED",
                "message": "uploadId: no bytes were received yet.",
                "path": ["uploadId"],
                "failure": "NO_BYTES",
            }
        ],
        [
            {
                "__typename": "UploadRejectedError",
                "code": "UPLOAD_REJECTED",
                "message": "uploadId: what was received has another hash than `sha256` says.",
                "path": ["uploadId"],
                "failure": "WRONG_SHA256",
            }
        ],
    ]
    counted = await api.ask(
        """{ failed: uploads(filter: { failure: { isNull: false } }) {
          totalCount nodes { uploadId status failure }
        } }"""
    )
    assert counted["failed"] == {
        "totalCount": 1,
        "nodes": [{"uploadId": wrong["uploadId"], "status": "FAILED", "failure": "WRONG_SHA256"}],
    }


async def test_all_wrong_fields_of_an_upload_are_told_at_once(api: InProcess) -> None:
    wrong = {
        "name": " ",
        "mediaType": "Application/PDF; x=1",
        "size": -1,
        "sha256": "AB",
        "clientId": "",
    }

    payload = (await api.ask(CREATE, input=wrong))["createUpload"]

    assert payload["upload"] is None
    assert [error["path"] for error in payload["errors"]] == [[name] for name in wrong]


async def test_files_may_be_larger_than_32_bits(api: InProcess) -> None:
    upload = await created(api, size=5 * 2**30)

    found = await api.ask(
        """{
          larger: uploads(filter: { size: { gt: 5000000000 } }) { nodes { size } }
          smaller: uploads(filter: { size: { lt: 5000000000 } }) { nodes { size } }
          bySize: uploads(first: 1, orderBy: { field: SIZE, direction: ASC }) {
            pageInfo { endCursor }
          }
        }"""
    )
    cursor = found["bySize"]["pageInfo"]["endCursor"]
    after = await api.ask(
        """query($after: String) {
          uploads(after: $after, orderBy: { field: SIZE, direction: ASC }) { nodes { size } }
        }""",
        after=cursor,
    )

    assert upload["size"] == 5 * 2**30
    assert found["larger"]["nodes"] == [{"size": 5 * 2**30}]
    assert found["smaller"]["nodes"] == after["uploads"]["nodes"] == []


@pytest.mark.parametrize("size", ["1.5", '"1"', "true", "9007199254740992"])
async def test_a_number_of_bytes_is_a_whole_number(api: InProcess, size: str) -> None:
    error = await api.fail(f"{{ files(filter: {{ size: {{ eq: {size} }} }}) {{ totalCount }} }}")

    assert error["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_server_without_files_says_so(schema: CompiledSchema, storage: Storage) -> None:
    api = InProcess(schema, storage)
    await FILE.save(storage.as_(build.caller()), build.file())

    errors = [
        await api.fail(CREATE, input=inputs.create_upload()),
        await api.fail(COMPLETE, id="upload-1"),
        await api.fail("{ files { nodes { url } } }"),
    ]

    assert {error["code"] for error in errors} == {"UNAVAILABLE"}
    assert (await api.ask("{ files { nodes { name } } }"))["files"]["nodes"] == [
        {"name": "bread.txt"}
    ]


# Addresses


async def test_an_address_is_valid_as_long_as_was_asked_for(
    api: InProcess, store: MemoryStore
) -> None:
    file = await uploaded(api, store)

    found = await api.ask(
        """query($id: ID!, $seconds: Int) { file(fileId: $id) {
          short: url(expiresIn: 60)
          usual: url
          given: url(expiresIn: $seconds)
        } }""",
        id=file["fileId"],
        seconds=3_600,
    )

    ends = {name: require_signed(url, file) for name, url in found["file"].items()}
    assert abs(ends["usual"] - ends["short"] - 240) <= 1
    assert abs(ends["given"] - ends["short"] - 3_540) <= 1


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
async def test_no_address_is_valid_for_longer_than_a_day(
    api: InProcess, store: MemoryStore, seconds: int
) -> None:
    file = await uploaded(api, store)
    query = "query($id: ID!, $s: Int) { file(fileId: $id) { name url(expiresIn: $s) } }"

    error = await api.fail(query, id=file["fileId"], s=seconds)

    assert error["code"] == "BAD_USER_INPUT"
    assert error["message"] == f"expiresIn: must be from 1 to 86,400, not {seconds}."
    assert error["path"] == ["file", "url"]


# Artifacts


def packing(*artifacts: Json, **changes: Any) -> Json:
    return inputs.save_package(artifacts=list(artifacts), **changes)


def of_file(file: Json, **changes: Any) -> Json:
    return {"name": file["name"], "format": "txt", "fileId": file["fileId"]} | changes


ARTIFACTS = "artifacts { name url format fileId file { fileId name size sha256 url } }"


async def test_an_artifact_may_be_a_file_that_is_kept_here(
    api: InProcess, store: MemoryStore
) -> None:
    file = await uploaded(api, store)
    input = packing(of_file(file), inputs.artifact("elsewhere"))

    saved = await api.ask(
        f"""mutation($input: SaveDeliveryPackageInput!) {{ saveDeliveryPackage(input: $input) {{
          deliveryPackage {{ {ARTIFACTS} }} errors {{ message }}
        }} }}""",
        input=input,
    )
    found = await api.ask(f"{{ deliveryPackages {{ nodes {{ {ARTIFACTS} }} }} }}")

    [package] = found["deliveryPackages"]["nodes"]
    kept_here, elsewhere = package["artifacts"]
    require_signed(kept_here["file"].pop("url"), file)
    assert kept_here == of_file(file) | {
        "url": f"{BASE}/files/{file['fileId']}",
        "file": {name: file[name] for name in ("fileId", "name", "size", "sha256")},
    }
    assert elsewhere == inputs.artifact("elsewhere") | {"fileId": None, "file": None}
    of_payload = saved["saveDeliveryPackage"]["deliveryPackage"]["artifacts"]
    require_signed(of_payload[0]["file"].pop("url"), file)
    assert of_payload == [kept_here, elsewhere]


async def test_the_log_has_the_files_of_every_version(api: InProcess, store: MemoryStore) -> None:
    first = await uploaded(api, store)
    second = await uploaded(api, store, b"Another.")
    for file in (first, second):
        await api.do("saveDeliveryPackage", packing(of_file(file)))

    found = await api.ask(
        """{ deliveryPackage(packageId: "package-1") {
          asOf(revision: 1) { artifacts { url fileId file { name } } }
          history { nodes { state changes { path before after } } }
        } }"""
    )

    package = found["deliveryPackage"]
    assert package["asOf"]["artifacts"] == [
        {
            "url": f"{BASE}/files/{first['fileId']}",
            "fileId": first["fileId"],
            "file": {"name": "bread.txt"},
        }
    ]
    latest, earliest = package["history"]["nodes"]
    assert earliest["state"]["artifacts"] == [
        {
            "name": "bread.txt",
            "url": None,
            "format": "txt",
            "position": 0,
            "fileId": first["fileId"],
        }
    ]
    assert latest["changes"] == [
        {
            "path": ["artifacts", "0", "fileId"],
            "before": first["fileId"],
            "after": second["fileId"],
        }
    ]


async def test_an_artifact_is_either_kept_here_or_elsewhere(api: InProcess) -> None:
    artifact = inputs.artifact()
    input = packing(artifact | {"fileId": "file-1"}, inputs.without(artifact, "url"))

    errors = await api.refuse("saveDeliveryPackage", input)

    assert [(error["path"], error["message"]) for error in errors] == [
        (["artifacts", "0", "url"], "url: must be left out where `fileId` is given."),
        (["artifacts", "1", "url"], "url: must be given where there is no `fileId`."),
    ]


async def test_the_file_of_an_artifact_has_to_be_there(api: InProcess, store: MemoryStore) -> None:
    file = await uploaded(api, store)
    input = packing(of_file(file), of_file(file, fileId="file-of-nobody"))

    errors = await api.refuse("saveDeliveryPackage", input)

    assert [(error["path"], error["message"]) for error in errors] == [
        (["artifacts", "1", "fileId"], "fileId: has to be the key of a file.")
    ]
    assert (await api.everything())["deliveryPackages"]["totalCount"] == 0


async def chain(storage: Storage, client_id: str) -> str:
    """The key of a draft of the client."""
    operator = storage.as_(build.caller())
    await BRIEF.save(operator, build.brief(f"{client_id}-brief", client_id=client_id))
    await PLAN.save(operator, build.plan(f"{client_id}-plan", brief_id=f"{client_id}-brief"))
    draft = build.draft(f"{client_id}-draft", strategy_id=f"{client_id}-plan")
    await DRAFT.save(operator, draft)
    return f"{client_id}-draft"


async def test_a_package_takes_no_file_of_another_client(
    api: InProcess, store: MemoryStore
) -> None:
    of_a = await uploaded(api, store, clientId="a")
    of_b = await uploaded(api, store, clientId="b")
    of_nobody = await uploaded(api, store, clientId=None)
    draft_id = await chain(api.storage, "a")

    errors = await api.refuse(
        "saveDeliveryPackage", packing(of_file(of_a), of_file(of_b), draftId=draft_id)
    )
    package = await api.do(
        "saveDeliveryPackage", packing(of_file(of_a), of_file(of_nobody), draftId=draft_id)
    )

    assert [(error["path"], error["message"]) for error in errors] == [
        (["artifacts", "1", "fileId"], "fileId: is another client's.")
    ]
    assert package["clientId"] == "a"
    seen = await as_(api, A).ask(f"{{ deliveryPackages {{ nodes {{ {ARTIFACTS} }} }} }}")
    [package] = seen["deliveryPackages"]["nodes"]
    assert [it["file"] and it["file"]["fileId"] for it in package["artifacts"]] == [
        of_a["fileId"],
        None,
    ]


async def test_a_strangers_file_is_as_none(api: InProcess, store: MemoryStore) -> None:
    file = await uploaded(api, store, clientId="b")
    upload = await created(api, clientId="b")
    draft_id = await chain(api.storage, "a")
    a = as_(api, A)

    found = await a.ask(
        """query($file: ID!, $upload: ID!) {
          file(fileId: $file) { url }
          upload(uploadId: $upload) { request { url } }
          files { totalCount nodes { url } }
          uploads { totalCount nodes { uploadId } }
        }""",
        file=file["fileId"],
        upload=upload["uploadId"],
    )
    errors = [
        await a.refuse(
            "saveDeliveryPackage",
            inputs.without(packing(of_file(file, fileId=key), draftId=draft_id), "packageId"),
        )
        for key in (file["fileId"], "file-of-nobody")
    ]
    payloads = [
        await completed(a, upload_id) for upload_id in (upload["uploadId"], "upload-of-nobody")
    ]

    assert found == {
        "file": None,
        "upload": None,
        "files": {"totalCount": 0, "nodes": []},
        "uploads": {"totalCount": 0, "nodes": []},
    }
    assert errors[0] == errors[1]
    assert payloads[0] == payloads[1]
    assert payloads[0]["errors"][0]["__typename"] == "NotFoundError"


async def test_who_may_not_write_files_gets_no_request(api: InProcess) -> None:
    await created(api)
    reader = as_(api, build.caller(scopes=ALL_SCOPES - {Scope.FILES_WRITE, Scope.ADMIN}))

    response = await reader.send("{ uploads { nodes { name request { url } } } }")

    assert response["data"] == {"uploads": {"nodes": [{"name": "bread.txt", "request": None}]}}
    assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]


# Statements


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = open_database(database_url, pool_size=1, pool_timeout=60)
    yield database
    await close_database(database)


LISTS = {
    "packages": """{ deliveryPackages(first: 50) { nodes {
      artifacts { file { name size sha256 url } }
    } } }""",
    "urls of artifacts": "{ deliveryPackages(first: 50) { nodes { artifacts { url } } } }",
    "lifetimes": """query($s: Int = 60) { deliveryPackages(first: 50) { edges { cursor node {
      artifacts { file { long: url(expiresIn: $s) short: url(expiresIn: 5) } }
    } } } }""",
    "files": "{ files(first: 50) { totalCount nodes { id name url } pageInfo { endCursor } } }",
    "below drafts": """{ drafts(first: 50) { nodes {
      deliveryPackages(first: 2) { nodes { artifacts { name file { url } } } }
    } } }""",
    "one": '{ deliveryPackage(packageId: "1") { artifacts { file { name url } } } }',
}


@pytest.mark.parametrize("query", LISTS.values(), ids=LISTS)
async def test_files_of_lists_come_by_the_statement_of_the_list(
    schema: CompiledSchema, database: Database, query: str
) -> None:
    storage = create_storage(PersistenceMode.DB, database)
    api = InProcess(schema, storage, uploads=Uploads(storage, files_in()))

    async def store(unit: UnitOfWork) -> None:
        for key in map(str, range(50)):
            await unit.drafts.save(build.draft(key))
            await unit.files.save(build.file(key, name=f'"{key}" \u2028/é.txt'))
            artifacts = (build.artifact(url=None, file_id=key), build.artifact(position=1))
            await unit.delivery_packages.save(build.package(key, draft_id=key, artifacts=artifacts))

    await storage.as_(build.caller()).write(store)

    with watched(database) as seen:
        response = await api.ask(query)

    assert len(seen) == 1
    assert "\x03" not in str(response)


async def test_what_is_rendered_equals_what_is_resolved(api: InProcess, store: MemoryStore) -> None:
    """With `node` beside it, everything is resolved level by level."""
    file = await uploaded(api, store, name='\u202e"a/b" é.txt')
    await api.do("saveDeliveryPackage", packing(of_file(file), inputs.artifact()))
    fields = "artifacts { position url fileId file { id name size sha256 createdBy url } }"
    query = f"packages: deliveryPackages {{ nodes {{ {fields} }} }}"

    rendered = await api.ask(f"{{ {query} }}")
    resolved = await api.ask(
        f'{{ {query.replace("url file", "url more: url file")} node(id: "x") {{ id }} }}'
    )

    def without_times(response: Json) -> Any:
        artifacts = response["packages"]["nodes"][0]["artifacts"]
        for artifact in artifacts:
            artifact.pop("more", None)
            if artifact["file"] is not None:
                require_signed(artifact["file"].pop("url"), file)
        return artifacts

    assert without_times(rendered) == without_times(resolved)


# Following


async def test_who_follows_a_package_gets_addresses_of_its_own(
    api: InProcess, store: MemoryStore
) -> None:
    """Equal subscriptions share responses, but not those that reach the server elsewhere."""
    file = await uploaded(api, store)
    query = """subscription { deliveryPackageChanged(packageId: "package-1") {
      deliveryPackage { artifacts { url file { url } } }
    } }"""
    prepared = parse_and_validate(api.schema, GraphQLRequest(query))
    assert isinstance(prepared, ExecutableOperation)
    bases = ("https://a.example", "https://b.example/below")

    def contexts(base: str) -> Callable[[], Context]:
        return lambda: Context(api.storage, build.caller(), api.uploads, lambda: base)

    async def first(base: str, has_begun: asyncio.Event) -> Any:
        async with subscribe(api.schema, prepared, contexts(base)) as responses:
            has_begun.set()
            async with asyncio.timeout(SECONDS):
                return (await anext(aiter(responses))).as_json()

    begun = [asyncio.Event() for _ in bases]
    following = [
        asyncio.create_task(first(base, event)) for base, event in zip(bases, begun, strict=True)
    ]
    for event in begun:
        await event.wait()
    await api.do("saveDeliveryPackage", packing(of_file(file)))
    await api.storage.sequence_events()
    sent = json.loads(encode(await asyncio.gather(*following)))
    await api.storage.feed.close()

    for base, response in zip(bases, sent, strict=True):
        [artifact] = response["data"]["deliveryPackageChanged"]["deliveryPackage"]["artifacts"]
        assert artifact["url"] == f"{base}/files/{file['fileId']}"
        assert artifact["file"]["url"].startswith(f"{base}/files/{file['fileId']}/")
