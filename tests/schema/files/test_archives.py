"""Addresses of archives in the API: who gets which, and that lists cost nothing more."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from domain.callers import Caller
from domain.scopes import ALL_SCOPES, Scope
from files.signing import AddressSigner, ArchiveAddress
from orchestration.uploads import Uploads
from repositories.unit_of_work import Storage, UnitOfWork
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.support.files import BASE, KEY, files_in
from tests.support.graphql import InProcess
from tests.support.sources import START, SettableClock

A = build.caller(id="portal", clients=frozenset({"a", "b"}))
KEPT_HERE = {"name": "bread.txt", "format": "txt", "fileId": "1"}


@pytest.fixture
async def api(schema: CompiledSchema, storage: Storage, clock: SettableClock) -> InProcess:
    async def store(unit: UnitOfWork) -> None:
        await unit.briefs.save(build.brief("1", client_id="a"))
        await unit.strategy_plans.save(build.plan("1", brief_id="1"))
        await unit.drafts.save(build.draft("draft-1", strategy_id="1"))
        await unit.files.save(build.file("1", client_id="a"))

    await storage.as_(build.caller()).write(store)
    return InProcess(schema, storage, uploads=Uploads(storage, files_in(clock=clock)), base=BASE)


def as_(api: InProcess, caller: Caller) -> InProcess:
    return replace(api, caller=caller)


async def pack(api: InProcess, *artifacts: Any) -> None:
    await api.do("saveDeliveryPackage", inputs.save_package(artifacts=list(artifacts)))


async def url_of(api: InProcess, arguments: str = "", field: str = "archiveUrl") -> Any:
    found = await api.ask(f'{{ deliveryPackage(packageId: "package-1") {{ {field}{arguments} }} }}')
    return found["deliveryPackage"][field]


def address_of(url: str) -> ArchiveAddress:
    """What the address says. Fails unless we have signed it."""
    parts = urlsplit(url)
    assert url.startswith(f"{BASE}/files/archives/")
    name = unquote(parts.path.rpartition("/")[2])
    return AddressSigner([KEY], SettableClock()).read_archive(name, dict(parse_qsl(parts.query)))


async def test_a_package_has_the_address_of_its_archive(api: InProcess) -> None:
    await pack(api, KEPT_HERE, inputs.artifact())

    url = await url_of(api)

    assert urlsplit(url).path.endswith("/package-1-v1.zip")
    expires = int(START.timestamp()) + 300
    assert address_of(url) == ArchiveAddress("package-1", 1, None, True, expires)


async def test_an_address_is_valid_as_long_as_was_asked_for(api: InProcess) -> None:
    await pack(api, KEPT_HERE)

    address = address_of(await url_of(api, "(expiresIn: 5)"))
    error = await api.fail("{ deliveryPackages { nodes { archiveUrl(expiresIn: 0) } } }")

    assert address.expires == int(START.timestamp()) + 5
    assert error["message"] == "expiresIn: must be from 1 to 86,400, not 0."


@pytest.mark.parametrize("artifacts", [[], [inputs.artifact()]], ids=["nothing", "elsewhere"])
async def test_a_package_without_files_has_none(api: InProcess, artifacts: list[Any]) -> None:
    await pack(api, *artifacts)

    assert await url_of(api) is None


async def test_every_version_has_an_archive_of_its_own(api: InProcess) -> None:
    await pack(api, KEPT_HERE)
    await pack(api)
    await pack(api, KEPT_HERE, KEPT_HERE)

    urls = [await url_of(api, f"(revision: {n})") for n in (1, 2, 3, 4)]
    found = await api.ask(
        """{ deliveryPackage(packageId: "package-1") {
          one: asOf(revision: 1) { archiveUrl } two: asOf(revision: 2) { archiveUrl }
        } }"""
    )

    assert [url and address_of(url).revision for url in urls] == [1, None, 3, None]
    package = found["deliveryPackage"]
    assert package["one"]["archiveUrl"] == urls[0]
    assert package["two"]["archiveUrl"] is None
    assert await url_of(api, "(revision: null)") == urls[2]


async def test_a_revision_is_1_or_more(api: InProcess) -> None:
    await pack(api, KEPT_HERE)

    response = await api.send("{ deliveryPackages { nodes { archiveUrl(revision: 0) } } }")

    assert [it["message"] for it in response["errors"]] == ["revision: must be 1 or more, not 0."]


async def test_who_is_bound_to_clients_gets_the_archive_of_one(api: InProcess) -> None:
    await pack(api, KEPT_HERE)
    bound = as_(api, A)

    for url in (await url_of(bound), await url_of(bound, "(revision: 1)")):
        assert address_of(url).client_id == "a"


async def test_an_address_says_whether_verdicts_may_be_read(api: InProcess) -> None:
    await pack(api, KEPT_HERE)
    scopes = ALL_SCOPES - {Scope.QC_READ, Scope.ADMIN}

    assert not address_of(await url_of(as_(api, build.caller(scopes=scopes)))).has_verdicts


async def test_an_archive_requires_its_scopes(api: InProcess) -> None:
    await pack(api, KEPT_HERE)

    async def codes(arguments: str, without: Scope) -> list[str]:
        caller = build.caller(scopes=ALL_SCOPES - {without, Scope.ADMIN})
        query = f"{{ deliveryPackages {{ nodes {{ packageId archiveUrl{arguments} }} }} }}"
        response = await as_(api, caller).send(query)
        assert response["data"]["deliveryPackages"]["nodes"][0]["packageId"] == "package-1"
        return [error["extensions"]["code"] for error in response.get("errors", [])]

    assert await codes("", Scope.FILES_READ) == ["FORBIDDEN"]
    assert await codes("", Scope.HISTORY_READ) == []
    assert await codes("(revision: 1)", Scope.HISTORY_READ) == ["FORBIDDEN"]
    assert await codes("", Scope.QC_READ) == []


async def test_a_payload_has_the_address_of_what_was_saved(api: InProcess) -> None:
    saved = await api.ask(
        """mutation($input: SaveDeliveryPackageInput!) { saveDeliveryPackage(input: $input) {
          deliveryPackage { archiveUrl } errors { message }
        } }""",
        input=inputs.save_package(artifacts=[KEPT_HERE]),
    )

    url = saved["saveDeliveryPackage"]["deliveryPackage"]["archiveUrl"]
    assert address_of(url).revision == 1


async def test_a_server_without_files_has_no_archives(
    schema: CompiledSchema, storage: Storage, api: InProcess
) -> None:
    await pack(api, KEPT_HERE)

    error = await InProcess(schema, storage).fail("{ deliveryPackages { nodes { archiveUrl } } }")

    assert error["code"] == "UNAVAILABLE"


async def test_what_is_rendered_equals_what_is_resolved(api: InProcess) -> None:
    await pack(api, KEPT_HERE, inputs.artifact())
    query = "packages: deliveryPackages { nodes { revision archiveUrl again: archiveUrl } }"

    rendered = await api.ask(f"{{ {query} }}")
    resolved = await api.ask(f'{{ {query} node(id: "x") {{ id }} }}')

    assert rendered["packages"] == resolved["packages"]
