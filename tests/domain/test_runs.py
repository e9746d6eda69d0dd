"""The laws of runs, whatever happens to them and in whichever order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import run_transitions, workflow
from domain.errors import InvalidTransition, ValidationFailed
from domain.validation import require_valid
from domain.workflow import (
    ENDED,
    Produced,
    Run,
    RunStatus,
    RunStep,
    RunStepStatus,
    StartRun,
)
from tests.support.sources import START

_GOES_ON: Final = (RunStatus.RUNNING, RunStatus.WAITING_APPROVAL)
Change = Callable[[Run, datetime], Run]


def _made(run: Run) -> Produced:
    step = run.current
    assert step is not None
    return Produced("Draft", f"draft-{step.position}", 1)


def _with_tactics(run: Run, now: datetime) -> Run:
    has_tactics = any(step.tactic is not None for step in run.journal)
    then = () if has_tactics else workflow.steps_for_tactics(2)
    return run_transitions.succeeded(run, _made(run), now, then=then)


def _with_redraft(run: Run, now: datetime) -> Run:
    then = workflow.steps_for_redraft(0) if len(run.journal) < 20 else ()
    return run_transitions.succeeded(run, _made(run), now, then=then)


_WHILE_IT_GOES_ON: Final[Sequence[Change]] = (
    run_transitions.taken_up,
    lambda run, now: run_transitions.succeeded(run, _made(run), now),
    lambda run, now: run_transitions.succeeded(run, None, now),
    _with_tactics,
    _with_redraft,
    run_transitions.skipped,
    run_transitions.waiting,
    lambda run, now: run_transitions.put_off(run, "later", now),
    lambda run, now: run_transitions.failed(run, "no", now),
    lambda run, now: run_transitions.failed(run, "no", now, _made(run)),
    run_transitions.cancelled,
)
_WHILE_COMPENSATING: Final[Sequence[Change]] = (
    lambda run, now: run_transitions.undone(run, None, now),
    lambda run, now: run_transitions.undone(run, "others need it", now),
    lambda run, now: run_transitions.put_off(run, "later", now),
    lambda run, now: run_transitions.compensation_failed(run, "no", now),
)
_AFTER_A_FAILURE: Final[Sequence[Change]] = (run_transitions.cancelled, run_transitions.retried)


def _changes(run: Run) -> Sequence[Change]:
    """What may happen to the run."""
    if run.status is RunStatus.PENDING:
        return (run_transitions.taken_up, run_transitions.cancelled)
    if run.status in _GOES_ON:
        return _WHILE_IT_GOES_ON
    if run.status is RunStatus.COMPENSATING:
        return _WHILE_COMPENSATING
    return _AFTER_A_FAILURE if run.status is RunStatus.FAILED else ()


@st.composite
def lives(draw: st.DrawFn) -> list[Run]:
    """A run as it is after each of the things that happen to it."""
    now = START
    runs = [workflow.new_run(StartRun(brief_id="brief-1"), "run-1", "ada", now)]
    for _ in range(draw(st.integers(0, 40))):
        changes = _changes(runs[-1])
        if not changes:
            break
        now += timedelta(seconds=1)
        runs.append(draw(st.sampled_from(changes))(runs[-1], now))
    return runs


@given(lives())
def test_steps_are_finished_in_their_order_and_at_most_one_is_under_way(runs: list[Run]) -> None:
    for run in runs:
        assert [step.position for step in run.journal] == [*range(len(run.journal))]
        unfinished = [step for step in run.journal if not step.is_finished]
        if run.cancelled_at is None:
            assert unfinished == list(run.journal[len(run.journal) - len(unfinished) :])
        assert all(step.status is RunStepStatus.PENDING for step in unfinished[1:])


@given(lives())
def test_progress_never_goes_back_and_ends_at_one(runs: list[Run]) -> None:
    progress = [run.progress for run in runs]

    assert progress == sorted(progress)
    assert all(0 <= it <= 1 for it in progress)
    assert all((run.status is RunStatus.SUCCEEDED) <= (run.progress == 1) for run in runs)


@given(lives())
def test_a_run_has_an_end_when_it_goes_no_further(runs: list[Run]) -> None:
    for run in runs:
        is_over = run.status in ENDED or run.status is RunStatus.FAILED
        assert (run.finished_at is not None) == is_over
        assert (run.error is not None) == (run.status is RunStatus.FAILED)


@given(lives())
def test_a_step_has_an_end_when_it_is_over_and_says_why_only_where_something_went_wrong(
    runs: list[Run],
) -> None:
    for run in runs:
        for step in run.journal:
            is_over = step.is_finished or step.status is RunStepStatus.FAILED
            assert (step.finished_at is not None) == is_over
            if step.status is RunStepStatus.SKIPPED:
                assert step.error is None


@given(lives())
def test_a_run_succeeds_when_all_of_its_steps_are_done(runs: list[Run]) -> None:
    for run in runs:
        if run.cancelled_at is None:
            assert (run.current is None) == (run.status is RunStatus.SUCCEEDED)


@given(lives())
def test_what_was_made_is_undone_from_the_last_to_the_first_each_once(runs: list[Run]) -> None:
    undone = (RunStepStatus.COMPENSATED, RunStepStatus.KEPT)
    order = [
        after.position
        for one, another in pairwise(runs)
        if one.cancelled_at is not None
        for before, after in zip(one.journal, another.journal, strict=True)
        if before.status not in undone and after.status in undone
    ]

    assert order == sorted(set(order), reverse=True)
    for run in runs:
        if run.status is RunStatus.COMPENSATED:
            assert all(step.status in undone for step in run.journal if step.produced)


@given(lives())
def test_nothing_happens_to_the_record_that_changes(runs: list[Run]) -> None:
    last = runs[-1]
    for change in _changes(last):
        change(last, START + timedelta(days=1))

    assert last == runs[-1]
    assert last.updated_at <= START + timedelta(seconds=len(runs))


@given(lives())
def test_only_what_failed_is_retried_and_only_what_has_not_ended_is_cancelled(
    runs: list[Run],
) -> None:
    run = runs[-1]
    if run.status is not RunStatus.FAILED:
        with pytest.raises(InvalidTransition):
            run_transitions.retried(run, START)
    if run.status in ENDED or run.status is RunStatus.COMPENSATING:
        with pytest.raises(InvalidTransition):
            run_transitions.cancelled(run, START)


@pytest.mark.parametrize("error", ["x" * 9_999, "a\0b", "\ud800"])
def test_an_error_is_kept_as_far_as_it_can_be(error: str) -> None:
    run = workflow.new_run(StartRun(brief_id="brief-1"), "run-1", "ada", START)

    failed = run_transitions.failed(run, error, START)

    assert failed.error is not None
    assert len(failed.error) <= 2_000
    assert "\0" not in failed.error
    failed.error.encode()


@pytest.mark.parametrize("redrafts", [-1, 6])
def test_redrafts_are_bounded(redrafts: int) -> None:
    with pytest.raises(ValidationFailed):
        require_valid(StartRun(brief_id="brief-1", max_redrafts=redrafts))


@pytest.mark.parametrize("channel", ["", " \n"])
def test_a_channel_has_a_name(channel: str) -> None:
    with pytest.raises(ValidationFailed, match="must not be blank"):
        require_valid(StartRun(brief_id="brief-1", channels=("search", channel)))


def test_a_step_is_known_by_what_it_has_made_for_a_tactic() -> None:
    run = workflow.new_run(StartRun(brief_id="brief-1"), "run-1", "ada", START)
    made = RunStep(name="draft", tactic=1, produced_type="Draft", produced_key="d", position=4)
    with_draft = replace(run, steps=(*run.journal, made))

    assert with_draft.last_of("draft", "redraft", tactic=1) == made
    assert with_draft.last_of("draft", "redraft", tactic=0) is None
