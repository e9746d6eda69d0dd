"""Saved records come back unchanged."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest

from domain.entity import Owned
from domain.json_object import JsonObject
from domain.onboarding import BriefScope
from domain.strategy import Kpi
from repositories.unit_of_work import Repositories
from tests import builders as build
from tests.persistence.types_under_test import BRIEF, DRAFT, PLAN, RESULT, TypeUnderTest
from tests.support.commands import Commands
from tests.support.sources import SettableClock

TEXTS = {
    "accents, composed and not": "é e\u0301 ñ ß İ",
    "astral": "😀 𝄞 👩\u200d👩\u200d👧",
    "right to left": "\u05e9\u05dc \u200f\u0639\u0627\u0644",
    "special to some language": 'O\'Neill: "--"; DROP TABLE x; \\ % _ :name %s {} $1 ?',
    "white space": " \t\r\n\u00a0\u2028 ",
    "noncharacters": "\ud7ff\ue000\ufffe\uffff\U0010ffff",
}

DOCUMENTS = {
    "order of names": '{"b":1,"a":2,"":3,"A":4,"ä":5,"10":6,"9":7}',
    "integers and floats": '{"one":1,"float":1.0,"power":100.0,"big":1e+300,"small":5e-324}',
    "64-bit integers": '{"least":-9223372036854775808,"greatest":9223372036854775807}',
    "an integer that no float is": '{"n":9007199254740993}',
    "a float that is not exact": '{"sum":0.30000000000000004,"minus zero":-0.0}',
    "nested": '{"a":[{"b":[[],{},[null,true,false,"x"]]}],"c":{"d":{"e":[1,[2,[3]]]}}}',
    "text": '{"é😀":"\\"\\\\/\\n\\u0001\u2028"}',
    "32 levels": '{"a":' * 31 + "{}" + "}" * 31,
}

TIMES = {
    "microseconds": datetime(2026, 3, 2, 9, 30, 15, 1, tzinfo=UTC),
    "the last microsecond": datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "no fraction": datetime(2026, 3, 2, tzinfo=UTC),
    "ahead of UTC": datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    "behind UTC": datetime(2026, 3, 2, 23, 30, tzinfo=timezone(-timedelta(hours=9.5))),
    "the earliest": datetime(1970, 1, 1, tzinfo=UTC),
    "the latest": datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
}


async def test_every_field_comes_back_as_saved(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    record = entity_type.record("key")

    saved = await entity_type.save(repositories, record)

    assert saved == record
    assert await entity_type.load(repositories, "key") == record


def test_that_says_something_because_no_field_of_these_records_is_empty(
    entity_type: TypeUnderTest,
) -> None:
    record = entity_type.record("key")
    decided = {"client_id"} if isinstance(record, Owned) else set()

    assert all(getattr(record, field.name) for field in fields(record) if field.name not in decided)


async def test_absent_fields_come_back_absent_and_empty_ones_empty(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    record = replace(entity_type.record("key"), **entity_type.bare)

    await entity_type.save(repositories, record)

    assert await entity_type.load(repositories, "key") == record


async def test_what_is_not_stored_is_none(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    await entity_type.save(repositories, entity_type.record("key"))

    async with repositories.read() as snapshot:
        assert await entity_type.reads_of(snapshot).get("another key") is None


async def test_entities_read_together_are_those_that_are_stored(
    repositories: Repositories, entity_type: TypeUnderTest
) -> None:
    records = {key: entity_type.record(key) for key in ("a", "b", "c")}
    await entity_type.save(repositories, *records.values())

    async with repositories.read() as snapshot:
        found = await entity_type.load_many(snapshot, "c", "absent", "a", "a")
        nothing = await entity_type.reads_of(snapshot).get_many([])

    assert found == {"a": records["a"], "c": records["c"]}
    assert nothing == {}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_any_text_comes_back_in_every_field_that_holds_text(
    repositories: Repositories, entity_type: TypeUnderTest, text: str
) -> None:
    record = _with_every_text(entity_type.record(text), text)

    await entity_type.save(repositories, record)

    assert await entity_type.load(repositories, text) == record


def _with_every_text(value: Any, text: str) -> Any:
    """The value with every plain string in it, however deep, replaced by the text."""
    if isinstance(value, Enum | JsonObject):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_with_every_text(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        texts = {
            field.name: _with_every_text(getattr(value, field.name), text)
            for field in fields(value)
        }
        return replace(value, **texts)
    return value


async def test_a_body_of_a_million_characters_comes_back(repositories: Repositories) -> None:
    body = "Brot 🥖 é\n" * 111_111 + "!"
    assert len(body) == 1_000_000

    await DRAFT.save(repositories, build.draft("key", body=body))

    assert (await DRAFT.load(repositories, "key")).body == body


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
async def test_json_comes_back_character_by_character(
    repositories: Repositories, text: str
) -> None:
    document = JsonObject(text)
    await BRIEF.save(
        repositories, build.brief("key", responses=document, brand_guidelines=document)
    )
    await DRAFT.save(repositories, build.draft("key", metadata=document))

    brief = await BRIEF.load(repositories, "key")
    draft = await DRAFT.load(repositories, "key")

    assert [brief.responses.text, brief.brand_guidelines.text, draft.metadata.text] == [text] * 3


async def test_json_of_256_kib_comes_back(repositories: Repositories, commands: Commands) -> None:
    document = {"text": "x" * (256 * 1024 - len('{"text":""}'))}

    await commands.save_draft(build.save_draft(draft_id="key", metadata=document))

    assert (await DRAFT.load(repositories, "key")).metadata.to_python() == document


@pytest.mark.parametrize("number", [0.0, 0.1, 1 / 3, 5e-324, 0.9999999999999999, 1.0])
async def test_floats_come_back_bit_by_bit(repositories: Repositories, number: float) -> None:
    kpi = Kpi("smallest step", number, "", 1)
    recommendation = build.recommendation(budget_percent=number)
    await RESULT.save(repositories, build.result("key", score=number))
    await PLAN.save(repositories, build.plan("key", kpis=(kpi,), recommendations=(recommendation,)))

    result, plan = await RESULT.load(repositories, "key"), await PLAN.load(repositories, "key")

    found = [result.score, plan.kpis[0].target_value, plan.recommendations[0].budget_percent]
    assert [value.hex() for value in found] == [number.hex()] * 3


async def test_the_greatest_numbers_of_weeks_and_days_come_back(
    repositories: Repositories,
) -> None:
    greatest = 2**31 - 1
    scope = BriefScope(timeline_weeks=greatest)
    await BRIEF.save(repositories, build.brief("key", scope=scope))
    await PLAN.save(repositories, build.plan("key", version=greatest))

    assert (await BRIEF.load(repositories, "key")).scope == scope
    assert (await PLAN.load(repositories, "key")).version == greatest


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
async def test_a_time_comes_back_to_the_microsecond_and_in_utc(
    repositories: Repositories, commands: Commands, clock: SettableClock, time: datetime
) -> None:
    clock.now = time.astimezone(UTC)

    written = [
        *_times(await commands.submit_intake(build.submit_intake(submitted_at=time))),
        *_times(await commands.normalize_brief(build.normalize_brief())),
        *_times(await commands.save_strategy_plan(build.save_plan())),
        *_times(await commands.approve_strategy_plan(build.decide_plan())),
        *_times(await commands.record_qc_result(build.record_result(evaluated_at=time))),
    ]
    read = [
        *_times(await BRIEF.load(repositories, "brief-1")),
        *_times(await PLAN.load(repositories, "plan-1")),
        *_times(await RESULT.load(repositories, "result-1")),
    ]

    assert len(read) == 4 + 3 + 3
    assert {(found, found.utcoffset()) for found in (*written, *read)} == {(time, timedelta(0))}


def _times(record: Any) -> list[datetime]:
    values = [getattr(record, field.name) for field in fields(record)]
    return [value for value in values if isinstance(value, datetime)]


async def test_a_brief_with_an_empty_scope_has_a_scope(repositories: Repositories) -> None:
    await BRIEF.save(repositories, build.brief("key", scope=BriefScope()))

    assert (await BRIEF.load(repositories, "key")).scope == BriefScope()
