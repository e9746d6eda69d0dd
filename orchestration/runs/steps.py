"""What a step of a workflow is, and what steps work with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from domain.scopes import Scope, Scopes
from domain.sources import Clock, utc_now
from domain.workflow import Run, RunStep
from files.store import FileStore
from orchestration.leases import Lease
from orchestration.producers.ports import (
    DraftGenerator,
    Packager,
    QcEvaluator,
    StrategyGenerator,
)
from repositories.unit_of_work import UnitOfWork

Effect = Callable[[UnitOfWork, Run], Awaitable[Run]]
"""Stores what a step has made, and gives the run after it.

It's called with the run as it's stored, whose step it is, and may be called again. What it stores
is stored with the run, or nothing is.
"""


class Writers(NamedTuple):
    """Who plans and writes."""

    strategy: StrategyGenerator
    drafts: DraftGenerator


@dataclass(frozen=True, slots=True, kw_only=True)
class Producers:
    """Who does the work of steps. Where there is none, a run waits for a server that has one."""

    strategy: StrategyGenerator | None = None
    drafts: DraftGenerator | None = None
    writers_of: Callable[[Lease], Writers] | None = None
    """Gives those who plan and write in the run of a lease, in place of the two above."""
    evaluator: QcEvaluator | None = None
    packager: Packager | None = None
    store: FileStore | None = None
    """Where the files of packages are kept."""
    clock: Clock = utc_now

    @property
    def today(self) -> date:
        return self.clock().date()

    def of_run(self, lease: Lease) -> "Producers":
        """The producers of the run that the lease is for."""
        if self.writers_of is None:
            return self
        strategy, drafts = self.writers_of(lease)
        return replace(self, strategy=strategy, drafts=drafts, writers_of=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where a run is: at one of its steps, carried out under a lease."""

    lease: Lease
    run: Run
    step: RunStep
    producers: Producers


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a workflow."""

    work: Callable[[At], Awaitable[Effect]]
    """Does all that needs no transaction, and says what is to be stored.

    It may be called again, also after its effect was stored elsewhere. Raises Unavailable,
    TimedOut, RevisionConflict and FileStoreError where it's to be tried again; other DomainErrors
    let the run fail.
    """
    scopes: Scopes = frozenset[Scope]()
    """What the caller of the run has to be allowed for it."""
    can_do: Callable[[Producers], bool] = lambda _: True
    """Whether a server with these producers can do it."""
