"""The API in process, on each backend in turn."""

import pytest

from repositories.unit_of_work import Storage
from schema.root import CompiledSchema, create_schema
from tests.support.graphql import InProcess


@pytest.fixture(scope="session")
def schema() -> CompiledSchema:
    return create_schema()


@pytest.fixture
def pool_size() -> int:
    """All that the API does, it does on one connection."""
    return 1


@pytest.fixture
def api(schema: CompiledSchema, storage: Storage) -> InProcess:
    return InProcess(schema, storage)
