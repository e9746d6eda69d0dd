"""Both implementations of every repository keep the same promises, as far as signatures tell.

That they keep them in what they do is shown by the tests of persistence.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from repositories import contract, factory, unit_of_work
from repositories.delivery import contract as delivery
from repositories.delivery.database import DatabasePackageRepository
from repositories.delivery.memory import MemoryPackageRepository
from repositories.memory.repository import MemorySession
from repositories.onboarding import contract as onboarding
from repositories.onboarding.database import DatabaseBriefRepository
from repositories.onboarding.memory import MemoryBriefRepository
from repositories.production import contract as production
from repositories.production.database import DatabaseCampaignRepository, DatabaseDraftRepository
from repositories.production.memory import MemoryCampaignRepository, MemoryDraftRepository
from repositories.qc import contract as qc
from repositories.qc.database import DatabaseQcResultRepository
from repositories.qc.memory import MemoryQcResultRepository
from repositories.strategy import contract as strategy
from repositories.strategy.database import DatabasePlanRepository
from repositories.strategy.memory import MemoryPlanRepository
from tests import builders as build
from tests.support.sources import START, CountedKeys

IMPLEMENTED: dict[type[Any], tuple[type[Any], type[Any]]] = {
    onboarding.BriefRepository: (MemoryBriefRepository, DatabaseBriefRepository),
    strategy.PlanRepository: (MemoryPlanRepository, DatabasePlanRepository),
    production.CampaignRepository: (MemoryCampaignRepository, DatabaseCampaignRepository),
    production.DraftRepository: (MemoryDraftRepository, DatabaseDraftRepository),
    qc.QcResultRepository: (MemoryQcResultRepository, DatabaseQcResultRepository),
    delivery.PackageRepository: (MemoryPackageRepository, DatabasePackageRepository),
    unit_of_work.Repositories: (factory._MemoryRepositories, factory._DatabaseRepositories),
    unit_of_work.Storage: (factory._MemoryStorage, factory._DatabaseStorage),
}
PAIRS = [
    (protocol, implementation) for protocol, both in IMPLEMENTED.items() for implementation in both
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
def test_an_implementation_has_no_public_method_that_the_other_lacks(
    protocol: type[Any], implementation: type[Any]
) -> None:
    """What isn't in the Protocol can't be relied upon, and is nobody's business."""
    assert public_methods(implementation).keys() == public_methods(protocol).keys()


@pytest.mark.parametrize("view", [unit_of_work.Snapshot, unit_of_work.UnitOfWork])
def test_a_unit_has_every_repository(view: type[Any]) -> None:
    session = MemorySession(build.caller(), {})
    unit = factory._SessionUnitOfWork(factory._IN_MEMORY, session, START, CountedKeys())

    assert all(hasattr(unit, name) for name in vars(view) if not name.startswith("_"))


@pytest.mark.parametrize(
    "module", [onboarding, strategy, production, qc, delivery], ids=lambda module: module.__name__
)
def test_every_repository_protocol_is_looked_at(module: Any) -> None:
    protocols = {
        value
        for name, value in vars(module).items()
        if name.endswith("Repository") and value is not contract.EntityRepository
    }

    assert protocols <= IMPLEMENTED.keys()


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
