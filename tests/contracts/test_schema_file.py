"""The schema that is committed is the schema that is served."""

from graphql import validate_schema

from schema.export import SCHEMA_FILE, exported_schema
from schema.root import create_schema, define_schema
from tests.support.sdl import client_schema


def test_the_file_is_what_the_code_says() -> None:
    """If it isn't: `make schema`, and look at what has changed for clients."""
    assert SCHEMA_FILE.read_text("utf-8") == exported_schema()


def test_the_export_is_the_same_each_time() -> None:
    assert create_schema(definition=define_schema()).sdl() == exported_schema()


def test_the_schema_is_valid() -> None:
    assert validate_schema(client_schema()) == []
