"""The process' first steps."""

import gc
import signal

import pytest

from server import cli, entry


def test_the_collector_works_when_the_command_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    seen: list[bool] = []
    monkeypatch.setattr(cli, "main", lambda: seen.append(gc.isenabled()))

    entry.main()

    assert seen == [True]


def test_the_collector_works_after_an_import_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def fail(_: str) -> None:
        raise ImportError("there is no such module")

    monkeypatch.setattr(entry, "import_module", fail)

    with pytest.raises(ImportError):
        entry.main()

    assert gc.isenabled()
