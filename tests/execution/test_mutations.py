"""The root fields of a mutation run one after the other."""

import asyncio
from typing import Any

from graphql import GraphQLSchema

from execution import Engine
from tests.execution.asking import response_to, run, schema_of

SDL = """
type Query { it: Thing }
type Thing { slow: String  strict: String! }
type Mutation { first: Thing  second: Thing  strict: Thing!  quick: String }
"""


class Log:
    """The begun and ended fields, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def resolving(self, name: str, value: Any) -> Any:
        async def resolve(*_: Any) -> Any:
            self.lines.append(f"{name} begins")
            await asyncio.sleep(0)
            self.lines.append(f"{name} ends")
            if isinstance(value, Exception):
                raise value
            return value

        return resolve

    def schema(self, **values: Any) -> GraphQLSchema:
        of = {name: self.resolving(name, value) for name, value in values.items()}
        return schema_of(
            SDL,
            Mutation={name: of[name] for name in of if name != "slow"},
            Thing={"slow": self.resolving("slow", "done")},
        )


async def test_a_field_begins_when_all_of_the_one_before_has_ended() -> None:
    log = Log()
    schema = log.schema(first={}, second={})

    result = await run(Engine(schema), "mutation { first { slow } second { slow } }")

    assert result.data == {"first": {"slow": "done"}, "second": {"slow": "done"}}
    assert log.lines == [
        *("first begins", "first ends", "slow begins", "slow ends"),
        *("second begins", "second ends", "slow begins", "slow ends"),
    ]


async def test_the_next_field_runs_though_one_before_failed() -> None:
    log = Log()
    schema = log.schema(first=ValueError("broken"), second={})

    result = await run(Engine(schema), "mutation { first { slow } second { slow } }")

    assert result.data == {"first": None, "second": {"slow": "done"}}
    assert [error.path for error in result.errors or ()] == [["first"]]


async def test_nothing_is_begun_once_the_whole_response_is_null() -> None:
    log = Log()
    schema = log.schema(first={}, strict=ValueError("broken"), second={})

    result = await run(
        Engine(schema), "mutation { first { slow } strict { slow } second { slow } }"
    )

    assert result.data is None
    assert [error.path for error in result.errors or ()] == [["strict"]]
    assert "second begins" not in log.lines


async def test_nor_when_it_is_null_because_of_what_is_below() -> None:
    log = Log()
    schema = log.schema(strict={"strict": None}, second={})

    result = await run(Engine(schema), "mutation { strict { strict } second { slow } }")

    assert result.data is None
    assert [error.path for error in result.errors or ()] == [["strict", "strict"]]
    assert log.lines == ["strict begins", "strict ends"]


async def test_errors_come_in_the_order_of_the_fields() -> None:
    """An error that was long waited for is before one of a later field that was not."""
    log = Log()
    schema = schema_of(
        SDL,
        Mutation={
            "first": log.resolving("first", {}),
            "quick": lambda *_: ValueError("quick"),
        },
        Thing={"slow": log.resolving("slow", ValueError("slow"))},
    )

    result = await response_to(schema, "mutation { first { slow } quick }")

    assert [error["path"] for error in result["errors"]] == [["first", "slow"], ["quick"]]


async def test_aliases_make_several_of_one_field() -> None:
    schema = schema_of(SDL, Mutation={"quick": lambda _, info: str(info.path.key)})

    result = await response_to(schema, "mutation { a: quick  b: quick  quick }")

    assert result == {"data": {"a": "a", "b": "b", "quick": "quick"}}
