"""Runs that ask a language model: what is said is kept with the run.

This module is imported where a model is set up, and nowhere else.
"""

from collections.abc import Callable

from domain.workflow import ModelExchange
from orchestration.leases import Lease
from orchestration.producers.models.answers import AnswerFormat
from orchestration.producers.models.asking import Bounds, Model
from orchestration.producers.models.endpoint import Endpoint
from orchestration.producers.models.generators import ModelDraftGenerator, ModelStrategyGenerator
from orchestration.runs.steps import Writers
from repositories.unit_of_work import UnitOfWork


def model_writers(
    endpoint: Endpoint, format: AnswerFormat, bounds: Bounds
) -> Callable[[Lease], Writers]:
    """Gives the producers that ask the endpoint's model in the run of a lease."""

    def writers_of(lease: Lease) -> Writers:
        model = Model(endpoint, format, RunJournal(lease), bounds)
        return Writers(ModelStrategyGenerator(model), ModelDraftGenerator(model))

    return writers_of


class RunJournal:
    """The Journal of the run that a lease is for.

    Each exchange is stored by itself, and under the lease. A process that is killed after an answer
    has stored what this counts for, though the step is begun anew.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._run_id = lease.job.key

    async def tokens(self) -> int:
        async with self._lease.read() as snapshot:
            return await snapshot.exchanges.tokens(self._run_id)

    async def add(self, exchange: ModelExchange) -> None:
        async def work(unit: UnitOfWork) -> None:
            await unit.exchanges.add(self._run_id, exchange)

        # What was paid for is kept, also by a process that was told to end.
        await self._lease.write(work, is_progress=False, is_dear=True)
