import pytest

from tests.persistence.kinds import KINDS, PARENTS, Kind


def _name(kind: Kind) -> str:
    return kind.name


@pytest.fixture(params=KINDS, ids=_name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of entity in turn."""
    kind: Kind = request.param
    return kind


@pytest.fixture(params=PARENTS, ids=_name)
def parent(request: pytest.FixtureRequest) -> Kind:
    """Each kind of entity that has children in turn."""
    kind: Kind = request.param
    return kind
