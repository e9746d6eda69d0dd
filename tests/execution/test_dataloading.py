"""Dataloaders find together what an operation waits for."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from execution import Engine
from resolvers.dataloaders import DataLoader
from tests.execution.asking import Json, run, run_by_graphql_core, schema_of

SDL = """
type Query { a: Node  b: Node  c: Node  list: [Node] }
type Node { text: String  node: Node  other: Node  nodes: [Node!] }
"""


class Loading:
    """Nodes by a dataloader; notes the batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.loader: DataLoader[str, Json | None] = DataLoader(self._load)
        self.schema = schema_of(
            SDL,
            Query={"list": self._children, "a": self._load_one, "b": self._load_one},
            Node={"node": self._load_one, "other": self._load_one, "nodes": self._children},
        )

    async def _load(self, keys: Sequence[str]) -> dict[str, Json | None]:
        self.batches.append(sorted(keys))
        return {key: None if key.endswith("none") else {"key": key, "text": key} for key in keys}

    async def _load_one(self, source: Json, info: Any) -> Json | None:
        return await self.loader.load(f"{source['key']}.{info.path.key}")

    async def _children(self, source: Json, _: Any) -> list[Json | None]:
        keys = (f"{source['key']}.{number}" for number in range(3))
        return await asyncio.gather(*map(self.loader.load, keys))


@pytest.mark.parametrize(
    ("query", "batches"),
    [
        ("{ a { text } b { text } }", 1),
        ("{ list { text } a { text } b { text } }", 1),
        ("{ list { node { text } } }", 2),
        ("{ list { node { text } other { text } } }", 2),
        ("{ list { nodes { node { text } } } }", 3),
        ("{ a { node { node { text } } } b { node { node { text } } } }", 3),
        ("{ list { nodes { none: node { node { text } } node { text } } node { text } } }", 3),
    ],
)
async def test_what_is_loaded_at_a_depth_is_loaded_in_one_batch(query: str, batches: int) -> None:
    ours, theirs = Loading(), Loading()

    result = await run(Engine(ours.schema), query, root_value={"key": "root"})
    expected = await run_by_graphql_core(theirs.schema, query, root_value={"key": "root"})

    assert result.formatted == expected.formatted
    assert result.errors is None
    assert ours.batches == theirs.batches
    assert len(ours.batches) == batches


async def test_depths_that_are_reached_together_are_loaded_together() -> None:
    """Objects that are there already don't make a depth of their own."""
    ours, theirs = Loading(), Loading()
    query = "{ a { text } c { node { text } other { node { text } } } }"
    root = {"key": "root", "c": {"key": "c", "other": {"key": "o"}}}
    for loading in (ours, theirs):
        loading.schema.type_map["Node"].fields["other"].resolve = None  # type: ignore[attr-defined]

    result = await run(Engine(ours.schema), query, root_value=root)
    expected = await run_by_graphql_core(theirs.schema, query, root_value=root)

    assert result.formatted == expected.formatted
    assert ours.batches == [["c.node", "o.node", "root.a"]]
    assert len(ours.batches) <= len(theirs.batches)
