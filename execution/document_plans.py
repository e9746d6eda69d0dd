"""What was worked out of a document, for whoever keeps the document."""

from collections.abc import Callable, Hashable
from typing import Final

from execution.operations import Operation
from execution.plans import OperationPlan

MAX_PLANS: Final = 16
"""Of one operation: variables may select what is planned in more ways than anybody asks for."""

_OPERATION: Final = 1_200
"""What an operation takes without its plans, in bytes."""


def _nobody(_: int) -> None:
    """Whoever doesn't count needn't be told."""


class DocumentPlans:
    """The operations of one document and their plans, with the schema of one engine.

    `operations` are by the ids of their nodes. `grown` is told how many bytes more all of it takes,
    or fewer: plans grow while they are run.
    """

    def __init__(self, grown: Callable[[int], None] = _nobody) -> None:
        self.grown = grown
        self.operations: dict[int, Operation] = {}

    def add(self, operation: Operation) -> None:
        self.operations[id(operation.node)] = operation
        self.grown(_OPERATION)

    def add_plan(self, operation: Operation, selected: Hashable, plan: OperationPlan) -> None:
        """Keep the operation's plan for what variables select."""
        plans = operation.plans
        if len(plans) >= MAX_PLANS:
            self.grown(-plans.pop(next(iter(plans))).let_go())
        plans[selected] = plan
        plan.tell_growth(self.grown)
