"""Reading runs."""

from domain.workflow import Run, RunStep
from repositories.lazy import lazy
from repositories.workflow.contract import RunReads
from resolvers.dataloaders import EntityLoaders, Loader


class RunLoaders(EntityLoaders[Run]):
    """Runs by `run_id`."""

    def __init__(self, reads: RunReads, *, single_statement: bool = False) -> None:
        super().__init__(reads, single_statement=single_statement)
        self._runs = reads

    @lazy
    def steps_by_run_id(self) -> Loader[str, tuple[RunStep, ...]]:
        return self._children(self._runs.steps_by_run_id, self._runs.steps_json_by_run_id)
