"""Waiting for values: side by side, and no longer than somebody wants them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any

import pytest
from graphql import GraphQLSchema

from execution import Engine
from execution.scheduler import MAX_VALUES_PER_TURN
from tests.execution.asking import Json, response_to, run, schema_of

SDL = """
type Query { a: Node  b: Node  c: Node  text: String  list: [Node]  texts: [String]  must: Node! }
type Node {
  text: String  number: Int  node: Node  other: Node  nodes: [Node!]  rows: [[String]]
}
"""


@pytest.fixture
def schema() -> GraphQLSchema:
    return schema_of(SDL)


class Gate:
    """Lets pass whoever waits once so many do; the test hangs when they wait one by one."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._waiting = 0
        self._open = asyncio.Event()

    def passing(self, value: Any) -> Callable[[Any], Awaitable[Any]]:
        async def resolve(_: Any) -> Any:
            self._waiting += 1
            if self._waiting == self._expected:
                self._open.set()
            await self._open.wait()
            return value

        return resolve


# Awaitables


class Ready:
    """Awaitable, but not a coroutine."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from asyncio.sleep(0).__await__()
        return self._value


async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    if isinstance(value, Exception):
        raise value
    return value


@pytest.mark.parametrize("make", [later, Ready, lambda value: asyncio.ensure_future(later(value))])
async def test_whatever_is_awaitable_is_awaited(
    schema: GraphQLSchema, make: Callable[[Any], Any]
) -> None:
    root = {
        "a": lambda _: make({"text": lambda _: make("t"), "nodes": lambda _: make([])}),
        "texts": lambda _: make(["x", make("y"), None, make(None)]),
        "text": lambda _: make(None),
    }

    result = await response_to(schema, "{ a { text nodes { text } } texts text }", root_value=root)

    assert result == {
        "data": {
            "a": {"text": "t", "nodes": []},
            "texts": ["x", "y", None, None],
            "text": None,
        }
    }


async def test_what_an_awaited_value_is_is_judged_as_any_other(schema: GraphQLSchema) -> None:
    root = {
        "a": lambda _: later({"number": lambda _: later("many")}),
        "b": lambda _: later(ValueError("raised")),
        "c": lambda _: later({"text": lambda _: later({})}),
        "list": lambda _: later([later(None), later({"text": "t"}), later(ValueError("item"))]),
        "must": lambda _: later({"nodes": lambda _: later([later(None)])}),
    }

    result = await response_to(
        schema,
        "{ a { number } b { text } c { text } list { text } must { nodes { text } } }",
        root_value=root,
    )

    assert result["data"] == {
        "a": {"number": None},
        "b": None,
        "c": {"text": None},
        "list": [None, {"text": "t"}, None],
        "must": {"nodes": None},
    }
    assert len(result["errors"]) == 5


async def test_a_future_may_stand_in_several_places(schema: GraphQLSchema) -> None:
    future = asyncio.ensure_future(later("shared"))
    root = {
        "a": {"text": future},
        "b": {"text": future},
        "texts": [future, "own", future],
    }

    result = await run(Engine(schema), "{ a { text } b { text } texts }", root_value=root)

    assert result.data == {
        "a": {"text": "shared"},
        "b": {"text": "shared"},
        "texts": ["shared", "own", "shared"],
    }


# Side by side


async def test_fields_and_items_are_waited_for_side_by_side(schema: GraphQLSchema) -> None:
    gate = Gate(6)
    root = {
        "a": {"text": gate.passing("a")},
        "b": {"node": {"text": gate.passing("b")}},
        "text": gate.passing("t"),
        "list": [{"text": gate.passing("0")}, {"text": "now"}, {"text": gate.passing("2")}],
        "texts": [gate.passing("x")(None)],
    }

    result = await run(
        Engine(schema),
        "{ a { text } b { node { text } } text list { text } texts }",
        root_value=root,
    )

    assert result.data == {
        "a": {"text": "a"},
        "b": {"node": {"text": "b"}},
        "text": "t",
        "list": [{"text": "0"}, {"text": "now"}, {"text": "2"}],
        "texts": ["x"],
    }


async def test_a_branch_does_not_wait_for_another(schema: GraphQLSchema) -> None:
    """`b` gets to its third level while `a` still waits at its first."""
    arrived = asyncio.Event()

    async def wait(_: Any) -> Json:
        await arrived.wait()
        return {"text": "a"}

    async def arrive(_: Any) -> str:
        arrived.set()
        return "b"

    root = {
        "a": wait,
        "b": lambda _: later({"node": lambda _: later({"text": arrive})}),
    }

    result = await run(Engine(schema), "{ a { text } b { node { text } } }", root_value=root)

    assert result.data == {"a": {"text": "a"}, "b": {"node": {"text": "b"}}}


async def test_values_that_are_there_do_not_wait_for_those_that_are_not(
    schema: GraphQLSchema,
) -> None:
    """The second item of the list gets to its text while the first is waited for."""
    arrived = asyncio.Event()

    async def wait() -> Json:
        await arrived.wait()
        return {"text": "first"}

    async def arrive(_: Any) -> str:
        arrived.set()
        return "second"

    root = {"list": [wait(), {"text": arrive}]}

    result = await run(Engine(schema), "{ list { text } }", root_value=root)

    assert result.data == {"list": [{"text": "first"}, {"text": "second"}]}


async def test_without_anything_to_wait_for_there_is_no_wait(schema: GraphQLSchema) -> None:
    root = {"list": [{"node": {"text": "x"}}], "a": {"text": "y"}}
    running = run(Engine(schema), "{ list { node { text } } a { text } }", root_value=root)

    with pytest.raises(StopIteration) as stop:
        running.__await__().__next__()

    assert stop.value.value.data == {"list": [{"node": {"text": "x"}}], "a": {"text": "y"}}


# Async iterables


class Stream:
    def __init__(self, *values: Any) -> None:
        self._values = iter(values)

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        for value in self._values:
            if isinstance(value, LookupError):
                raise value
            return value
        raise StopAsyncIteration


async def generated(*values: Any) -> AsyncIterator[Any]:
    async for value in Stream(*values):
        yield value


@pytest.mark.parametrize("make", [Stream, generated])
async def test_an_async_iterable_is_a_list(schema: GraphQLSchema, make: Callable[..., Any]) -> None:
    root = {
        "texts": lambda _: make("a", None, 5, {}, ValueError("given"), later("b")),
        "list": lambda _: later(
            make({"text": "x"}, {"rows": lambda _: [make("y"), ["z"], make()]}, None)
        ),
        "a": {"nodes": lambda _: make({"text": "n"}, None)},
        "b": {"rows": lambda _: make(["p"], make("q"), 7)},
    }

    result = await response_to(
        schema,
        "{ texts list { text rows } a { nodes { text } } b { rows } }",
        in_order=False,
        root_value=root,
    )

    assert result["data"] == {
        "texts": ["a", None, "5", None, None, "b"],
        "list": [{"text": "x", "rows": None}, {"text": None, "rows": [["y"], ["z"], []]}, None],
        "a": {"nodes": None},
        "b": {"rows": [["p"], ["q"], None]},
    }


async def test_one_that_breaks_off_is_an_error(schema: GraphQLSchema) -> None:
    root = {"texts": lambda _: Stream("a", LookupError("no more")), "text": "t"}

    result = await response_to(schema, "{ texts text }", root_value=root)

    assert result["data"] == {"texts": None, "text": "t"}
    assert result["errors"][0]["path"] == ["texts"]


async def test_several_are_read_side_by_side(schema: GraphQLSchema) -> None:
    gate = Gate(2)

    async def read(_: Any) -> AsyncIterator[str]:
        yield await gate.passing("a")(None)

    root = {"list": [{"rows": lambda _: [read(None)]}, {"rows": lambda _: [read(None)]}]}

    result = await run(Engine(schema), "{ list { rows } }", root_value=root)

    assert result.data == {"list": [{"rows": [["a"]]}, {"rows": [["a"]]}]}


# Cancellation


class Endless:
    """Waits forever; notes how that ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.ends = 0
        self.count = 0

    async def __call__(self, _: Any) -> None:
        self.count += 1
        self.begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            # Taking leave takes time, too.
            await asyncio.sleep(0)
            self.ends += 1


@pytest.mark.parametrize(
    "query",
    [
        "{ text }",
        "{ a { text } b { text } text }",
        "{ list { text } }",
        "{ list { node { text } } }",
    ],
)
async def test_who_cancels_the_operation_cancels_what_it_waits_for(
    schema: GraphQLSchema, query: str
) -> None:
    endless = Endless()
    node = {"text": endless, "node": lambda _: later({"text": endless})}
    root = {"text": endless, "a": node, "b": node, "list": [node, node, {"text": "t"}]}
    task = asyncio.create_task(run(Engine(schema), query, root_value=root))
    await endless.begun.wait()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert endless.ends == endless.count > 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_resolver_that_is_cancelled_ends_the_operation(schema: GraphQLSchema) -> None:
    """Only exceptions are errors of a field, as with graphql-core."""
    endless = Endless()

    async def give_up(_: Any) -> None:
        await endless.begun.wait()
        raise asyncio.CancelledError

    root = {"text": give_up, "a": {"text": endless}}

    with pytest.raises(asyncio.CancelledError):
        await run(Engine(schema), "{ text a { text } }", root_value=root)

    assert endless.ends == 1


async def test_nothing_is_left_running_when_something_failed(schema: GraphQLSchema) -> None:
    """A failed field doesn't cancel its siblings: they run to their end."""
    ended: list[str] = []

    async def slow(_: Any) -> str:
        for _turn in range(10):
            await asyncio.sleep(0)
        ended.append("slow")
        return "done"

    root = {"must": lambda _: later(ValueError("broken")), "a": {"text": slow}}

    result = await run(Engine(schema), "{ must { text } a { text } }", root_value=root)

    assert result.data is None
    assert [error.message for error in result.errors or ()] == ["broken"]
    assert ended == ["slow"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


# The event loop, which is others' as well

MANY = f"{{ text list {{ {' '.join(f'text{number}: text' for number in range(60))} }} }}"


class Turns:
    """Counts the texts that are resolved in each turn of the event loop."""

    def __init__(self) -> None:
        self.in_turn = [0]

    def text(self, _: Any) -> str:
        self.in_turn[-1] += 1
        return "t"

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0)
            self.in_turn.append(0)


async def test_others_have_turns_while_many_values_are_handled(schema: GraphQLSchema) -> None:
    turns = Turns()
    root = {"text": lambda _: later("r"), "list": [{"text": turns.text}] * 200}
    counting = asyncio.create_task(turns.count())
    await asyncio.sleep(0)

    result = await run(Engine(schema), MANY, root_value=root)

    counting.cancel()
    assert result.data == {
        "text": "r",
        "list": [{f"text{number}": "t" for number in range(60)}] * 200,
    }
    assert sum(turns.in_turn) == 60 * 200
    assert max(turns.in_turn) <= MAX_VALUES_PER_TURN


async def test_who_cancels_the_operation_between_turns_leaves_nothing_to_be_awaited(
    schema: GraphQLSchema, recwarn: pytest.WarningsRecorder
) -> None:
    turns = Turns()
    root = {"text": lambda _: later("r"), "list": [{"text": turns.text}] * 200}
    task = asyncio.create_task(run(Engine(schema), MANY, root_value=root))
    await asyncio.sleep(0)
    assert 0 < turns.in_turn[0] < 60 * 200

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    del task, root
    gc.collect()
    assert [str(each.message) for each in recwarn] == []
    assert asyncio.all_tasks() == {asyncio.current_task()}
