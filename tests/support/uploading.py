"""Uploads, and packages of files, by the API."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from domain.callers import Caller
from files.memory import MemoryStore
from files.signing import AddressSigner
from tests import builders as build
from tests import inputs
from tests.support.files import BASE, KEY, send
from tests.support.graphql import InProcess, Json
from tests.support.sources import SettableClock

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


def packing(*artifacts: Json, **changes: Any) -> Json:
    return inputs.save_package(artifacts=list(artifacts), **changes)


def of_file(file: Json, **changes: Any) -> Json:
    return {"name": file["name"], "format": "txt", "fileId": file["fileId"]} | changes
