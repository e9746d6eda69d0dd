"""Runs graphql-http's audits of the server; `python -m tests.tools.audit` writes the report."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from tests.support.servers import IN_MEMORY, running_server
from tests.tools import node_tools

REPORT = Path(__file__).parents[2] / "docs" / "http-audit.md"

_OUTCOMES = {"ok": "passed", "notice": "differs", "warn": "failed", "error": "failed"}


@dataclass(frozen=True, slots=True)
class Audit:
    """One of the audits and its outcome: `notice` is for a MAY, `warn` a SHOULD, `error` a MUST."""

    id: str
    name: str
    status: Literal["ok", "notice", "warn", "error"]
    reason: str | None


def audits(url: str) -> list[Audit]:
    return [Audit(**audit) for audit in json.loads(node_tools().run("http_audit.mjs", url))]


def report(audits: list[Audit]) -> str:
    """The page for people."""
    package = node_tools().folder / "node_modules" / "graphql-http" / "package.json"
    version = json.loads(package.read_text("utf-8"))["version"]
    passed = sum(audit.status == "ok" for audit in audits)
    rows = [f"| {audit.id} | {audit.name} | {_OUTCOMES[audit.status]} |" for audit in audits]
    return "\n".join(
        [
            "# The HTTP audit",
            "",
            "What graphql-http, the reference implementation of [GraphQL over",
            "HTTP](https://graphql.github.io/graphql-over-http/draft/), says of a running server:",
            f"{passed} of the {len(audits)} audits of its version {version} pass.",
            "",
            "`make audit` runs them and writes this page; `tests/http/test_audit.py` fails when it",
            "isn't true any more.",
            "",
            "| id | audit | outcome |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    with TemporaryDirectory() as folder, running_server(IN_MEMORY, Path(folder) / "log") as server:
        REPORT.write_text(report(audits(server.graphql_url)), "utf-8")


if __name__ == "__main__":
    main()
