"""The schema keeps to the rules of graphql-eslint, but for a few that we argue about."""

import json
import re
from pathlib import Path
from typing import Any

from schema.export import SCHEMA_FILE
from tests.tools import node_tools


def lint(schema: Path) -> dict[str, list[dict[str, Any]]]:
    """`problems`, and those `excused` by an exception; lint_schema.mjs has the reasons."""
    outcome: dict[str, list[dict[str, Any]]] = json.loads(
        node_tools().run("lint_schema.mjs", schema)
    )
    return outcome


def test_no_rule_is_broken_but_for_reasons() -> None:
    outcome = lint(SCHEMA_FILE)

    assert outcome["problems"] == []
    assert {excuse["reason"] for excuse in outcome["excused"]} == {
        "key named after its type",
        "value object without id",
        "payload, error, edge, connection or change without id",
        "known by a key of its own",
        "history, read from the newest on",
        "plain list of children",
        "what a run has made",
    }


def test_a_broken_rule_is_found(tmp_path: Path) -> None:
    planted = {
        "require-description": (r'"""How long the strategy runs."""\n', ""),
        "naming-convention": (r"\bTactic\b", "Tactic_item"),
        "no-typename-prefix": (r"\bclientId: ID!", "briefClient: ID!"),
        "strict-id-in-types": (r"\bMilestone\b", "Step"),
        "relay-edge-types": (r"\bscope: BriefScope\b", "scope: [Brief!]!"),
        "relay-page-info": (r"\bhasNextPage: Boolean!", "hasNextPage: Int!"),
    }
    text = SCHEMA_FILE.read_text("utf-8")
    for rule, (present, instead) in planted.items():
        text, number = re.subn(present, instead, text)
        assert number > 0, rule
    schema = tmp_path / "schema.graphql"
    schema.write_text(text)

    rules = {problem["rule"] for problem in lint(schema)["problems"]}

    assert {f"@graphql-eslint/{rule}" for rule in planted} <= rules
