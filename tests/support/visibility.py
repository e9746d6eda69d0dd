"""Rules about what callers may see, and rows of which a restricted caller sees some."""

import pytest

from domain.callers import Caller
from repositories import visibility
from repositories.criteria import Comparison, Filter, Operator
from repositories.registry import ENTITY_TYPES
from repositories.unit_of_work import UnitOfWork
from repositories.visibility import Rules
from tests import builders as build

OPERATOR = build.caller()
A = build.caller(id="a")
B = build.caller(id="b")
"""They see the entities whose keys begin with their own ids, and nothing else."""

EITHER = build.caller(id="either")
"""Sees what A and B see, by a rule of another shape."""


def plant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let A, B and EITHER see a part of the entities, by the one place that decides it."""
    monkeypatch.setattr(visibility, "rules_of", _rules_of)


def _rules_of(caller: Caller) -> Rules:
    if caller.id == OPERATOR.id:
        return visibility.EVERYTHING
    return Rules({name: _rule(type_.key_name, caller.id) for name, type_ in ENTITY_TYPES.items()})


def _rule(key_name: str, id: str) -> Filter:
    if id == EITHER.id:
        return Comparison(key_name, Operator.IN, ("a1", "a2", "a3", "b1", "b2", "b3"))
    return Comparison(key_name, Operator.STARTS_WITH, id)


async def store_for_both(unit: UnitOfWork) -> None:
    """Entities of A and of B that refer to each other, in all ways there are."""
    for version, key in enumerate(("a1", "b1", "a2", "b2"), start=1):
        await unit.briefs.save(build.brief(key))
        plan = build.plan(key, brief_id="a1" if version < 4 else "b1", version=version)
        await unit.strategy_plans.save(plan)
    for key, other in (("a1", "a1"), ("a2", "b1"), ("b1", "a1"), ("b2", "a1"), ("a3", "a1")):
        await unit.campaigns.save(build.campaign(key, strategy_id=other))
        await unit.drafts.save(build.draft(key, strategy_id=other, campaign_id=other))
        artifacts = (build.artifact(url=None, file_id=other),)
        package = build.package(key, draft_id=other, artifacts=artifacts)
        await unit.delivery_packages.save(package)
        await unit.files.save(build.file(key))
        await unit.uploads.save(build.upload(key, file_id=other))
        await unit.imports.save(build.import_(key, file_id=other, result_file_id=other))
        await unit.exports.save(build.export(key, result_file_id=other))
        steps = (
            build.step("draft", produced_type="Draft", produced_key=other),
            build.step("package", produced_type="DeliveryPackage", produced_key=other, position=1),
        )
        run = build.run(key, brief_id=other, strategy_id=other, campaign_id=other, steps=steps)
        await unit.runs.save(run)
    for key, draft in (("a1", "a1"), ("b1", "a2"), ("a2", "b1")):
        await unit.qc_results.save(build.result(key, draft_id=draft))


async def delete_of_b(unit: UnitOfWork) -> None:
    """Delete all that A doesn't see."""
    for key in ("b1", "b2"):
        await unit.briefs.delete(key)
        await unit.strategy_plans.delete(key)
        await unit.campaigns.delete(key)
        await unit.drafts.delete(key)
        await unit.delivery_packages.delete(key)
        await unit.qc_results.delete(key)
        await unit.files.delete(key)
        await unit.uploads.delete(key)
        await unit.imports.delete(key)
        await unit.runs.delete(key)
        await unit.exports.delete(key)
