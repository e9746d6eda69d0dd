"""Trusted documents: what is registered may be named by its hash, or be all that is executed."""

from hashlib import sha256
from typing import Any

import httpx
import pytest

from domain.documents import RemoveDocuments
from domain.errors import Unavailable
from repositories.cache import Cache
from repositories.factory import PersistenceMode
from repositories.unit_of_work import Storage
from resolvers.documents.commands import register_documents, remove_documents
from server.trusted_documents import FRESH_SECONDS, TrustedDocuments
from tests import builders as build
from tests.http.conftest import Serve
from tests.support.graphql import Json
from tests.support.serving import Served
from tests.support.sockets import connected

ASK = "query Ask($first: Int) { drafts(first: $first) { totalCount } }"
OTHER = "{ __typename }"
RESPONSE = {"data": {"drafts": {"totalCount": 0}}}
ONLY: Json = {"trusted_documents_only": True, "persistence_mode": PersistenceMode.DB}


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def named(text: str) -> Json:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


async def register(server: Served, *texts: str) -> None:
    command = build.register_documents(documents=tuple(build.new_document(it) for it in texts))
    repositories = server.service.storage.as_(build.caller())
    await repositories.write(lambda unit: register_documents(unit, command))


async def post(server: Served, **body: Any) -> httpx.Response:
    return await server.http.post(server.url, json=body)


def code_of(response: httpx.Response) -> str:
    [error] = response.json()["errors"]
    code: str = error["extensions"]["code"]
    return code


@pytest.fixture
async def strict(serve: Serve, storage: Storage) -> Served:
    """A server that executes registered documents alone; on each implementation in turn."""
    server = await serve(storage, **ONLY)
    await register(server, ASK)
    return server


# By the hash


@pytest.mark.parametrize(
    "name",
    [
        {"extensions": named(ASK)},
        {"documentId": f"sha256:{hash_of(ASK)}"},
        {"documentId": hash_of(ASK).upper()},
        {"query": ASK},
        {"query": ASK, "extensions": named(ASK)},
    ],
    ids=["persisted query", "document id", "bare hash", "text", "both"],
)
@pytest.mark.parametrize("settings", [{}, {"persisted_query_bytes": 0}, ONLY])
async def test_a_registered_document_is_executed_however_it_is_named(
    serve: Serve, name: Json, settings: Json
) -> None:
    server = await serve(**settings)
    await register(server, ASK)

    assert (await post(server, variables={"first": 1}, **name)).json() == RESPONSE


async def test_a_registered_document_is_executed_by_get(strict: Served) -> None:
    response = await strict.http.get(strict.url, params={"documentId": f"sha256:{hash_of(ASK)}"})

    assert response.json() == RESPONSE


async def test_a_document_is_found_as_soon_as_it_is_registered(serve: Serve) -> None:
    server = await serve()

    assert code_of(await post(server, documentId=hash_of(ASK))) == "PERSISTED_QUERY_NOT_FOUND"
    await register(server, ASK)
    assert (await post(server, documentId=hash_of(ASK))).json() == RESPONSE


@pytest.mark.parametrize("id", ["md5:00", 7, "sha256:xyz", hash_of(ASK)[:-1]])
async def test_a_document_id_that_is_no_sha256_is_refused(serve: Serve, id: Any) -> None:
    response = await post(await serve(), documentId=id)

    assert response.status_code == 400
    assert code_of(response) == "BAD_USER_INPUT"
    assert "documentId" in response.text


# Nothing else


async def test_other_documents_are_refused_where_only_trusted_ones_are_executed(
    strict: Served,
) -> None:
    response = await post(strict, query=OTHER)

    assert (response.status_code, code_of(response)) == (403, "FORBIDDEN")


@pytest.mark.parametrize("text", [f"{ASK} ", ASK.replace("Ask", "Ask2"), f"# {ASK}"])
async def test_a_text_that_differs_at_all_is_another_document(strict: Served, text: str) -> None:
    assert code_of(await post(strict, query=text)) == "FORBIDDEN"


async def test_clients_can_persist_nothing_then(strict: Served) -> None:
    by_hash = await post(strict, extensions=named(OTHER))
    with_text = await post(strict, query=OTHER, extensions=named(OTHER))
    again = await post(strict, extensions=named(OTHER))

    assert [code_of(it) for it in (by_hash, with_text, again)] == [
        "PERSISTED_QUERY_NOT_FOUND",
        "FORBIDDEN",
        "PERSISTED_QUERY_NOT_FOUND",
    ]


async def test_the_hash_of_another_document_does_not_make_a_text_trusted(strict: Served) -> None:
    assert code_of(await post(strict, query=OTHER, extensions=named(ASK))) == "FORBIDDEN"


async def test_on_a_socket_one_operation_is_refused_and_the_socket_stays(strict: Served) -> None:
    async with connected(strict.socket_url) as socket:
        await socket.subscribe("1", OTHER)
        refused = await socket.next()
        payload = {"documentId": hash_of(ASK)}
        await socket.send(id="2", type="subscribe", payload=payload)
        answered = await socket.next()

    assert (refused["id"], refused["type"]) == ("1", "error")
    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (answered["id"], answered["payload"]) == ("2", RESPONSE)


async def test_subscriptions_by_get_have_to_be_trusted_too(strict: Served) -> None:
    response = await strict.http.get(
        strict.url,
        params={"query": "subscription { draftChanged { revision } }"},
        headers={"Accept": "text/event-stream"},
    )

    assert (response.status_code, code_of(response)) == (403, "FORBIDDEN")


# What is remembered


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def trusted(storage: Storage) -> tuple[TrustedDocuments, Clock]:
    clock = Clock()
    return TrustedDocuments(storage, Cache(), clock), clock


async def test_a_removed_document_is_forgotten_after_a_while(
    storage: Storage, trusted: tuple[TrustedDocuments, Clock]
) -> None:
    documents, clock = trusted
    repositories = storage.as_(build.caller())
    await repositories.write(lambda unit: register_documents(unit, build.register_documents()))
    hash = build.new_document().sha256
    assert await documents.load(hash)
    removal = RemoveDocuments(application="web", hashes=None)
    await repositories.write(lambda unit: remove_documents(unit, removal))

    clock.now = FRESH_SECONDS - 0.1
    assert documents.get(hash) == build.DOCUMENT
    clock.now = FRESH_SECONDS
    assert documents.get(hash) is None
    assert not await documents.load(hash)


async def test_that_storage_cannot_be_read_is_no_refusal_of_the_document(
    strict: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> Any:
        raise Unavailable("The database can't be reached.")

    monkeypatch.setattr(type(strict.service.storage), "as_", unavailable)
    response = await post(strict, query=OTHER)

    assert (response.status_code, code_of(response)) == (503, "UNAVAILABLE")
    monkeypatch.undo()
