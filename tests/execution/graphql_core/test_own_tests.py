"""graphql-core's own tests of execution, run through our engine.

Nothing of them is kept here: the distribution that our lock names is fetched when they are run.
"""

import json
import os
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.execution.graphql_core.checkout import PROJECT, Checkout, Unreachable, checkout
from tests.support.processes import output_of

EXECUTING: Final = (
    "tests/execution",
    "tests/test_graphql.py",
    "tests/test_star_wars_introspection.py",
    "tests/test_star_wars_query.py",
    "tests/test_user_registry.py",
    "tests/type/test_introspection.py",
    "tests/utilities/test_build_ast_schema.py",
    "tests/utilities/test_build_client_schema.py",
    "tests/utilities/test_extend_schema.py",
    "tests/utilities/test_introspection_from_schema.py",
)
"""Where operations are executed. Those that the engine hands to graphql-core count for nothing."""

INCREMENTAL: Final = "tests/execution/incremental"
"""About @defer and @stream, which are graphql-core's."""

FEWEST_TESTS: Final = 340
FEWEST_OPERATIONS: Final = 450

RUNS_TO_ITS_END = "what fails doesn't cancel what its siblings wait for"
WHICH_OF_SEVERAL = "which of several failures under a place that becomes null are reported"
READ_FIRST = "a list is read to its end before its items are completed"
NO_OPTION = "the engine has no option for it"

_EXECUTOR = "tests/execution/test_executor.py::describe_execute_handles_basic_execution_tasks::"
_LISTS = "tests/execution/test_lists.py::describe_execute_"
_BROKEN = _LISTS + "handles_abrupt_completion_in_synchronous_iterables::"
_STREAMS = _LISTS + "accepts_async_iterables_as_list_value::"
_NON_NULL = "tests/execution/test_nonnull.py::describe_execute_handles_non_nullable_types::"
_SEVERAL = _NON_NULL + "describe_handles_multiple_errors_for_a_single_response_position::"
_CANCEL = (
    "tests/execution/test_parallel.py::describe_parallel_execution::describe_cancel_on_exception::"
)
_SYNC = "tests/execution/test_sync.py::describe_execute_synchronously_when_possible::"
_DEEP = (
    "tests/execution/test_too_deeply_nested_selections.py::"
    "describe_too_deeply_nested_selections_at_the_root::"
)

EXCLUDED: Final = {
    _EXECUTOR + "handles_sync_errors_combined_with_async_ones": RUNS_TO_ITS_END,
    _EXECUTOR + "handles_sync_errors_combined_with_async_ones_in_async_context": RUNS_TO_ITS_END,
    _CANCEL + "cancel_selection_sets": RUNS_TO_ITS_END,
    _CANCEL + "cancel_lists": RUNS_TO_ITS_END,
    _CANCEL + "cancel_async_iterators": RUNS_TO_ITS_END,
    _SEVERAL + "nullable_and_non_nullable_root_fields_throw_nested_errors": WHICH_OF_SEVERAL,
    _SEVERAL + "slower_nullable_after_non_nullable_root_field": WHICH_OF_SEVERAL,
    _SEVERAL + "nullable_and_non_nullable_nested_fields_throw_nested_errors": WHICH_OF_SEVERAL,
    _SEVERAL + "slower_nullable_after_non_nullable_nested_field": WHICH_OF_SEVERAL,
    _NON_NULL + "describe_nulls_a_complex_tree_of_nullable_fields_each::throws": (
        "the order of errors of the same moment"
    ),
    _BROKEN + "drains_the_iterator_when_next_throws": READ_FIRST,
    _BROKEN + "handles_iterator_errors_with_later_pending_awaitables": READ_FIRST,
    _BROKEN + "handles_sync_errors_with_later_pending_awaitables": RUNS_TO_ITS_END,
    _STREAMS + "calls_aclose_when_non_null_list_item_errors": READ_FIRST,
    _STREAMS + "can_customize_detection_of_async_iterables": NO_OPTION,
    _SYNC + "describe_execute_sync::"
    "throws_if_encountering_async_operation_without_check_sync": NO_OPTION,
    _SYNC + "describe_execute_sync::"
    "iterates_sync_and_async_iterables_synchronously_without_check_sync": NO_OPTION,
    _SYNC + "describe_execute_sync::"
    "reports_async_iterables_as_errors_without_check_sync": NO_OPTION,
    _SYNC + "describe_graphql_sync::"
    "throws_if_encountering_async_operation_without_check_sync": NO_OPTION,
    _DEEP + "reports_a_too_deep_chain_inside_a_field_as_a_field_error": (
        "no depth is too deep for the engine"
    ),
}
"""The tests that have to fail, and why."""

ENDLESS: Final = {
    "tests/execution/test_cancellation.py::describe_execute_cancellation::"
    "stops_late_sibling_object_completion_after_non_null_bubbling": RUNS_TO_ITS_END,
}
"""The tests that have to fail, and would take minutes to."""


@pytest.fixture
def graphql_core(request: pytest.FixtureRequest) -> Checkout:
    assert request.config.cache is not None
    try:
        return checkout(request.config.cache.mkdir("graphql-core"))
    except Unreachable as error:
        pytest.skip(f"the registry can't be reached: {error}")


def test_graphql_core_passes_its_own_tests_through_our_engine(
    graphql_core: Checkout, tmp_path: Path
) -> None:
    excluded = {test: (reason, True) for test, reason in EXCLUDED.items()}
    excluded |= {test: (reason, False) for test, reason in ENDLESS.items()}
    (tmp_path / "excluded").write_text(json.dumps(excluded), "utf-8")
    path = (graphql_core.packages, PROJECT, Path(__file__).parent)

    output_of(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "through_engine"),
            # Theirs are other plugins than ours.
            *("-o", "addopts=", "-p", "no:asyncio", "-p", "no:cacheprovider"),
            *(*EXECUTING, f"--ignore={INCREMENTAL}"),
        ],
        folder=graphql_core.folder,
        variables={
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "EXCLUDED": str(tmp_path / "excluded"),
            "REPORT": str(tmp_path / "report"),
        },
        timeout=600,
    )

    report = json.loads((tmp_path / "report").read_text("utf-8"))
    assert "failed" not in report["outcomes"].values()
    on_plans = {test: count for test, count in report["operations"].items() if count}
    assert len(on_plans) >= FEWEST_TESTS
    assert sum(on_plans.values()) >= FEWEST_OPERATIONS
