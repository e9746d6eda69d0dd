"""Removing an entity of any module."""

from typing import TypeVar

from domain.deletion import Delete
from domain.entity import Entity, require_revision
from domain.errors import NotFound
from repositories.contract import EntityRepository

R = TypeVar("R", bound=Entity)


async def delete_stored(repository: EntityRepository[R], command: Delete, type_name: str) -> str:
    """The key of what was removed. Raises NotFound, RevisionConflict."""
    stored = await repository.get_for_update(command.key)
    if stored is None:
        raise NotFound(type_name, command.key_name, command.key)
    require_revision(stored, command.expected_revision)
    await repository.delete(command.key)
    return command.key
