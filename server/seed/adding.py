"""Adding records without changing existing ones."""

from typing import TypeVar

from domain.entity import Entity
from domain.errors import RevisionConflict
from domain.validation import Checked, require_valid
from repositories.contract import EntityRepository

C = TypeVar("C", bound=Checked)
R = TypeVar("R", bound=Entity)


async def add(repository: EntityRepository[R], record: R) -> bool:
    """Save the record unless its key exists. Returns whether it was saved."""
    try:
        await repository.save(record, expected_revision=0)
    except RevisionConflict:
        return False
    return True


def valid(command: C) -> C:
    """The command, if it's valid: wrong example data is a bug, which raises at once."""
    require_valid(command)
    return command
