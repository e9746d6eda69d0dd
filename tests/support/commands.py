"""Commands, each run in a unit of work of its own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from domain.deletion import Delete
from domain.delivery import SaveDeliveryPackages
from domain.production import SaveDrafts
from domain.qc import RecordQcResults
from repositories.unit_of_work import Repositories, UnitOfWork
from resolvers.delivery import commands as delivery
from resolvers.onboarding import commands as onboarding
from resolvers.production import commands as production
from resolvers.qc import commands as qc
from resolvers.strategy import commands as strategy

C = TypeVar("C")
T = TypeVar("T")

Bulk = Callable[[C], Awaitable[Sequence[Any]]]
"""Gives the record or the error of each row."""


class Commands:
    """Every command by its name: `await commands.save_draft(build.save_draft())`."""

    def __init__(self, repositories: Repositories) -> None:
        def alone(
            run: Callable[[UnitOfWork, C], Awaitable[T]], *, single_statement: bool = False
        ) -> Callable[[C], Awaitable[T]]:
            return lambda command: repositories.write(
                lambda unit: run(unit, command), single_statement=single_statement
            )

        self.submit_intake = alone(onboarding.submit_intake, single_statement=True)
        self.normalize_brief = alone(onboarding.normalize_brief)
        self.save_strategy_plan = alone(strategy.save_strategy_plan)
        self.approve_strategy_plan = alone(strategy.approve_strategy_plan)
        self.reject_strategy_plan = alone(strategy.reject_strategy_plan)
        self.save_campaign = alone(production.save_campaign, single_statement=True)
        self.save_draft = alone(production.save_draft, single_statement=True)
        self.save_drafts: Bulk[SaveDrafts] = alone(production.save_drafts)
        self.record_qc_result = alone(qc.record_qc_result)
        self.record_qc_results: Bulk[RecordQcResults] = alone(qc.record_qc_results)
        self.save_delivery_package = alone(delivery.save_delivery_package, single_statement=True)
        self.save_delivery_packages: Bulk[SaveDeliveryPackages] = alone(
            delivery.save_delivery_packages
        )
        self.delete = alone(delete)


_DELETIONS = {
    "brief_id": onboarding.delete_brief,
    "strategy_id": strategy.delete_strategy_plan,
    "campaign_id": production.delete_campaign,
    "draft_id": production.delete_draft,
    "result_id": qc.delete_qc_result,
    "package_id": delivery.delete_delivery_package,
}


def delete(unit: UnitOfWork, command: Delete) -> Awaitable[str]:
    """Delete whatever has the key of this name."""
    return _DELETIONS[command.key_name](unit, command)
