"""A pytest plugin: operations that graphql-core's tests execute run through our engine.

It is loaded by the pytest that runs them. The file that EXCLUDED names says as JSON which tests
have to fail, and why; what happened is written as JSON to the file that REPORT names.
"""

import json
import os
from asyncio import CancelledError
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from types import coroutine
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    Undefined,
    default_field_resolver,
    default_type_resolver,
)
from graphql.execution.incremental.incremental_executor import IncrementalExecutor

import execution.engine
from execution import Engine
from execution.inputs import Inputs
from execution.operations import analyze
from execution.scheduler import Scheduler, Then, Wait

_execute_operation = Executor.execute_operation
_add_when = Scheduler.add_when

operations: Counter[str] = Counter()
"""How many operations of a test ran on plans."""
outcomes: dict[str, str] = {}
has_waited = False


def execute_operation(executor: Executor[Any], serially: bool | None = None) -> Any:
    """Take the engine for what it is there for, and graphql-core for the rest."""
    definitions = (executor.operation, *executor.fragment_definitions.values())
    document = DocumentNode(definitions=definitions)
    if not (_is_plain(executor) and serially is None):
        return _execute_operation(executor, serially)
    if not analyze(executor.schema, Inputs(), document, executor.operation).is_supported:
        return _execute_operation(executor, serially)
    engine = Engine(executor.schema)
    running = engine.execute(
        document,
        executor.operation,
        variable_values={
            name: source.value
            for name, source in executor.variable_values.sources.items()
            if source.value is not Undefined
        },
        root_value=executor.root_value,
        context_value=executor.context_value,
        hide_suggestions=executor.hide_suggestions,
    )
    result = _begun(running)
    operations[os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]] += engine.counts.by_plan
    return result


def _is_plain(executor: Executor[Any]) -> bool:
    """Whether the executor was given nothing that the engine doesn't take."""
    return (
        type(executor) in (Executor, IncrementalExecutor)
        and executor.field_resolver is default_field_resolver
        and executor.type_resolver is default_type_resolver
        and executor.middleware_manager is None
        and executor.abort_signal is None
        and executor.hooks is None
    )


def _begun(running: Any) -> Any:
    """Returns as graphql-core does: the result itself, unless it has to be awaited."""
    global has_waited  # noqa: PLW0603
    has_waited = False
    try:
        first = running.send(None)
        while first is None and not has_waited:  # others have their turn; there is nothing to await
            first = running.send(None)
    except StopIteration as stop:
        return _later(stop.value) if has_waited else stop.value
    return _rest(running, first)


async def _later(result: ExecutionResult) -> ExecutionResult:
    return result


@coroutine
def _rest(running: Any, yielded: Any) -> Generator[Any, Any, Any]:
    """The rest of a coroutine that was begun, and first yielded this."""
    while True:
        # A task wants to see that a future was yielded by an await.
        if hasattr(yielded, "_asyncio_future_blocking"):
            yielded._asyncio_future_blocking = True
        step, sent = running.send, None
        try:
            sent = yield yielded
        except (Exception, CancelledError) as error:  # noqa: BLE001 - it is handed on
            step, sent = running.throw, error
        try:
            yielded = step(sent)
        except StopIteration as stop:
            return stop.value


def _noted(steps: Scheduler, wait: Wait, then: Then, held: Sequence[Any] = ()) -> None:
    global has_waited  # noqa: PLW0603
    has_waited = True
    _add_when(steps, wait, then, held)


Executor.execute_operation = execute_operation  # type: ignore[assignment, method-assign]
Scheduler.add_when = _noted  # type: ignore[assignment, method-assign]
# What the engine hands back is not for the engine.
vars(execution.engine)["execute_root_selection_set"] = _execute_operation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    excluded = json.loads(Path(os.environ["EXCLUDED"]).read_text("utf-8"))
    by_id = {item.nodeid: item for item in items}
    for node_id, (reason, ends) in excluded.items():
        by_id[node_id].add_marker(pytest.mark.xfail(reason=reason, run=ends, strict=True))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid] = report.outcome


def pytest_unconfigure() -> None:
    report = {"outcomes": outcomes, "operations": operations}
    Path(os.environ["REPORT"]).write_text(json.dumps(report), "utf-8")
