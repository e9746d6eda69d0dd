"""Changing QC results."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from domain import qc
from domain.callers import Caller, CallerKind
from domain.deciding import require_other_maker
from domain.deletion import Delete
from domain.entity import require_revision
from domain.errors import DomainError, ValidationFailed
from domain.qc import QcResult, RecordQcResult, RecordQcResults
from domain.validation import require_valid
from repositories.unit_of_work import UnitOfWork
from resolvers.bulk import Rows
from resolvers.deletion import delete_stored
from resolvers.makers import makers_of


async def record_qc_result(unit: UnitOfWork, command: RecordQcResult) -> QcResult:
    """Raises ValidationFailed, RevisionConflict, NotAllowed."""
    require_valid(command)
    stored = await _stored_for(unit, [command])
    stored.require(unit.caller, command)
    result = stored.new_result(unit, command)
    await stored.make_way(unit, result)
    return await unit.qc_results.save(result)


async def record_qc_results(
    unit: UnitOfWork, bulk: RecordQcResults
) -> Sequence[QcResult | DomainError]:
    """What became of each row. Raises ValidationFailed, BulkRejected."""
    rows = Rows[RecordQcResult, QcResult](bulk)
    if not rows.left:
        return rows.outcomes
    stored = await _stored_for(unit, rows.left)
    rows.judge(partial(stored.require, unit.caller))
    made = {row.draft_id: stored.new_result(unit, row) for row in rows.left}
    # A row that is refused must not have replaced anything.
    rows.refuse(await unit.qc_results.refusals_of([*made.values()]))
    results = [made[row.draft_id] for row in rows.left]
    for result in results:
        await stored.make_way(unit, result)
    await rows.save(unit.qc_results, results)
    return rows.outcomes


async def delete_qc_result(unit: UnitOfWork, command: Delete) -> str:
    """Raises ValidationFailed, NotFound, RevisionConflict."""
    require_valid(command)
    stored = await unit.qc_results.get(command.key)
    if stored is not None:
        await unit.qc_results.lock_drafts([stored.draft_id])
    return await delete_stored(unit.qc_results, command, "QC result")


@dataclass(frozen=True, slots=True)
class _Stored:
    """What decides about new results, read under the locks of their drafts."""

    results: Mapping[str, QcResult]
    """By draft."""
    taken: Collection[str]
    """Ids that commands give, and that results of other drafts have."""
    makers: Mapping[str, Caller]
    """Who made the drafts, as far as rules ask for it."""

    def require(self, caller: Caller, command: RecordQcResult) -> None:
        """Raises ValidationFailed, RevisionConflict, NotAllowed."""
        if command.result_id in self.taken:
            raise ValidationFailed.at("result_id", "it belongs to another draft")
        require_revision(self.results.get(command.draft_id), command.expected_revision)
        if command.passed:
            require_other_maker(caller, self.makers.get(command.draft_id), "draft_id")

    def new_result(self, unit: UnitOfWork, command: RecordQcResult) -> QcResult:
        current = self.results.get(command.draft_id)
        kept_id = None if current is None else current.result_id
        result_id = command.result_id or kept_id or unit.new_key("qc")
        return qc.new_result(command, result_id, unit.now)

    async def make_way(self, unit: UnitOfWork, result: QcResult) -> None:
        """Delete the draft's result that has another id."""
        current = self.results.get(result.draft_id)
        if current is not None and current.result_id != result.result_id:
            await unit.qc_results.delete(current.result_id)


async def _stored_for(unit: UnitOfWork, commands: Sequence[RecordQcResult]) -> _Stored:
    results = unit.qc_results
    drafts = [command.draft_id for command in commands]
    await results.lock_drafts(drafts)
    current = await results.get_many_by_draft_id(drafts)
    given = [
        command.result_id
        for command in commands
        if command.result_id is not None
        and (
            command.draft_id not in current
            or current[command.draft_id].result_id != command.result_id
        )
    ]
    passed = [command.draft_id for command in commands if command.passed]
    return _Stored(
        results=current,
        taken=await results.get_many(given) if given else (),
        makers=await _makers_of(unit, passed),
    )


async def _makers_of(unit: UnitOfWork, draft_ids: Sequence[str]) -> Mapping[str, Caller]:
    """Who made the drafts, by their keys, as far as anybody knows. None for callers whom no rule
    asks for it, without a read."""
    if not draft_ids or unit.caller.kind is not CallerKind.AGENT:
        return {}
    drafts = await unit.drafts.get_many(draft_ids)
    makers = await makers_of(unit.events, unit.caller, [*drafts.values()])
    return {key: maker for key, maker in zip(drafts, makers, strict=True) if maker is not None}
