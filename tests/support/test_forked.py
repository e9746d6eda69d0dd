"""A forked program is the program: its arguments, its surroundings, its end."""

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.forked import ForkedProgram, Forks
from tests.support.patience import SECONDS
from tests.support.servers import environment


def run(folder: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Its exit code, and what it prints."""
    log = folder / "log"
    with ForkedProgram(arguments, environment(**settings), log) as program:
        printed = program.stdout.read()
        code = program.wait(SECONDS)
    return code, printed, log.read_text()


def test_it_gets_its_arguments_and_prints(tmp_path: Path) -> None:
    code, printed, errors = run(tmp_path, "--version")

    assert (code, errors) == (0, "")
    assert printed.startswith("aicmo ")


def test_it_has_the_variables_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICMO_POOL_SIZE", "0")

    wrong = run(tmp_path, "migrate", AICMO_DATABASE_URL="nonsense")
    right = run(tmp_path, "migrate", AICMO_DATABASE_URL=f"sqlite:///{tmp_path}/a.db")

    assert wrong[0] == 1
    assert "AICMO_DATABASE_URL" in wrong[2]
    assert right[0] == 0
    assert right[1].startswith("Applied 0001")


def test_it_runs_in_the_folder_of_the_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    run(tmp_path, "migrate")

    assert (tmp_path / "aicmo.db").exists()


def test_it_can_be_killed(tmp_path: Path) -> None:
    with ForkedProgram(
        ["serve", "--port", "0"], environment(AICMO_PERSISTENCE_MODE="inmemory"), tmp_path / "log"
    ) as program:
        assert program.stdout.readline().startswith("GraphiQL")
        assert program.poll() is None

        program.kill()

        assert program.wait(SECONDS) == -9


def note(file: str, is_killed: bool) -> None:
    with Path(file).open("a") as notes:
        print(os.getpid(), file=notes)
    if is_killed:
        os.kill(os.getpid(), signal.SIGKILL)


def test_work_is_done_in_a_process_each_time_and_told_whether_that_was_killed(
    tmp_path: Path,
) -> None:
    notes = str(tmp_path / "notes")

    with closing(Forks(note, notes, False)) as forks:
        told = [forks.is_killed(notes, is_killed) for is_killed in (False, True, False)]

    assert told == [False, True, False]
    assert len(set(Path(notes).read_text().split())) == 4


def test_work_that_fails_is_not_taken_for_done(tmp_path: Path) -> None:
    with (
        closing(Forks(note, str(tmp_path / "notes"), False)) as forks,
        pytest.raises(AssertionError),
    ):
        forks.is_killed(str(tmp_path / "missing" / "notes"), False)
