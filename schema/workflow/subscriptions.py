"""Following runs."""

from __future__ import annotations

import strawberry

from repositories.registry import Entities
from schema.changes import EntityChange, changed_entity, changed_key, changes
from schema.workflow.types import Run


@strawberry.type(description="A run was started, has come further, waits, or has ended.")
class RunChange(EntityChange):
    run_id: strawberry.ID = changed_key("The business key of the run.")
    run: Run | None = changed_entity(Entities.runs, Run, "run")


@strawberry.type
class WorkflowSubscription:
    run_changed: RunChange = changes(Entities.runs, RunChange, "a run", "run")
