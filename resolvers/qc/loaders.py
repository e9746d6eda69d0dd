"""Reading QC results."""

from domain.qc import QcIssue, QcResult
from repositories.lazy import lazy
from repositories.qc.contract import QcResultReads
from resolvers.dataloaders import EntityLoaders, Loader


class QcResultLoaders(EntityLoaders[QcResult]):
    """Results by `result_id`."""

    def __init__(self, reads: QcResultReads, *, single_statement: bool = False) -> None:
        super().__init__(reads, single_statement=single_statement)
        self._results = reads

    @lazy
    def by_draft_id(self) -> Loader[str, QcResult | None]:
        return self._entities(self._results.get_many_by_draft_id, self._results.json_by_draft_id)

    @lazy
    def issues_by_result_id(self) -> Loader[str, tuple[QcIssue, ...]]:
        return self._children(
            self._results.issues_by_result_id, self._results.issues_json_by_result_id
        )
