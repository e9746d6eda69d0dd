"""Messages of graphql-transport-ws, and what makes servers send them."""

from tests import inputs
from tests.support.graphql import Json
from tests.support.serving import Served

TITLES = "{ drafts { nodes { title } } }"


def sent(id: str, payload: Json) -> Json:
    return {"id": id, "type": "next", "payload": payload}


def told(id: str, kind: str, key: str, revision: int | None) -> Json:
    package = None if revision is None else {"revision": revision, "artifacts": []}
    change = {"kind": kind, "packageId": key, "deliveryPackage": package}
    return sent(id, {"data": {"deliveryPackageChanged": change}})


async def save(server: Served, key: str) -> None:
    await server.api.do("saveDeliveryPackage", inputs.save_package(packageId=key, artifacts=[]))
