"""Files and uploads are followed."""

import asyncio
import json
from typing import Any

from files.memory import MemoryStore
from schema.context import Context
from schema.encoding import encode
from schema.execute import ExecutableOperation, GraphQLRequest, Subscription, parse_and_validate
from tests import builders as build
from tests.support.files import send
from tests.support.graphql import InProcess
from tests.support.patience import SECONDS
from tests.support.uploading import completed, created


async def test_an_upload_and_its_file_are_followed(api: InProcess, store: MemoryStore) -> None:
    upload = await created(api)
    await api.storage.sequence_events()
    id = upload["uploadId"]
    number = int(id.rpartition("-")[2])  # the next key is the file's
    queries = {
        "uploadChanged": f"""subscription {{ uploadChanged(uploadId: "{id}") {{
          kind uploadId event {{ type }} upload {{ status file {{ name }} }}
        }} }}""",
        "fileChanged": f"""subscription {{ fileChanged(fileId: "file-new-{number + 1}") {{
          kind fileId event {{ type }} file {{ name sha256 }}
        }} }}""",
    }

    async def first(query: str, has_begun: asyncio.Event) -> Any:
        prepared = parse_and_validate(api.schema, GraphQLRequest(query))
        assert isinstance(prepared, ExecutableOperation)
        context = Context(api.storage, build.caller(), api.uploads)
        async with Subscription(api.schema, prepared, lambda: context) as responses:
            has_begun.set()
            async with asyncio.timeout(SECONDS):
                return json.loads(encode((await anext(aiter(responses))).as_json()))["data"]

    begun = {name: asyncio.Event() for name in queries}
    following = [asyncio.create_task(first(query, begun[name])) for name, query in queries.items()]
    for event in begun.values():
        await event.wait()
    await send(store, id, build.CONTENT)
    file = (await completed(api, id))["file"]
    await api.storage.sequence_events()
    of_upload, of_file = await asyncio.gather(*following)
    await api.storage.feed.close()

    assert of_upload["uploadChanged"] == {
        "kind": "SAVED",
        "uploadId": id,
        "event": {"type": "UPLOAD_COMPLETED"},
        "upload": {"status": "COMPLETED", "file": {"name": file["name"]}},
    }
    assert of_file["fileChanged"] == {
        "kind": "SAVED",
        "fileId": file["fileId"],
        "event": {"type": "FILE_ADDED"},
        "file": {"name": file["name"], "sha256": file["sha256"]},
    }
