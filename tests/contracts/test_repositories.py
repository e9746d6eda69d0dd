"""All implementations of every repository keep the same promises, as far as signatures tell.

That they keep them in what they do is shown by the tests of persistence.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from repositories import factory, unit_of_work
from repositories.access.contract import AccessRepository
from repositories.access.database import DatabaseAccessRepository
from repositories.access.memory import MemoryAccessRepository
from repositories.documents.contract import DocumentRepository
from repositories.documents.database import DatabaseDocumentRepository
from repositories.documents.memory import MemoryDocumentRepository
from repositories.registry import ENTITY_TYPES
from repositories.webhooks.contract import WebhookRepository
from repositories.webhooks.database import DatabaseWebhookRepository
from repositories.webhooks.hidden import HiddenWebhookRepository
from repositories.webhooks.memory import MemoryWebhookRepository
from tests.contracts.test_registry import protocols

IMPLEMENTED: dict[type[Any], tuple[type[Any], ...]] = {
    **{
        repository: (type_.in_memory, type_.in_database)
        for (_, repository), type_ in zip(protocols().values(), ENTITY_TYPES.values(), strict=True)
    },
    DocumentRepository: (MemoryDocumentRepository, DatabaseDocumentRepository),
    WebhookRepository: (
        MemoryWebhookRepository,
        DatabaseWebhookRepository,
        HiddenWebhookRepository,
    ),
    AccessRepository: (MemoryAccessRepository, DatabaseAccessRepository),
    unit_of_work.Repositories: (factory._MemoryRepositories, factory._DatabaseRepositories),
    unit_of_work.Storage: (factory._MemoryStorage, factory._DatabaseStorage),
}
PAIRS = [
    (protocol, implementation) for protocol, them in IMPLEMENTED.items() for implementation in them
]

every_implementation = pytest.mark.parametrize(
    ("protocol", "implementation"), PAIRS, ids=[pair[1].__name__ for pair in PAIRS]
)


@every_implementation
def test_an_implementation_has_every_method_with_its_signature(
    protocol: type[Any], implementation: type[Any]
) -> None:
    for name, promised in public_methods(protocol).items():
        kept = getattr(implementation, name, None)
        assert kept is not None, name
        assert parameters(kept) == parameters(promised), name
        assert is_async(kept) == is_async(promised), name


@every_implementation
def test_an_implementation_has_no_public_method_that_the_others_lack(
    protocol: type[Any], implementation: type[Any]
) -> None:
    """Implementations have no public methods beyond their protocol, on which nobody could rely."""
    assert public_methods(implementation).keys() == public_methods(protocol).keys()


def public_methods(type_: type[Any]) -> dict[str, Callable[..., Any]]:
    return {
        name: method
        for name, method in inspect.getmembers(type_, inspect.isfunction)
        if not name.startswith("_")
    }


def parameters(method: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Without annotations: the type checker sees to these."""
    return [
        (parameter.name, parameter.kind, parameter.default)
        for parameter in inspect.signature(method).parameters.values()
    ]


def is_async(method: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(method)
