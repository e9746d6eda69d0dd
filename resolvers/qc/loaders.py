"""Reading QC results."""

from functools import cached_property

from domain.qc import QcIssue, QcResult
from repositories.qc.contract import QcResultReads
from resolvers.dataloaders import (
    DataLoader,
    EntityLoaders,
    JsonLoader,
    children_by_key,
    one_by_key,
)


class QcResultLoaders(EntityLoaders[QcResult]):
    """Results by `result_id`."""

    def __init__(self, reads: QcResultReads, *, with_children: bool = False) -> None:
        super().__init__(reads, with_children=with_children)
        self._results = reads

    @cached_property
    def by_draft_id(self) -> DataLoader[str, QcResult | None]:
        return one_by_key(self._results.get_many_by_draft_id)

    @cached_property
    def issues_by_result_id(self) -> DataLoader[str, tuple[QcIssue, ...]]:
        return children_by_key(self._results.issues_by_result_id)

    @cached_property
    def issues_json_by_result_id(self) -> JsonLoader:
        return JsonLoader(self._results.issues_json_by_result_id)
