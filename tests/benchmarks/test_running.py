"""The benchmarks run, and print what they are for. How fast anything is isn't tested."""

import re
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path

from benchmarks.contenders import (
    BEFORE,
    LIMIT,
    MERCURIUS,
    OURS,
    PLAIN,
    POSTGRAPHILE,
    UNCOMPILED,
)

ROOT = Path(__file__).parents[2]

ON_SQLITE = (OURS, UNCOMPILED, PLAIN)
GENERAL = (*ON_SQLITE, MERCURIUS, POSTGRAPHILE)
BY_HEART = (*GENERAL, LIMIT)
SCENARIOS = ("list", "small", "save", "chain", "events", "bulk")
WITH_A_LOG = (OURS, UNCOMPILED, MERCURIUS)
"""The servers that log what is saved."""

Row = tuple[str, ...]


def printed(*arguments: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def tables(report: str) -> list[list[Row]]:
    """The rows of each table, without its heading."""
    blocks = re.findall(r"(?:^\|.*\n?)+", report, re.MULTILINE)
    return [
        [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in block.splitlines()][
            2:
        ]
        for block in blocks
    ]


def test_a_quick_run_measures_every_server_in_every_case() -> None:
    report = printed()

    assert "fsync = on, synchronous_commit = on, full_page_writes = on" in report
    assert "synchronous = FULL" in report
    on_postgresql, on_sqlite, targets = tables(report)
    assert Counter(row[:3] for row in on_postgresql) == Counter(
        [
            *product(("list", "small"), BY_HEART, ("1", "8")),
            *product(("save", "chain"), GENERAL, ("1", "8")),
            *product(("events", "bulk"), WITH_A_LOG, ("1", "8")),
        ]
    )
    assert Counter(row[:3] for row in on_sqlite) == Counter(
        (*case, at_once)
        for case in product(SCENARIOS, ON_SQLITE)
        for at_once in ("1", "8")
        if case not in (("events", PLAIN), ("bulk", PLAIN))
    )
    for row in on_postgresql + on_sqlite:
        requests, p50, p99, memory = (
            float(row[column].replace(",", "")) for column in (3, 6, 7, 10)
        )
        assert requests > 0
        assert 0 < p50 <= p99
        assert memory > 0
    assert "save on SQLite: 25 times plain Strawberry" in [row[0] for row in targets]
    assert {row[1] for row in targets} <= {"yes", "no"}


def test_a_quick_run_beside_another_checkout_measures_the_two_alone() -> None:
    report = printed("--beside", str(ROOT), "--database", "sqlite", "--concurrency", "1")

    measured, ratios, _ = tables(report)
    assert Counter(row[:2] for row in measured) == Counter(product(SCENARIOS, (BEFORE, OURS)))
    assert [row[:3] for row in ratios] == [(name, "SQLite", "1") for name in SCENARIOS]
    assert all(float(row[3]) > 0 and float(row[5]) > 0 for row in ratios)


def test_a_quick_run_of_the_other_parts_prints_their_tables() -> None:
    report = printed("--growth", "--pool", "--migrations", "--database", "sqlite")

    growth, throughput, p99, memory, migrations = tables(report)
    kinds = ["first page", "deep page", "small", "save", "total count"]
    assert [row[1] for row in growth] == kinds
    loads = Counter(product(("SQLite",), ("list", "small", "save"), ("16", "64")))
    for part in (throughput, p99, memory):
        assert Counter(row[:3] for row in part) == loads
    assert migrations[0][1] == "start"
    assert migrations[-1][1] == "0001 again"
