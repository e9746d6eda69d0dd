"""What a stranger's key takes is what a key that nobody has takes, so time tells nothing.

Statements are counted, and not seconds: those of both are the same, in the same transactions.
"""

from collections.abc import AsyncIterator
from typing import Final

import pytest

from domain.callers import Caller, CallerKind
from domain.delivery import DeliveryPackage
from domain.scopes import ALL_SCOPES, Scope
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.node import global_id
from schema.root import CompiledSchema
from tests import builders as build
from tests.schema.test_bound_callers import OWN_KEYS, store
from tests.schema.test_scopes import OF_ENTITIES, ROOT_FIELDS
from tests.support.graphql import InProcess, Json
from tests.support.reaching import KEYS, document
from tests.support.statements import Statements, watched

B: Final = build.caller(
    kind=CallerKind.SERVICE,
    id="portal",
    clients=frozenset({"b"}),
    scopes=ALL_SCOPES - {Scope.ADMIN},
)
AGENT_OF_B: Final = B._replace(kind=CallerKind.AGENT, id="writer", on_behalf_of="ada")
DECIDING: Final = ("Mutation.approveStrategyPlan", "Mutation.recordQcResult")
PLACES: Final = [*ROOT_FIELDS, *OF_ENTITIES]
DOCUMENTS: Final = {
    place: query
    for place in PLACES
    if not (query := document(place, OF_ENTITIES.__contains__)).startswith("subscription")
}


def with_keys_of(owner: str, query: str) -> str:
    """The operation with the keys of the client `owner` in place of client a's."""
    for key in KEYS.values():
        query = query.replace(f'"{key}"', f'"{owner}{key[1:]}"')
    of_a, of_owner = (global_id(DeliveryPackage, f"{it}-package") for it in ("a", owner))
    return query.replace(f'"{of_a}"', f'"{of_owner}"')


@pytest.fixture
async def storage(database: Database) -> AsyncIterator[Storage]:
    storage = create_storage(PersistenceMode.DB, database, peppers=[build.PEPPER])
    await storage.as_(build.caller()).write(store)
    yield storage
    await storage.feed.close()


def shape_of(seen: Statements) -> list[tuple[str, int]]:
    """The statements, each with the number of its transaction. Those for different fields of a
    level come in either order, so they are sorted."""
    numbers: dict[int, int] = {}
    return sorted(
        (text, numbers.setdefault(id(transaction), len(numbers)))
        for text, transaction in zip(seen.texts, seen.transactions, strict=True)
    )


async def test_a_stranger_s_key_takes_the_statements_that_a_key_of_nobody_takes(
    schema: CompiledSchema, database: Database, storage: Storage
) -> None:
    async def asked(owner: str, query: str, caller: Caller) -> tuple[list[tuple[str, int]], Json]:
        with watched(database) as seen:
            api = InProcess(schema, storage, caller=caller)
            response = await api.send(with_keys_of(owner, query))
        return shape_of(seen), response

    took_statements = 0
    for place, query in DOCUMENTS.items():
        # Agents have rules of their own about what they decide on.
        caller = AGENT_OF_B if place in DECIDING else B
        strangers, nobodys = [await asked(owner, query, caller) for owner in ("a", "z")]

        assert strangers[0] == nobodys[0], place
        assert strangers[1] == nobodys[1], place
        took_statements += bool(strangers[0])
    assert took_statements > len(DOCUMENTS) / 2


async def test_to_save_under_a_stranger_s_key_takes_what_a_key_of_nobody_takes(
    schema: CompiledSchema, database: Database, storage: Storage
) -> None:
    """What it refers to is its own here, so that the key alone is refused."""
    api = InProcess(schema, storage, caller=B._replace(clients=frozenset({"a"})))
    for name, (field, word, input) in OWN_KEYS.items():
        found = []
        for owner in ("b", "z"):
            with watched(database) as seen:
                refused = await api.refuse(name, input | {field: f"{owner}-{word}"})
            found.append((shape_of(seen), refused))

        assert found[0] == found[1], name
        assert found[0][0], name
