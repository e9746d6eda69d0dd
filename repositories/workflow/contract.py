"""The protocols of the repositories of workflow."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.workflow import ModelExchange, Run, RunStep
from repositories.contract import EntityReads, EntityRepository
from repositories.projections import JsonProjection


class RunReads(EntityReads[Run], Protocol):
    """Reads runs, by `run_id`."""

    async def steps_by_run_id(self, run_ids: Sequence[str]) -> Mapping[str, tuple[RunStep, ...]]:
        """The steps in position order; runs without any are left out."""
        ...

    async def steps_json_by_run_id(
        self, run_ids: Sequence[str], projections: Sequence[JsonProjection]
    ) -> Mapping[str, tuple[str, ...]]:
        """The steps of each stored run as JSON lists: one for each of the projections."""
        ...


class RunRepository(RunReads, EntityRepository[Run], Protocol):
    """Reads, saves and deletes runs."""

    async def lock_key(self, run_id: str) -> None:
        """Wait until no other unit of work starts a run under this key, and keep others out."""
        ...


class ExchangeReads(Protocol):
    """Reads what runs that the caller may see have said to language models, and they to them."""

    async def of_runs(self, run_ids: Sequence[str]) -> Mapping[str, tuple[ModelExchange, ...]]:
        """In the order in which they were added; runs without any are left out.

        Where the caller said which attributes it looks at, the others of a text may be None.
        """
        ...

    async def tokens(self, run_id: str) -> int:
        """The sum of the tokens of all exchanges of the run."""
        ...


class ExchangeRepository(ExchangeReads, Protocol):
    """Adds exchanges, which are deleted with their run."""

    async def add(self, run_id: str, exchange: ModelExchange) -> None:
        """Keep the exchange, after the run's others. Without the run nothing is kept."""
        ...
