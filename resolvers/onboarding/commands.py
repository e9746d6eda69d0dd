"""Changing briefs."""

from collections.abc import Sequence
from functools import partial

from domain import onboarding
from domain.bulk import Bulk
from domain.deletion import Delete
from domain.entity import require_revision
from domain.errors import DomainError, NotFound
from domain.onboarding import Brief, NormalizeBrief, SubmitIntake
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.bulk import save_rows
from resolvers.deletion import delete_stored


async def submit_intake(unit: UnitOfWork, command: SubmitIntake) -> Brief:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    return await unit.briefs.save(_submitted(unit, command), command.expected_revision)


async def submit_intakes(
    unit: UnitOfWork, bulk: Bulk[SubmitIntake]
) -> Sequence[Brief | DomainError]:
    """What became of each row. Raises ValidationFailed, BulkRejected."""
    return await save_rows(bulk, unit.briefs, partial(_submitted, unit))


def _submitted(unit: UnitOfWork, command: SubmitIntake) -> Brief:
    return onboarding.submitted(command, command.brief_id or unit.new_key("brief"), unit.now)


async def normalize_brief(unit: UnitOfWork, command: NormalizeBrief) -> Brief:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    brief = await unit.briefs.get_for_update(command.brief_id)
    if brief is None:
        raise NotFound("brief", "brief_id", command.brief_id)
    require_revision(brief, command.expected_revision)
    return await unit.briefs.save(onboarding.normalized(brief, command, unit.now))


async def delete_brief(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.briefs, command, "brief")
