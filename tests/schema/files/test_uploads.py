"""Files are uploaded."""

import re

import pytest

from domain.scopes import ALL_SCOPES, Scope
from files.memory import MemoryStore
from files.store import content_key
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.persistence.types_under_test import FILE
from tests.support.files import BASE, kept, send
from tests.support.graphql import InProcess
from tests.support.uploading import (
    COMPLETE,
    CREATE,
    as_,
    completed,
    created,
    require_signed,
)


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


async def test_an_upload_is_validated_with_all_of_its_bytes(
    api: InProcess, store: MemoryStore
) -> None:
    announced = inputs.create_upload(validateOnly=True)
    assert (await api.ask(CREATE, input=announced))["createUpload"] == {
        "upload": None,
        "errors": [],
    }
    assert (await api.ask("{ uploads { totalCount } }"))["uploads"] == {"totalCount": 0}
    upload = await created(api)
    validate = COMPLETE.replace("uploadId: $id", "uploadId: $id, validateOnly: true")

    missing = (await api.ask(validate, id=upload["uploadId"]))["completeUpload"]
    await send(store, upload["uploadId"], build.CONTENT)
    fine = (await api.ask(validate, id=upload["uploadId"]))["completeUpload"]

    assert [error["failure"] for error in missing["errors"]] == ["NO_BYTES"]
    assert fine == {"upload": None, "file": None, "errors": []}
    stored = await api.ask("{ uploads { nodes { status } } files { totalCount } }")
    assert stored == {"uploads": {"nodes": [{"status": "PENDING"}]}, "files": {"totalCount": 0}}
    assert (await completed(api, upload["uploadId"]))["errors"] == []


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


async def test_who_may_not_write_files_gets_no_request(api: InProcess) -> None:
    await created(api)
    reader = as_(api, build.caller(scopes=ALL_SCOPES - {Scope.FILES_WRITE, Scope.ADMIN}))

    response = await reader.send("{ uploads { nodes { name request { url } } } }")

    assert response["data"] == {"uploads": {"nodes": [{"name": "bread.txt", "request": None}]}}
    assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]


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
