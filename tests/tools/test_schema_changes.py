"""A release that breaks clients says so: `schema/released.graphql` is what they were promised."""

import json
from pathlib import Path

import pytest
from graphql import (
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_interface_type,
    is_introspection_type,
    is_object_type,
)

from schema.export import SCHEMA_FILE
from tests.support.graphql import Json
from tests.tools import node_tools
from tests.tools.changelog import announced

RELEASED = SCHEMA_FILE.with_name("released.graphql")
CHANGELOG = SCHEMA_FILE.parents[1] / "CHANGELOG.md"

PASSED = 'because of it."""\n  passed: Boolean!\n'
TARGET_AUDIENCE = '''\
  """Whom the campaign is for; null before it's normalized."""
  targetAudience: String

'''
QUOTA_ERROR = """\
type QuotaError implements MutationError {
  code: ErrorCode!
  message: String!
  path: [String!]!
}

"""


def breaking_changes(before: Path, after: Path) -> dict[str, str]:
    """The descriptions of changes that break clients, by their place in the schema."""
    changes = json.loads(node_tools().run("schema_changes.mjs", before, after))
    returned = returned_types(build_schema(before.read_text("utf-8")))
    return {
        change["path"]: change["message"]
        for change in changes
        if change["level"] == "BREAKING" or _is_new_in_responses(change, returned)
    }


def _is_new_in_responses(change: Json, returned: set[str]) -> bool:
    """Generated clients may refuse whole responses with a value or kind that they don't know."""
    match change["type"]:
        case "OBJECT_TYPE_INTERFACE_ADDED":
            return "implements 'MutationError'" in change["message"]
        case "ENUM_VALUE_ADDED" | "UNION_MEMBER_ADDED":
            return str(change["path"]).split(".")[0] in returned
    return False


def returned_types(schema: GraphQLSchema) -> set[str]:
    """The types that fields have, as opposed to what is only sent."""
    return {
        get_named_type(field.type).name
        for type_ in schema.type_map.values()
        if (is_object_type(type_) or is_interface_type(type_)) and not is_introspection_type(type_)
        for field in type_.fields.values()
    }


def unannounced(breaking: dict[str, str], changelog: str) -> dict[str, str]:
    said = announced(changelog)
    return {place: what for place, what in breaking.items() if place not in said}


def test_breaking_changes_since_the_last_release_are_announced() -> None:
    breaking = breaking_changes(RELEASED, SCHEMA_FILE)

    assert unannounced(breaking, CHANGELOG.read_text("utf-8")) == {}


@pytest.mark.parametrize(
    ("present", "planted", "place"),
    [
        (TARGET_AUDIENCE, "", "Brief.targetAudience"),
        (PASSED, PASSED.replace("Boolean!", "Boolean"), "QcResult.passed"),
        ("input KpiInput {\n", "input KpiInput {\n  owner: String!\n", "KpiInput.owner"),
        ("  brief(\n", "  brief(\n    at: DateTime!\n", "Query.brief.at"),
        ("interface MutationError {", QUOTA_ERROR + "interface MutationError {", "QuotaError"),
        ("enum ErrorCode {\n", "enum ErrorCode {\n  QUOTA\n", "ErrorCode.QUOTA"),
        ("enum BriefStage {\n", "enum BriefStage {\n  PARKED\n", "BriefStage.PARKED"),
        ("enum ChangeKind {\n", "enum ChangeKind {\n  MOVED\n", "ChangeKind.MOVED"),
    ],
    ids=[
        "a field less",
        "null where none was",
        "one more in an input",
        "one more argument",
        "one more kind of failure",
        "one more code of failures",
        "one more value in responses",
        "one more value in events",
    ],
)
def test_a_breaking_change_has_to_be_announced(
    present: str, planted: str, place: str, tmp_path: Path
) -> None:
    schema = SCHEMA_FILE.read_text("utf-8")
    assert present in schema
    changed = tmp_path / "changed.graphql"
    changed.write_text(schema.replace(present, planted, 1))

    breaking = breaking_changes(SCHEMA_FILE, changed)

    assert unannounced(breaking, "# Changelog\n") == breaking
    assert list(breaking) == [place]
    announcement = f"## [Unreleased]\n\n### Changed\n\n- **Breaking:** `{place}`: because.\n"
    assert unannounced(breaking, announcement) == {}


def test_what_is_new_breaks_nothing(tmp_path: Path) -> None:
    schema = SCHEMA_FILE.read_text("utf-8")
    older = tmp_path / "older.graphql"
    older.write_text(schema.replace(TARGET_AUDIENCE, "", 1))

    assert breaking_changes(older, SCHEMA_FILE) == {}


def test_a_value_that_is_only_sent_breaks_nothing(tmp_path: Path) -> None:
    schema = SCHEMA_FILE.read_text("utf-8")
    newer = tmp_path / "newer.graphql"
    newer.write_text(schema.replace("enum DraftOrderField {\n", "enum DraftOrderField {\n  MOOD\n"))

    assert breaking_changes(SCHEMA_FILE, newer) == {}


def test_one_more_member_of_a_union_has_to_be_announced(tmp_path: Path) -> None:
    older, newer = tmp_path / "older.graphql", tmp_path / "newer.graphql"
    schema = "type Query { found: Found } type A { a: Int } type B { b: Int } union Found = A"
    older.write_text(schema)
    newer.write_text(f"{schema} | B")

    assert list(breaking_changes(older, newer)) == ["Found"]


def test_announcements_name_places_in_the_schema() -> None:
    changelog = """\
# Changelog

## [Unreleased]

### Added

- `Brief.mood`.
- `Brief.audiences`.

### Removed

- **Breaking:** `Brief.targetAudience`: ask for `Brief.audiences`,
  and `BriefFilter.targetAudience` with it.
- The page `docs/old.md`.

## [0.1.0] - 2026-12-01

### Changed

- **Breaking:** `QcResult.passed` may be null.
"""

    assert announced(changelog) == {
        "Brief.targetAudience",
        "Brief.audiences",
        "BriefFilter.targetAudience",
    }


def test_what_was_announced_for_an_older_release_is_announced_no_more() -> None:
    assert announced("# Changelog\n\n## [0.1.0]\n\n- **Breaking:** `Brief.mood`\n") == set()
