"""Up and down, one revision after another, with rows in the tables."""

from alembic.script import ScriptDirectory

from migrations import runner
from migrations.revisions import is_new, revisions
from migrations.runner import Step, downgrade, upgrade
from repositories.drivers.engine import Database
from tests.migrations.conftest import NewDatabase
from tests.migrations.inspection import Rows, catalogue_of, execute, rows_of
from tests.migrations.samples import ROWS


def test_the_revisions_are_one_line_with_one_head() -> None:
    scripts = ScriptDirectory.from_config(runner._config())

    assert scripts.get_heads() == [revisions()[-1]]
    assert [script.down_revision for script in scripts.walk_revisions()][::-1] == [
        None,
        *revisions()[:-1],
    ]


async def test_up_to_the_head_down_to_the_base_and_up_again(database: Database) -> None:
    untouched = await catalogue_of(database)
    up = await upgrade(database)
    at_head = await catalogue_of(database)
    down = await downgrade(database, "base")
    at_base = await catalogue_of(database)
    is_new_again = await is_new(database)
    again = await upgrade(database)

    assert [step.revision for step in up] == list(revisions())
    assert [step.revision for step in down] == list(reversed(revisions()))
    assert at_base == untouched
    assert is_new_again
    assert again == up
    assert await catalogue_of(database) == at_head


async def test_step_by_step_makes_the_same_as_all_at_once(new_database: NewDatabase) -> None:
    by_steps, at_once = await new_database(), await new_database()
    states = []
    for revision in revisions():
        states.append(await catalogue_of(by_steps))
        assert [step.revision for step in await upgrade(by_steps, revision)] == [revision]
    await upgrade(at_once)
    assert await catalogue_of(by_steps) == await catalogue_of(at_once)

    for revision, state in reversed(list(zip(revisions(), states, strict=True))):
        assert [step.revision for step in await downgrade(by_steps, "-1")] == [revision]
        assert await catalogue_of(by_steps) == state


async def test_rows_stay_while_the_database_moves_on_and_back(database: Database) -> None:
    for revision in revisions():
        before = await rows_of(database)
        await upgrade(database, revision)
        assert _what_was_there(await rows_of(database), before) == before
        await execute(database, ROWS[revision])

    assert all((await rows_of(database)).values())

    for _ in revisions():
        before = await rows_of(database)
        await downgrade(database, "-1")
        after = await rows_of(database)
        assert after == _what_was_there(before, after)


async def test_steps_say_what_was_done(database: Database) -> None:
    up = await upgrade(database, "0001")
    down = await downgrade(database, "-1")

    assert up == (Step("0001", "onboarding: client briefs", is_upgrade=True),)
    assert [str(step) for step in (*up, *down)] == [
        "Applied 0001, onboarding: client briefs",
        "Took back 0001, onboarding: client briefs",
    ]
    assert await downgrade(database, "base") == ()


def _what_was_there(rows: Rows, shape: Rows) -> Rows:
    """The rows without tables and columns that aren't in `shape`."""
    return {
        table: [{name: row[name] for name in (shape[table] or [row])[0]} for row in rows[table]]
        for table in shape
    }
