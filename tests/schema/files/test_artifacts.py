"""Artifacts of packages may be files that are kept here."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from files.memory import MemoryStore
from orchestration.uploads import Uploads
from repositories.drivers.engine import Database, open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage, UnitOfWork
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.conftest import close_database
from tests.persistence.types_under_test import BRIEF, DRAFT, PLAN
from tests.support.files import BASE, files_in
from tests.support.graphql import InProcess, Json
from tests.support.statements import watched
from tests.support.uploading import (
    A,
    as_,
    completed,
    created,
    of_file,
    packing,
    require_signed,
    uploaded,
)

# Artifacts


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
            "draftRevision": None,
            "qcResultId": None,
            "qcRevision": None,
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
    "archives": """query($s: Int = 60) { deliveryPackages(first: 50) { totalCount nodes {
      archiveUrl short: archiveUrl(expiresIn: $s)
    } } }""",
    "archives below drafts": """{ drafts(first: 50) { nodes {
      deliveryPackages(first: 2) { nodes { archiveUrl artifacts { url } } }
    } } }""",
    "archive of one": '{ deliveryPackage(packageId: "1") { archiveUrl } }',
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
