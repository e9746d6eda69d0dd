"""Changing campaigns and drafts."""

from collections.abc import Sequence
from functools import partial

from domain import production
from domain.bulk import Bulk
from domain.deletion import Delete
from domain.errors import DomainError
from domain.production import Campaign, Draft, SaveCampaign, SaveDraft, SaveDrafts
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.bulk import save_rows
from resolvers.deletion import delete_stored


async def save_campaign(unit: UnitOfWork, command: SaveCampaign) -> Campaign:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    return await unit.campaigns.save(_new_campaign(unit, command), command.expected_revision)


async def save_campaigns(
    unit: UnitOfWork, bulk: Bulk[SaveCampaign]
) -> Sequence[Campaign | DomainError]:
    """What became of each row. Raises ValidationFailed, BulkRejected."""
    return await save_rows(bulk, unit.campaigns, partial(_new_campaign, unit))


def _new_campaign(unit: UnitOfWork, command: SaveCampaign) -> Campaign:
    campaign_id = command.campaign_id or unit.new_key("campaign")
    return production.new_campaign(command, campaign_id, unit.now)


async def save_draft(unit: UnitOfWork, command: SaveDraft) -> Draft:
    """Raises ValidationFailed, RevisionConflict."""
    require_valid(command)
    return await unit.drafts.save(_new_draft(unit, command), command.expected_revision)


async def save_drafts(unit: UnitOfWork, bulk: SaveDrafts) -> Sequence[Draft | DomainError]:
    """What became of each row. Raises ValidationFailed, BulkRejected."""
    return await save_rows(bulk, unit.drafts, partial(_new_draft, unit))


def _new_draft(unit: UnitOfWork, command: SaveDraft) -> Draft:
    return production.new_draft(command, command.draft_id or unit.new_key("draft"), unit.now)


async def delete_campaign(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.campaigns, command, "campaign")


async def delete_draft(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    return await delete_stored(unit.drafts, command, "draft")
