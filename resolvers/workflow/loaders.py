"""Reading runs."""

from collections.abc import Mapping, Sequence

from domain.workflow import ModelExchange, Run, RunStep
from repositories.lazy import lazy
from repositories.workflow.contract import ExchangeReads, RunReads
from resolvers.dataloaders import DataLoader, EntityLoaders, Loader


class RunLoaders(EntityLoaders[Run]):
    """Runs by `run_id`."""

    def __init__(self, reads: RunReads, *, single_statement: bool = False) -> None:
        super().__init__(reads, single_statement=single_statement)
        self._runs = reads

    @lazy
    def steps_by_run_id(self) -> Loader[str, tuple[RunStep, ...]]:
        return self._children(self._runs.steps_by_run_id, self._runs.steps_json_by_run_id)


class ExchangeLoaders:
    """What runs have said to language models, and these to them."""

    def __init__(self, reads: ExchangeReads) -> None:
        self._reads = reads

    @lazy
    def by_run_id(self) -> DataLoader[str, tuple[ModelExchange, ...]]:
        return DataLoader(self._by_run_id)

    async def _by_run_id(self, run_ids: Sequence[str]) -> Mapping[str, tuple[ModelExchange, ...]]:
        return dict.fromkeys(run_ids, ()) | dict(await self._reads.of_runs(run_ids))
