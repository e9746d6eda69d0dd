"""Counting work: what noise can't touch, so that a figure is the same wherever it's measured."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any, Final

from graphql import GraphQLField, is_object_type

from execution import BatchResolver, Engine, Resolver, Writer
from schema.documents import Documents
from schema.limits import Limits
from schema.root import PipelineSchema

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


def with_engine(schema: PipelineSchema, **changes: Any) -> PipelineSchema:
    """The schema with an engine that has plans for nothing yet, and these other sources."""
    sources = replace(schema.engine.sources, **changes)
    engine = Engine(
        schema.graphql,
        attribute_of=sources.attribute_of,
        batch_of=sources.batch_of,
        resolver_of=sources.resolver_of,
        class_of=sources.class_of,
        writer_of=sources.writer_of,
        writable_of=sources.leaf_class_of,
    )
    documents = Documents(schema.graphql, Limits(), introspection=True)
    return replace(schema, documents=documents, engine=engine)


def counting_resolvers(schema: PipelineSchema) -> tuple[PipelineSchema, Counter[str]]:
    """The schema with resolvers that count their calls. What is read as an attribute has none."""
    called: Counter[str] = Counter()
    sources = schema.engine.sources

    def counted(resolve: Any, name: str) -> Any:
        def count(*arguments: Any, **more: Any) -> Any:
            called[name] += 1
            return resolve(*arguments, **more)

        return count

    def counted_batch_of(field: GraphQLField) -> BatchResolver | None:
        resolve = sources.batch_of(field)
        return resolve and counted(resolve, names[id(field)])

    def counted_resolver_of(field: GraphQLField) -> Resolver | None:
        resolve = sources.resolver_of(field)
        return resolve and counted(resolve, names[id(field)])

    def counted_writer_of(field: GraphQLField) -> Writer | None:
        writer = sources.writer_of(field)
        return writer and (lambda selected: counted(writer(selected), names[id(field)]))

    names: dict[int, str] = {}
    for type_ in schema.graphql.type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                names[id(field)] = f"{type_.name}.{name}"
                field.resolve = counted(field.resolve, names[id(field)])
    counting = with_engine(
        schema,
        batch_of=counted_batch_of,
        resolver_of=counted_resolver_of,
        writer_of=counted_writer_of,
    )
    return counting, called
