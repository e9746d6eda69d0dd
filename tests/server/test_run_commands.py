"""`aicmo run` and `aicmo worker`, as people meet them in a terminal."""

import asyncio
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from files.service import Files
from orchestration.runs.steps import Producers
from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from server import run_commands, workers
from tests.support.command_line import aicmo, one_line_of_error
from tests.support.runs import FakeProducers, RunSystem


@pytest.fixture
def database_system() -> str:
    return "sqlite"


class Terminal:
    """A shell in which commands work on a database with a brief, with producers that are fakes."""

    def __init__(self, database: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refusals: dict[str, int] = {}
        self._database = database
        self._files = (folder / "files").as_uri()
        asyncio.run(self._with_system(lambda system: system.add_brief()))
        monkeypatch.setattr(workers, "producers_of", self._producers)

    def _producers(self, files: Files | None, *_: Any) -> Producers:
        assert files is not None
        fakes = FakeProducers(files.store)
        fakes.evaluator.refusals = self.refusals
        return fakes.as_producers()

    async def _with_system(self, work: Any) -> Any:
        database = open_database(self._database)
        try:
            return await work(RunSystem(create_storage(PersistenceMode.DB, database)))
        finally:
            await database.close()

    def start(self) -> None:
        asyncio.run(self._with_system(lambda system: system.start()))

    def count_of_packages(self) -> int:
        made: Any = asyncio.run(self._with_system(lambda system: system.made()))
        count: int = made.counts["delivery_packages"]
        return count

    def aicmo(self, *arguments: str) -> Result:
        return aicmo(*arguments, database=self._database, AICMO_FILES_URL=self._files)


@pytest.fixture
def terminal(
    migrated_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    return Terminal(migrated_database_url, tmp_path, monkeypatch)


def test_a_run_is_followed_to_its_packages(terminal: Terminal) -> None:
    done = terminal.aicmo("run", "brief-1", "--no-approval", "--channel", "search")

    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 2
    run_id, _, at = done.stderr.splitlines()[-1].partition("  ")
    assert at.strip() == "succeeded"
    followed = terminal.aicmo("run", "--follow", run_id)
    assert followed.stdout == done.stdout


def test_a_command_that_is_repeated_with_a_key_starts_one_run(terminal: Terminal) -> None:
    done = terminal.aicmo("run", "brief-1", "--run-id", "mine")
    again = terminal.aicmo("run", "brief-1", "--run-id", "mine")

    assert done.exit_code == again.exit_code == 0, again.output
    assert again.stdout == done.stdout
    assert terminal.count_of_packages() == 2
    other = terminal.aicmo("run", "brief-1", "--run-id", "mine", "--max-redrafts", "0")
    assert one_line_of_error(other) == "maxRedrafts: the run with this `runId` has another one."


def test_a_run_that_fails_ends_with_1_and_says_why(terminal: Terminal) -> None:
    terminal.refusals["Post 1"] = 9

    failed = terminal.aicmo("run", "brief-1", "--no-approval", "--max-redrafts", "0")

    assert failed.exit_code == 1
    assert "didn't pass QC, with a score of 0.25: It's dull." in failed.stderr.splitlines()[-1]


def test_what_is_not_there_is_told_in_one_line(terminal: Terminal) -> None:
    assert one_line_of_error(terminal.aicmo("run", "brief-9")) == (
        "There is no brief with this key."
    )
    assert terminal.aicmo("run", "--follow", "run-9").stderr.splitlines()[-1] == (
        "aicmo: There is no run run-9."
    )
    assert one_line_of_error(terminal.aicmo("run"), 2).startswith("Invalid value: name a BRIEF_ID")


@pytest.mark.parametrize(
    "options",
    [("--run-id", "mine"), ("--channel", "search"), ("--approval",), ("--max-redrafts", "2")],
)
def test_who_follows_a_run_is_told_that_none_is_started(
    terminal: Terminal, options: tuple[str, ...]
) -> None:
    refused = one_line_of_error(terminal.aicmo("run", "--follow", "run-9", *options), 2)

    assert refused.startswith("Invalid value: --follow starts no run")


def test_a_worker_carries_out_what_waits_until_it_is_told_to_stop(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.start()

    class Stopping(asyncio.Event):
        """Stops the worker as a signal does, when all is done."""

        async def wait(self) -> Any:
            while not self.is_set():
                if await asyncio.to_thread(terminal.count_of_packages) == 2:
                    os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(0.05)
            return True

    monkeypatch.setattr(run_commands, "stop_event", Stopping)
    assert threading.current_thread() is threading.main_thread()

    done = terminal.aicmo("worker", "--concurrency", "1")

    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Carrying out runs, imports and exports.")
    assert terminal.count_of_packages() == 2
