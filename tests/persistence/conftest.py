import pytest

from tests.persistence.types_under_test import PARENTS, TYPES_UNDER_TEST, TypeUnderTest


def _name(entity_type: TypeUnderTest) -> str:
    return entity_type.name


@pytest.fixture(params=TYPES_UNDER_TEST, ids=_name)
def entity_type(request: pytest.FixtureRequest) -> TypeUnderTest:
    """Each type of entity in turn."""
    entity_type: TypeUnderTest = request.param
    return entity_type


@pytest.fixture(params=PARENTS, ids=_name)
def parent(request: pytest.FixtureRequest) -> TypeUnderTest:
    """Each type of entity that has children in turn."""
    entity_type: TypeUnderTest = request.param
    return entity_type
