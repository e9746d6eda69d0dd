"""Fields with what runs and their steps have made."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import strawberry

from domain.scopes import read_scope
from domain.workflow import Run, RunStep
from repositories.registry import ENTITY_TYPES, EntityType
from schema.context import Context, Info
from schema.declarations import FieldResolution
from schema.errors import Forbidden
from schema.node import for_any_entity, require_readable
from schema.scopes import for_scope


def made(entity_type: EntityType[Any, Any], description: str, graphql_type: Any) -> Any:
    """A field with the entities of a type that a run has made, each once, in the order of its
    steps; those that aren't there any more are left out. It requires the scope to read them."""

    async def read(runs: Sequence[Run], context: Context) -> Sequence[Any]:
        keys = [_keys_of(steps, entity_type.name) for steps in await _steps_of(runs, context)]
        wanted = [key for of_run in keys for key in of_run]
        loaded = await context.loaders.of(entity_type).by_key.load_many(wanted)
        found = dict(zip(wanted, loaded, strict=True))
        return [[it for key in of_run if (it := found[key]) is not None] for of_run in keys]

    declared = for_scope(read_scope(entity_type.module), description)
    return _batched(read, declared, graphql_type, attributes=("steps",))


def produced(graphql_type: Any) -> Any:
    """The field with the entity that a step has made."""

    async def read(steps: Sequence[RunStep], context: Context) -> Sequence[Any]:
        keys_of = defaultdict[str, list[str]](list)
        for step in steps:
            if step.produced is not None:
                keys_of[step.produced.type_name].append(step.produced.key)
        found: dict[tuple[str, str], Any] = {}
        for name, keys in keys_of.items():
            for key, it in zip(keys, await _load(name, keys, context), strict=True):
                found[name, key] = it
        return [
            None if step.produced is None else found[step.produced.type_name, step.produced.key]
            for step in steps
        ]

    declared = for_any_entity(
        "What it has made, as it's stored now; null where that is nothing, or was removed."
    )
    return _batched(read, declared, graphql_type)


async def _load(name: str, keys: Sequence[str], context: Context) -> Sequence[Any]:
    """The entities; an error in place of each where the caller may not read such."""
    type_ = ENTITY_TYPES.get(name)
    if type_ is None:  # another version's
        return [None] * len(keys)
    try:
        require_readable(type_, context.caller)
    except Forbidden as error:
        return [error] * len(keys)
    loaded: Sequence[Any] = await context.loaders.of(type_).by_key.load_many(keys)
    return loaded


async def _steps_of(runs: Sequence[Run], context: Context) -> Sequence[tuple[RunStep, ...]]:
    missing = [run.run_id for run in runs if run.steps is None]
    loaded = dict(
        zip(missing, await context.loaders.runs.steps_by_run_id.load_many(missing), strict=True)
    )
    return [loaded[run.run_id] if run.steps is None else run.steps for run in runs]


def _keys_of(steps: Sequence[RunStep], type_name: str) -> list[str]:
    found = [it.produced for it in steps if it.produced is not None]
    return list(dict.fromkeys(it.key for it in found if it.type_name == type_name))


def _batched(
    read: Any, declared: dict[str, Any], graphql_type: Any, attributes: tuple[str, ...] = ()
) -> Any:
    async def resolve(parent: strawberry.Parent[Any], info: Info) -> Any:
        [found] = await read([parent], info.context)
        if isinstance(found, Forbidden):
            raise found
        return found

    async def resolve_all(parents: Sequence[Any], info: Any) -> Sequence[Any]:
        found: Sequence[Any] = await read(parents, info.context)
        return found

    return strawberry.field(
        resolver=resolve,
        **declared,
        graphql_type=graphql_type,
        metadata=FieldResolution(resolve_batch=resolve_all, attributes=attributes).metadata,
    )
