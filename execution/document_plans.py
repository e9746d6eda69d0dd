"""The plans of one document, kept together with the document."""

from collections.abc import Callable, Hashable
from typing import Final

from execution.operations import Operation
from execution.plans import OperationPlan

MAX_PLANS: Final = 16
"""The most plans of one operation: the values of its conditional variables may be more."""

_OPERATION_WEIGHT: Final = 1_200
"""The memory that an operation takes without its plans, in bytes."""


def _ignore(_: int) -> None:
    """Observe nothing: the default where nobody counts the weight."""


class DocumentPlans:
    """The operations of one document and their plans, for the schema of one engine.

    `operations` are by the ids of their nodes. `on_growth` is called with the bytes by which the
    memory of all of it grows, or shrinks if they are negative: plans grow while they are run.
    """

    def __init__(self, on_growth: Callable[[int], None] = _ignore) -> None:
        self.on_growth = on_growth
        self.operations: dict[int, Operation] = {}

    def add(self, operation: Operation) -> None:
        self.operations[id(operation.node)] = operation
        self.on_growth(_OPERATION_WEIGHT)

    def add_plan(self, operation: Operation, key: Hashable, plan: OperationPlan) -> None:
        """Keep the operation's plan under its `plan_key`."""
        plans = operation.plans
        if len(plans) >= MAX_PLANS:
            self.on_growth(-plans.pop(next(iter(plans))).stop_observing_growth())
        plans[key] = plan
        plan.observe_growth(self.on_growth)
