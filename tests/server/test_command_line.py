"""`aicmo serve | migrate | seed | schema export`, as people meet them in a terminal."""

import asyncio
import json
import os
import pty
import re
import signal
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import text

from repositories.drivers.engine import open_database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import UnitOfWork
from schema.export import exported_schema
from server.cli import app
from tests import builders as build
from tests.support.command_line import Aicmo, one_line_of_error, succeeded
from tests.support.contents import contents_of
from tests.support.interrupting import interrupted, running
from tests.support.patience import SECONDS
from tests.support.servers import AICMO, IN_MEMORY, environment, stored_in

PROVIDER = {"AICMO_OIDC_ISSUER": "https://id.example", "AICMO_OIDC_AUDIENCE": "aicmo"}


# Help


def commands() -> Iterator[tuple[str, Any]]:
    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        yield name, command
        for part, inner in getattr(command, "commands", {}).items():
            yield from below(f"{name} {part}", inner)

    return below("aicmo", typer.main.get_command(app))


def test_the_version_is_that_of_the_distribution(aicmo: Aicmo) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))

    assert succeeded(aicmo("--version")) == f"aicmo {project['project']['version']}\n"


def test_the_commands_are_these() -> None:
    assert [name for name, _ in commands()] == [
        "aicmo",
        "aicmo serve",
        "aicmo migrate",
        "aicmo seed",
        "aicmo import",
        "aicmo export",
        "aicmo run",
        "aicmo worker",
        "aicmo schema",
        "aicmo schema export",
        "aicmo events",
        "aicmo events list",
        "aicmo events export",
        "aicmo events tail",
        "aicmo webhooks",
        "aicmo webhooks list",
        "aicmo webhooks create",
        "aicmo webhooks enable",
        "aicmo webhooks disable",
        "aicmo webhooks rotate-secret",
        "aicmo webhooks delete",
        "aicmo webhooks test",
        "aicmo webhooks deliveries",
        "aicmo webhooks replay",
        "aicmo webhooks retry",
        "aicmo documents",
        "aicmo documents register",
        "aicmo documents list",
        "aicmo documents remove",
        "aicmo documents check",
        "aicmo token",
        "aicmo token pepper",
        "aicmo token create",
        "aicmo token rotate",
        "aicmo token revoke",
        "aicmo token list",
        "aicmo files",
        "aicmo files verify",
        "aicmo files gc",
    ]


def test_every_command_and_every_option_is_explained() -> None:
    for name, command in commands():
        assert command.help, name
        for option in command.params:
            assert getattr(option, "help", None), f"{name} --{option.name}"


def test_the_help_names_the_commands_and_the_first_settings(aicmo: Aicmo) -> None:
    text = " ".join(succeeded(aicmo("--help")).split())

    for command in ("serve", "migrate", "seed", "schema"):
        assert command in text
    for variable in ("HOST", "PORT", "AICMO_PERSISTENCE_MODE", "AICMO_DATABASE_URL"):
        assert variable in text


@pytest.mark.parametrize("command", ["serve", "migrate", "seed", "schema", "schema export"])
def test_every_command_has_a_help(aicmo: Aicmo, command: str) -> None:
    text = succeeded(aicmo(*command.split(), "--help"))

    assert f"Usage: aicmo {command}" in text


@pytest.mark.parametrize("group", [[], ["schema"]])
def test_without_a_command_the_help_is_shown(aicmo: Aicmo, group: list[str]) -> None:
    result = aicmo(*group)

    assert result.exit_code == 2
    assert "Usage: aicmo" in result.output
    assert "aicmo: " not in result.output


@pytest.mark.parametrize(
    ("call", "told", "help"),
    [
        ("frobnicate", "No such command 'frobnicate'", "aicmo --help"),
        ("serv", "No such command 'serv'. Did you mean 'serve'?", "aicmo --help"),
        ("--frob", "No such option: --frob", "aicmo --help"),
        ("serve --frob", "No such option: --frob", "aicmo serve --help"),
        ("serve --port", "Option '--port' requires an argument", "--help"),
        ("serve --port http", "Invalid value for '--port': ", "aicmo serve --help"),
        ("seed x", "Got unexpected extra argument(s) (x)", "aicmo seed --help"),
        ("seed --size -1", "Invalid value for '--size': ", "aicmo seed --help"),
        ("schema frobnicate", "No such command 'frobnicate'", "aicmo schema --help"),
    ],
)
def test_a_wrong_call_is_told_in_one_line_with_the_way_to_the_help(
    aicmo: Aicmo, call: str, told: str, help: str
) -> None:
    error = one_line_of_error(aicmo(*call.split()), exit_code=2)

    assert error.startswith(told)
    assert error.endswith(f"{help})")


# Migrating


def test_migrate_applies_what_is_missing_and_says_so(aicmo: Aicmo, empty_database_url: str) -> None:
    first = succeeded(aicmo("migrate", database=empty_database_url)).splitlines()
    second = succeeded(aicmo("migrate", database=empty_database_url)).splitlines()

    assert first[0].startswith("Applied 0001")
    assert len(first) > 5
    assert first[-1:] == second == ["The database is at the newest revision."]


def test_there_is_nothing_to_migrate_in_memory(aicmo: Aicmo) -> None:
    error = one_line_of_error(aicmo("migrate", **IN_MEMORY))

    assert "AICMO_PERSISTENCE_MODE" in error


# What is wrong with a database

needs_a_database = pytest.mark.parametrize("command", ["serve", "migrate", "seed", "serve --demo"])


@pytest.mark.parametrize("command", ["serve", "seed"])
def test_a_database_that_is_not_migrated_is_told_what_to_do(
    aicmo: Aicmo, empty_database_url: str, command: str
) -> None:
    error = one_line_of_error(aicmo(command, database=empty_database_url))

    assert "aicmo migrate" in error


both_forms = pytest.mark.parametrize(
    "form", ["sqlite:///{}/new%20.db", "sqlite:///file:{}/new%20.db?uri=true"]
)


@pytest.mark.parametrize("command", ["serve", "seed"])
@both_forms
def test_a_file_that_is_not_there_is_not_made_by_who_only_uses_it(
    aicmo: Aicmo, command: str, form: str, tmp_path: Path
) -> None:
    """Its name may be mistyped."""
    error = one_line_of_error(aicmo(command, database=form.format(tmp_path)))

    assert "isn't set up yet" in error
    assert list(tmp_path.iterdir()) == []


@both_forms
def test_a_file_that_was_made_is_used(aicmo: Aicmo, form: str, tmp_path: Path) -> None:
    succeeded(aicmo("migrate", database=form.format(tmp_path)))

    succeeded(aicmo("seed", database=form.format(tmp_path)))


@needs_a_database
def test_a_server_that_can_not_be_reached(aicmo: Aicmo, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"postgresql://user:hunter2@127.0.0.1:{port}/aicmo"

    error = one_line_of_error(aicmo(*command.split(), database=url))

    assert "can't be reached" in error
    assert "hunter2" not in error


@needs_a_database
def test_a_server_without_this_database(aicmo: Aicmo, command: str, postgres_url: str) -> None:
    url = postgres_url.replace("postgres?", "there_is_no_such_database?")

    error = one_line_of_error(aicmo(*command.split(), database=url))

    assert "there_is_no_such_database" in error


@needs_a_database
def test_a_file_that_is_no_database(aicmo: Aicmo, command: str, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("Buy bread. " * 100)

    error = one_line_of_error(aicmo(*command.split(), database=f"sqlite:///{tmp_path}/notes.db"))

    assert "not a database" in error


@needs_a_database
def test_a_file_in_a_folder_that_is_not_there(aicmo: Aicmo, command: str, tmp_path: Path) -> None:
    error = one_line_of_error(aicmo(*command.split(), database=f"sqlite:///{tmp_path}/no/a.db"))

    assert "which isn't there" in error


@needs_a_database
def test_a_wrong_setting_is_told_before_anything_is_done(
    aicmo: Aicmo, command: str, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path}/new.db"

    error = one_line_of_error(aicmo(*command.split(), database=database, AICMO_POOL_SIZE="0"))

    assert error.startswith("AICMO_POOL_SIZE: ")
    assert list(tmp_path.iterdir()) == []


# Seeding


def test_seed_adds_the_agency_once(aicmo: Aicmo, migrated_database_url: str) -> None:
    first = succeeded(aicmo("seed", database=migrated_database_url))
    after_first = asyncio.run(contents_of(migrated_database_url))
    second = succeeded(aicmo("seed", database=migrated_database_url))

    assert re.fullmatch(r"Added the demo agency: \d+ entities\.\n", first)
    assert second == "Nothing to add.\n"
    assert asyncio.run(contents_of(migrated_database_url)) == after_first


def test_the_agency_has_something_of_everything(aicmo: Aicmo, migrated_database_url: str) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))

    contents = asyncio.run(contents_of(migrated_database_url))

    assert [table for table, rows in contents.items() if not rows] == []


# The log


def test_events_are_exported_from_any_position_on(aicmo: Aicmo, migrated_database_url: str) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))

    lines = succeeded(aicmo("events", "export", database=migrated_database_url)).splitlines()
    events = [json.loads(line) for line in lines]
    rest = succeeded(aicmo("events", "export", "--after", "24", database=migrated_database_url))

    assert [event["data"]["position"] for event in events] == [*range(1, len(lines) + 1)]
    assert all(event["data"]["state"] for event in events)
    assert rest.splitlines() == lines[24:]


def test_the_newest_events_are_listed(aicmo: Aicmo, migrated_database_url: str) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))

    def listed(*options: str) -> list[str]:
        return succeeded(
            aicmo("events", "list", *options, database=migrated_database_url)
        ).splitlines()

    head, *rows = listed("--limit", "3")
    events = [json.loads(line) for line in listed("--json", "--limit", "100")]

    assert head.split()[:4] == ["OCCURRED", "TYPE", "KEY", "REVISION"]
    assert [row.split()[2] for row in rows] == [event["key"] for event in events[-3:]]
    assert len(events) >= 26
    key, client = events[0]["key"], events[0]["clientId"]
    found = [json.loads(line) for line in listed("--json", "--key", key, "--client", client)]
    assert found == [event for event in events if event["key"] == key]
    assert listed("--json", "--client", "nobody") == []


def test_a_position_whose_events_were_removed_is_refused(
    aicmo: Aicmo, migrated_database_url: str
) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))
    asyncio.run(_prune(migrated_database_url))

    refused = aicmo("events", "export", "--after", "1", database=migrated_database_url)

    assert "doesn't have all events" in one_line_of_error(refused)


def test_a_position_that_the_log_has_not_come_to_is_refused(
    aicmo: Aicmo, migrated_database_url: str
) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))

    refused = aicmo("events", "export", "--after", "1000", database=migrated_database_url)

    assert "doesn't have all events" in one_line_of_error(refused)


@pytest.mark.usefixtures("interrupts_count")
def test_events_are_followed_until_ctrl_c(aicmo: Aicmo, migrated_database_url: str) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))
    seeded = len(succeeded(aicmo("events", "export", database=migrated_database_url)).splitlines())
    command = (AICMO, "events", "tail", "--after", str(seeded - 1))
    with running(*command, **stored_in(migrated_database_url)) as process:
        assert process.stdout is not None
        last_seeded = json.loads(process.stdout.readline())
        asyncio.run(_rename_a_campaign_by_a_save(migrated_database_url))
        happened = json.loads(process.stdout.readline())
        errors = interrupted(process)

    assert last_seeded["data"]["position"] == seeded
    assert happened["type"] == "campaign.saved"
    assert happened["data"]["position"] == seeded + 1
    assert (process.returncode, errors) == (-signal.SIGINT, "")


async def _rename_a_campaign_by_a_save(database_url: str) -> None:
    storage = create_storage(PersistenceMode.DB, open_database(database_url))

    async def rename(unit: UnitOfWork) -> None:
        await unit.campaigns.save(build.campaign("campaign-new"))

    await storage.as_(build.caller()).write(rename)
    await storage.sequence_events()
    await storage.close()


def test_in_memory_there_is_no_log_to_export(aicmo: Aicmo) -> None:
    refused = aicmo("events", "export", AICMO_PERSISTENCE_MODE="inmemory")

    assert one_line_of_error(refused).startswith("AICMO_PERSISTENCE_MODE: ")


async def _prune(database_url: str) -> None:
    database = open_database(database_url)
    storage = create_storage(PersistenceMode.DB, database)
    await storage.sequence_events()
    await storage.prune_events(timedelta(days=-1))
    await storage.close()


def test_what_is_changed_after_seeding_stays_changed(
    aicmo: Aicmo, migrated_database_url: str
) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))
    asyncio.run(_rename_a_campaign(migrated_database_url))
    changed = asyncio.run(contents_of(migrated_database_url))

    succeeded(aicmo("seed", database=migrated_database_url))

    assert asyncio.run(contents_of(migrated_database_url)) == changed


async def _rename_a_campaign(database_url: str) -> None:
    database = open_database(database_url)
    async with database.writers.begin() as connection:
        await connection.execute(text("UPDATE production_campaigns SET name = 'Renamed'"))
    await database.close()


def test_two_databases_that_are_seeded_are_equal(
    aicmo: Aicmo, migrated_database_url: str, tmp_path: Path
) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    succeeded(aicmo("migrate", database=other))

    for url in (migrated_database_url, other):
        files = f"file://{tmp_path}/files"
        succeeded(aicmo("seed", "--size", "30", database=url, AICMO_FILES_URL=files))

    assert asyncio.run(contents_of(migrated_database_url)) == asyncio.run(contents_of(other))


def test_seed_of_a_size_adds_as_many_packages_with_all_that_leads_to_them(
    aicmo: Aicmo, migrated_database_url: str
) -> None:
    succeeded(aicmo("seed", database=migrated_database_url))
    before = asyncio.run(contents_of(migrated_database_url))

    told = succeeded(aicmo("seed", "--size", "250", database=migrated_database_url))

    after = asyncio.run(contents_of(migrated_database_url))
    assert {table: len(after[table]) - len(before[table]) for table in after} == {
        "onboarding_forms": 3,
        "strategy_plans": 3,
        "strategy_recommendations": 3,
        "production_campaigns": 3,
        "production_tactics": 3,
        "production_drafts": 250,
        "qc_results": 250,
        "qc_issues": 250 * 5,
        "delivery_packages": 250,
        "delivery_artifacts": 250 * 10,
    }
    assert "Adding packages" in told


def test_seed_of_a_larger_size_adds_what_is_missing(
    aicmo: Aicmo, migrated_database_url: str
) -> None:
    for size in ("20", "20", "130"):
        succeeded(aicmo("seed", "--size", size, database=migrated_database_url))

    in_steps = asyncio.run(contents_of(migrated_database_url))
    bulk = [row for row in in_steps["delivery_packages"] if "bulk" in str(row)]
    assert len(bulk) == 130


def test_progress_is_shown_in_a_terminal(aicmo: Aicmo, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/aicmo.db"
    succeeded(aicmo("migrate", database=database))

    shown = in_a_terminal(["seed", "--size", "250"], database)

    # A batch of a hundred after the other.
    assert [step for step in ("0%", "40%", "80%", "100%") if step not in shown] == []


def in_a_terminal(arguments: list[str], database: str) -> str:
    """The output that a person at a terminal sees."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [AICMO, *arguments], env=environment(**stored_in(database)), stdout=theirs, stdin=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        try:
            while part := os.read(ours, 4096):
                seen += part
        except OSError:
            """The end of a terminal, on Linux."""
        os.close(ours)
    assert process.returncode == 0
    return seen.decode()


@pytest.mark.parametrize("size", ["-1", "many", "1.5"])
def test_a_size_is_a_whole_number_from_0(aicmo: Aicmo, size: str) -> None:
    result = aicmo("seed", "--size", size)

    assert result.exit_code == 2
    assert "--size" in result.stderr


def test_what_would_be_seeded_in_memory_would_be_gone_at_once(aicmo: Aicmo) -> None:
    error = one_line_of_error(aicmo("seed", **IN_MEMORY))

    assert "aicmo serve --demo" in error


# The schema as a file


def test_the_schema_is_printed_to_a_pipe(aicmo: Aicmo) -> None:
    assert succeeded(aicmo("schema", "export", "--output", "-")) == exported_schema()


def test_the_schema_is_written_to_a_file(aicmo: Aicmo, tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"

    told = succeeded(aicmo("schema", "export", "--output", str(file)))

    assert file.read_text("utf-8") == exported_schema()
    assert str(file) in told


def test_a_file_that_can_not_be_written(aicmo: Aicmo, tmp_path: Path) -> None:
    error = one_line_of_error(aicmo("schema", "export", "--output", f"{tmp_path}/no/a.graphql"))

    assert "No such file" in error


# Serving


def run_serve(*options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, to its end."""
    return subprocess.run(
        [AICMO, "serve", *options],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


@pytest.mark.parametrize("variables", [("PORT",), ("AICMO_PORT",), ("PORT", "AICMO_PORT")])
def test_a_port_that_is_in_use_is_told_with_the_way_to_another(
    taken_port: int, variables: tuple[str, ...]
) -> None:
    set_to = dict.fromkeys(variables, str(taken_port))

    error = one_line_of_error(run_serve(**set_to, **IN_MEMORY))

    assert error.startswith(f"Address already in use: 127.0.0.1, port {taken_port}. ")
    assert f" {variables[-1]}={taken_port + 1} make serve, " in error
    assert error.endswith(f"aicmo serve --port {taken_port + 1}")


def test_an_option_for_a_port_that_is_in_use_is_told_as_one(taken_port: int) -> None:
    error = one_line_of_error(run_serve("--port", str(taken_port), **IN_MEMORY))

    assert error.endswith(f"such as: aicmo serve --port {taken_port + 1}")


def test_an_address_that_is_not_ours() -> None:
    ended = run_serve("--port", "0", HOST="192.0.2.1", **PROVIDER, **IN_MEMORY)

    assert "192.0.2.1" in one_line_of_error(ended)


@pytest.mark.parametrize("options", [["--host", "0.0.0.0"], ["--host", "aicmo.example"]])
def test_others_are_not_let_in_by_an_option_alone(aicmo: Aicmo, options: list[str]) -> None:
    error = one_line_of_error(aicmo("serve", *options, **IN_MEMORY))

    assert "aicmo token pepper" in error
    assert "aicmo token create" in error


def test_a_port_that_there_is_not(aicmo: Aicmo) -> None:
    error = one_line_of_error(aicmo("serve", "--port", "65536", **IN_MEMORY))

    assert error.startswith("--port: ")
