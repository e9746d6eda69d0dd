"""Changing QC results."""

from domain import qc
from domain.deciding import require_other_maker
from domain.deletion import Delete
from domain.entity import require_revision
from domain.errors import ValidationFailed
from domain.qc import QcResult, RecordQcResult
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.deletion import delete_stored
from resolvers.makers import maker_of

_DRAFT = "draft"
"""The type of what results are about, in the log."""


async def record_qc_result(unit: UnitOfWork, command: RecordQcResult) -> QcResult:
    """Raises ValidationFailed, RevisionConflict, NotAllowed."""
    require_valid(command)
    results = unit.qc_results
    await results.lock_draft(command.draft_id)
    current = (await results.get_many_by_draft_id([command.draft_id])).get(command.draft_id)
    kept_id = current.result_id if current is not None else None
    result_id = command.result_id or kept_id or unit.new_key("qc")
    if result_id != kept_id and await results.get(result_id) is not None:
        raise ValidationFailed.at("result_id", "it belongs to another draft")
    require_revision(current, command.expected_revision)
    if command.passed:
        maker = await maker_of(unit, _DRAFT, command.draft_id)
        require_other_maker(unit.caller, maker, "draft_id")
    if kept_id is not None and result_id != kept_id:
        await results.delete(kept_id)
    return await results.save(qc.new_result(command, result_id, unit.now))


async def delete_qc_result(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    stored = await unit.qc_results.get(command.key)
    if stored is not None:
        await unit.qc_results.lock_draft(stored.draft_id)
    return await delete_stored(unit.qc_results, command, "QC result")
