"""The schema as a file, for client generators, reviews and diffs."""

from pathlib import Path

from schema.root import create_schema

SCHEMA_FILE = Path(__file__).parent / "schema.graphql"


def exported_schema() -> str:
    """The SDL of the code, as `schema/schema.graphql` must have it."""
    return create_schema().sdl()
