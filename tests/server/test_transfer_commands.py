"""`aicmo import` and `aicmo export`, as people meet them in a terminal."""

import json
from pathlib import Path

import pytest
from typer.testing import Result

from tests.support.command_line import aicmo, one_line_of_error
from tests.support.transfers import Json, draft, jsonl


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "drafts.jsonl"
    path.write_bytes(jsonl(draft(number) for number in range(250)))
    return path


def lines_of(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def run(database: str, tmp_path: Path, *arguments: str) -> Result:
    return aicmo(*arguments, database=database, AICMO_FILES_URL=(tmp_path / "files").as_uri())


def test_a_file_is_imported_and_exported_as_it_was(
    migrated_database_url: str, tmp_path: Path, file: Path
) -> None:
    told, output = tmp_path / "told.jsonl", tmp_path / "output.jsonl"

    imported = run(
        migrated_database_url,
        tmp_path,
        *("import", str(file), "--entity", "drafts", "--result", str(told)),
    )
    exported = run(migrated_database_url, tmp_path, "export", "drafts", "--output", str(output))

    assert imported.exit_code == 0, imported.output
    counts, place = imported.stdout.splitlines()
    import_id, _, said = counts.partition(": ")
    assert said == "250 lines, 250 saved, 0 refused"
    assert place == f"What became of each line: {told}"
    # Where nobody watches, the bar is its label alone.
    assert imported.stderr == f"{import_id}\n"
    assert [line["status"] for line in lines_of(told)] == ["SAVED"] * 250
    assert exported.exit_code == 0, exported.output
    assert exported.stdout.endswith(f": 250 lines, in {output}\n")
    # What was left out of a line has its default.
    assert lines_of(output) == [{**line, "metadata": {}} for line in lines_of(file)]
    followed = run(migrated_database_url, tmp_path, "import", "--follow", import_id)
    assert followed.stdout.splitlines()[0] == counts


def test_an_import_that_fails_ends_with_1_and_says_why(
    migrated_database_url: str, tmp_path: Path, file: Path
) -> None:
    with file.open("ab") as opened:
        opened.write(b"{}\n")

    failed = run(migrated_database_url, tmp_path, "import", str(file), "--entity", "drafts")

    assert failed.exit_code == 1
    assert failed.stderr.splitlines()[-1] == (
        "aicmo: 1 of 251 lines were refused, so nothing was stored."
    )


def test_a_wrong_filter_and_an_unknown_import_are_told_in_one_line(
    migrated_database_url: str, tmp_path: Path
) -> None:
    output = str(tmp_path / "output.jsonl")
    of_no_json = ("export", "drafts", "--output", output, "--filter", "{")
    of_no_field = ("export", "drafts", "--output", output, "--filter", '{"colour": {}}')

    assert one_line_of_error(run(migrated_database_url, tmp_path, *of_no_json)).startswith(
        "--filter must be JSON:"
    )
    assert one_line_of_error(run(migrated_database_url, tmp_path, *of_no_field)) == (
        "colour: isn't a field of `DraftFilter`."
    )
    assert one_line_of_error(
        run(migrated_database_url, tmp_path, "import", "--follow", "of-nobody")
    ) == ("There is no import of-nobody.")
