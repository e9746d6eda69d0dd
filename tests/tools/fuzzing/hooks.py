"""Hooks of Schemathesis: values of the API's scalars, and the expected responses."""

from pathlib import Path
from typing import Any

import schemathesis  # type: ignore[import-not-found]
from graphql import NameNode, ObjectFieldNode, build_schema
from hypothesis import strategies as some
from hypothesis_graphql import nodes

from tests.support.conformance import require_fit

schema = build_schema((Path(__file__).parents[3] / "schema" / "schema.graphql").read_text("utf-8"))

moments = some.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
values = (
    some.integers().map(nodes.Int)
    | some.text().map(nodes.String)
    | some.booleans().map(nodes.Boolean)
)
members = some.dictionaries(some.from_regex(r"\A[a-z]{1,8}\Z"), values, max_size=4)

schemathesis.graphql.scalar("DateTime", (moments | some.text()).map(nodes.String))
schemathesis.graphql.scalar("ByteCount", some.integers(-1, 2**53).map(nodes.Int))
schemathesis.graphql.scalar("Scope", some.text().map(nodes.String))
schemathesis.graphql.scalar(
    "JSON",
    members.map(
        lambda given: nodes.Object(
            [
                ObjectFieldNode(name=NameNode(value=name), value=value)
                for name, value in given.items()
            ]
        )
    ),
)


@schemathesis.check  # type: ignore[untyped-decorator]
def fits_the_schema(_: Any, response: Any, case: Any) -> None:
    """GraphQL over HTTP has one way to answer whatever GraphQL is asked for as JSON."""
    assert response.status_code == 200, response.status_code
    assert response.headers["content-type"] == ["application/json; charset=utf-8"]
    require_fit(schema, case.body, response.json())
