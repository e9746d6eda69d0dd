"""Everything that is there once for each type of entity is there for those of the registry."""

import importlib
from pkgutil import iter_modules
from typing import Any, get_args, get_type_hints

import pytest

import domain
from domain.entity import Entity, Owned
from domain.history import Event
from repositories.contract import EntityReads, EntityRepository
from repositories.registry import ENTITY_TYPES, Entities, EntityType
from repositories.visibility import TYPES_OF_CLIENTS
from resolvers.loaders import Loaders, LoadersOf
from tests.persistence.types_under_test import TYPES_UNDER_TEST

every_type = pytest.mark.parametrize("type_", ENTITY_TYPES.values(), ids=lambda type_: type_.name)


def protocols() -> dict[str, tuple[type[Any], type[Any]]]:
    """The reads and the repository of each type, by the type's attribute."""
    return {name: get_args(hint) for name, hint in get_type_hints(Entities).items()}


def test_every_type_of_entity_and_events_belong_to_clients() -> None:
    """A type without a rule would be seen whole by callers who are bound to clients."""
    records = [type_.record for type_ in ENTITY_TYPES.values()]

    assert {*TYPES_OF_CLIENTS} == {*records, Event}
    assert [record for record in records if record.client_name != "client_id"] == []


def test_every_record_of_the_domain_is_registered() -> None:
    modules = [
        importlib.import_module(f"domain.{each.name}") for each in iter_modules(domain.__path__)
    ]
    records = {
        thing
        for module in modules
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Entity)
    }

    assert {type_.record for type_ in ENTITY_TYPES.values()} == records - {Entity, Owned}


@every_type
def test_repositories_of_both_modes_keep_the_record(type_: EntityType[Any, Any]) -> None:
    assert type_.in_memory.record_type is type_.record
    assert type_.in_database.mapping.record is type_.record


@every_type
def test_what_reads_and_what_saves_are_of_the_record(type_: EntityType[Any, Any]) -> None:
    reads, repository = protocols()[type_.attribute]

    assert EntityReads[type_.record] in reads.__orig_bases__  # type: ignore[name-defined]
    assert EntityRepository[type_.record] in repository.__orig_bases__  # type: ignore[name-defined]
    assert reads in repository.__mro__


@every_type
def test_the_key_is_an_attribute_of_the_record(type_: EntityType[Any, Any]) -> None:
    assert get_type_hints(type_.record)[type_.key_name] is str


def test_there_are_loaders_of_every_type_under_its_name() -> None:
    named = {name: each for name, each in vars(Loaders).items() if isinstance(each, LoadersOf)}

    assert named.keys() == {type_.attribute for type_ in ENTITY_TYPES.values()}
    assert all(each.attribute == name for name, each in named.items())


@pytest.mark.parametrize("entity_type", TYPES_UNDER_TEST, ids=lambda entity_type: entity_type.name)
def test_the_records_of_the_tests_are_of_their_type(entity_type: Any) -> None:
    assert type(entity_type.record("key")) is entity_type.type.record
