"""Changing campaigns and drafts."""

from domain import production
from domain.deletion import Delete
from domain.production import Campaign, Draft, SaveCampaign, SaveDraft
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.deletion import delete_stored


async def save_campaign(unit: UnitOfWork, command: SaveCampaign) -> Campaign:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    campaign_id = command.campaign_id or unit.new_key("campaign")
    campaign = production.new_campaign(command, campaign_id, unit.now)
    return await unit.campaigns.save(campaign, command.expected_revision)


async def save_draft(unit: UnitOfWork, command: SaveDraft) -> Draft:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    draft_id = command.draft_id or unit.new_key("draft")
    draft = production.new_draft(command, draft_id, unit.now)
    return await unit.drafts.save(draft, command.expected_revision)


async def delete_campaign(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.campaigns, command, "campaign")


async def delete_draft(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.drafts, command, "draft")
