"""Registering trusted documents."""

from domain.documents import RegisterDocuments, RemoveDocuments, trusted
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork


async def register_documents(unit: UnitOfWork, command: RegisterDocuments) -> int:
    """How many of them were new. Raises ValidationFailed."""
    require_valid(command)
    documents = trusted(command.application, command.documents, unit.now)
    return await unit.documents.add(documents)


async def remove_documents(unit: UnitOfWork, command: RemoveDocuments) -> int:
    """How many there were of them. Raises ValidationFailed."""
    require_valid(command)
    hashes = command.hashes
    if hashes is None:
        hashes = tuple(it.sha256 for it in await unit.documents.of(command.application))
    return await unit.documents.remove(command.application, hashes)
