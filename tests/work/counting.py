"""Counting work: what noise can't touch, so that a figure is the same wherever it's measured."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, Final

from graphql import GraphQLField, is_object_type

from execution import Engine, FieldBinding
from schema.documents import Documents
from schema.limits import Limits
from schema.root import CompiledSchema

_EVENT_LOOP: Final = {"asyncio", "concurrent", "contextvars", "selectors", "threading"}
"""How often these turn depends on time."""


@dataclass(slots=True)
class Calls:
    """How many functions were called, written in Python or in C."""

    made: int = 0


@contextmanager
def counted_calls() -> Iterator[Calls]:
    """Counts what this thread calls meanwhile, but for what the event loop does."""
    calls = Calls()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event in ("call", "c_call"):
            module: str = frame.f_globals.get("__name__", "")
            calls.made += module.partition(".")[0] not in _EVENT_LOOP

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def with_engine(schema: CompiledSchema, **changes: Any) -> CompiledSchema:
    """The schema with an engine that has plans for nothing yet, and these other sources."""
    sources = replace(schema.engine.sources, **changes)
    engine = Engine(
        schema.graphql,
        binding_of=sources.binding_of,
        class_of=sources.class_of,
        encodable_of=sources.leaf_class_of,
    )
    documents = Documents(schema.graphql, Limits(), introspection=True)
    return replace(schema, documents=documents, engine=engine)


def without(schema: CompiledSchema, *ways: str) -> CompiledSchema:
    """The schema with an engine that has none of these ways to resolve any field."""
    binding_of = schema.engine.sources.binding_of
    none: dict[str, Any] = dict.fromkeys(ways)

    def less(field: GraphQLField) -> FieldBinding:
        return replace(binding_of(field), **none)

    return with_engine(schema, binding_of=less)


def counting_resolvers(schema: CompiledSchema) -> tuple[CompiledSchema, Counter[str]]:
    """The schema with resolvers that count from now on; what is read as an attribute has none."""
    called: Counter[str] = Counter()
    sources = schema.engine.sources

    def counted(resolve: Any, name: str) -> Any:
        def count(*arguments: Any, **more: Any) -> Any:
            called[name] += 1
            return resolve(*arguments, **more)

        return count

    def counted_binding_of(field: GraphQLField) -> FieldBinding:
        binding = sources.binding_of(field)
        name, renderer = names.get(id(field), ""), binding.renderer
        return replace(
            binding,
            resolve_batch=binding.resolve_batch and counted(binding.resolve_batch, name),
            resolve=binding.resolve and counted(binding.resolve, name),
            renderer=renderer and (lambda selected: counted(renderer(selected), name)),
        )

    names: dict[int, str] = {}
    for type_ in schema.graphql.type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                names[id(field)] = f"{type_.name}.{name}"
                field.resolve = counted(field.resolve, names[id(field)])
    return with_engine(schema, binding_of=counted_binding_of), called
