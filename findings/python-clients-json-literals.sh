#!/usr/bin/env bash
# Two GraphQL clients of Python write a custom scalar's JSON object into a document as no GraphQL.
#
# gql 4.0.0 (its DSL) and sgqlc 18 from PyPI, on Python 3.11 or newer.
# Source: https://pypi.org/project/gql/, https://pypi.org/project/sgqlc/
# One would guess: a value of a custom scalar, given where the client builds the document, is either
# written as a GraphQL literal or refused by the client, since not all JSON has a literal (the names
# of a literal are GraphQL names: no spaces, no leading digits).
# Seen: sgqlc prints JSON, whose names have quotation marks, so that no object at all is GraphQL; gql
# prints every name bare, so that one with a space is not; and gql makes an integer of 1.0.
# Neither says so: the server's parser does. As variables, the same values arrive.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check gql==4.0.0 sgqlc==18 'graphql-core>=3.2,<3.3' >&2

cat >see.py <<'SCRIPT'
import sys
from importlib.metadata import version

from gql.dsl import DSLMutation, DSLSchema, dsl_gql
from graphql import GraphQLSyntaxError, build_schema, parse, print_ast
from sgqlc.operation import Operation
from sgqlc.types import Arg, ArgDict, Field, Int, Scalar, Type

schema = build_schema(
    "scalar JSON type Query { a: Int } type Mutation { keep(value: JSON): Int }"
)


class JSON(Scalar):
    pass


class Mutation(Type):
    keep = Field(Int, args=ArgDict(value=Arg(JSON)))


def by_gql(value):
    field = DSLSchema(schema).Mutation.keep(value=value)
    return print_ast(dsl_gql(DSLMutation(field)).document)


def by_sgqlc(value):
    operation = Operation(Mutation)
    operation.keep(value=value)
    return str(operation)


def is_graphql(text):
    try:
        parse(text)
    except GraphQLSyntaxError:
        return False
    return True


seen = {
    "gql, a name": is_graphql(by_gql({"a": 1})),
    "gql, a name with a space": is_graphql(by_gql({"a b": 1})),
    "gql, 1.0": "1.0" in by_gql({"a": 1.0}),
    "sgqlc, a name": is_graphql(by_sgqlc({"a": 1})),
}
print(f"gql {version('gql')}, sgqlc {version('sgqlc')}", seen)
sys.exit(list(seen.values()) != [True, False, False, False])
SCRIPT
timeout 60 env/bin/python see.py
