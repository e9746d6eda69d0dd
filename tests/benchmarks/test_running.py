"""The benchmarks run, and print what they are for. How fast anything is isn't tested."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(180)
def test_a_quick_run_prints_a_row_for_every_case() -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in finished.stdout.splitlines()
        if line.startswith("|")
    ][2:]
    assert [row[:3] for row in rows] == [
        [scenario, concurrency, f"AICMO on {database}"]
        for scenario, concurrency, database in product(
            ("list", "single", "save"), ("1", "8"), ("SQLite", "PostgreSQL")
        )
    ]
    assert all(float(cell.replace(",", "")) > 0 for row in rows for cell in row[3:])
