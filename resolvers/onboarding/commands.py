"""Changing briefs."""

from domain import onboarding
from domain.deletion import Delete
from domain.entity import require_revision
from domain.errors import NotFound
from domain.onboarding import Brief, NormalizeBrief, SubmitIntake
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.deletion import delete_stored


async def submit_intake(unit: UnitOfWork, command: SubmitIntake) -> Brief:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    brief_id = command.brief_id or unit.new_key("brief")
    brief = onboarding.submitted(command, brief_id, unit.now)
    return await unit.briefs.save(brief, command.expected_revision)


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
