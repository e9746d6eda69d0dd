"""The documented installation: its commands run, and its unit is one that systemd takes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from server.settings import Settings
from tests.support.patience import SECONDS
from tests.support.processes import output_of
from tests.support.servers import AICMO, environment, stored_in
from tests.support.uv import INSTALLATION_SECONDS, SETTINGS

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "docs" / "aicmo.service"
HOME = "/opt/aicmo"


def test_what_is_installed_needs_no_checkout_and_has_no_demo_data(tmp_path: Path) -> None:
    home = tmp_path / "opt"
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    [install] = re.findall(r"```sh\n(python3 -m venv .*?)```", page, re.DOTALL)
    environment_made, uv_fetched, installed = install.splitlines()
    assert environment_made == f"python3 -m venv {HOME}"
    assert f"UV_VERSION := {uv_fetched.partition('==')[2]}\n" in (ROOT / "Makefile").read_text()
    # The uv that it would fetch is there, by our lock.
    command = installed.replace(f"{HOME}/bin/uv", find_uv_bin()).replace(HOME, str(home))
    output_of(
        ["sh", "-c", f"'{sys.executable}' -m venv --without-pip '{home}' && {command} --quiet"],
        folder=ROOT,
        variables=SETTINGS,
        timeout=INSTALLATION_SECONDS,
    )

    migrated = output_of(
        [home / "bin" / "aicmo", "migrate"],
        folder=tmp_path,
        variables=stored_in(f"sqlite:///{tmp_path}/aicmo.db"),
    )

    assert migrated.startswith("Applied 0001")
    assert str(ROOT) not in output_of(
        [home / "bin" / "python", "-c", "import server, sys; print(server.__file__, sys.path)"],
        folder=tmp_path,
    )


def _values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd isn't installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    # What it runs has to be there.
    unit.write_text(UNIT.read_text("utf-8").replace(f"{HOME}/bin/aicmo", AICMO), "utf-8")

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert verified.stdout + verified.stderr == ""
    assert verified.returncode == 0


def test_the_unit_leaves_time_to_answer_what_has_begun() -> None:
    [stop] = _values("TimeoutStopSec")

    assert int(stop) > Settings.model_fields["execution_seconds"].default + 5


def test_the_unit_runs_what_is_installed_in_its_own_folder() -> None:
    [migrate], [serve] = _values("ExecStartPre"), _values("ExecStart")

    assert (migrate, serve) == (f"{HOME}/bin/aicmo migrate", f"{HOME}/bin/aicmo serve")
    assert _values("WorkingDirectory") == [f"/var/lib/{_values('StateDirectory')[0]}"]
