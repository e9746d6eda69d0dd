"""Packages: which documents there are, what they're called, and who makes them."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from domain.errors import Unavailable
from orchestration.producers.packager import packager as module
from orchestration.producers.packager.documents import (
    FORMATS,
    MAX_DRAFT_CHARACTERS,
    MAX_PLAN_CHARACTERS,
    documents_of,
)
from orchestration.producers.packager.errors import DocumentFailed
from orchestration.producers.packager.packager import BuiltInPackager
from orchestration.producers.worker import ProcessWorker
from tests.producers.packager.packages import documents, subject
from tests.support.patience import SECONDS
from tests.support.thread_worker import ThreadWorker

T = TypeVar("T")


async def test_a_process_makes_the_same_documents_as_this_one() -> None:
    packager = BuiltInPackager([ProcessWorker("makes documents", seconds=SECONDS)])
    try:
        elsewhere = await packager.documents(subject())
    finally:
        await packager.close()

    assert elsewhere == documents(subject())
    assert [(each.name, each.format, each.media_type) for each in elsewhere] == [
        ("strategy.pdf", "pdf", FORMATS["pdf"]),
        ("Bread.md", "md", "text/markdown"),
        ("Bread.html", "html", "text/html"),
        ("Bread.docx", "docx", FORMATS["docx"]),
    ]


def test_markdown_is_the_body_as_it_is() -> None:
    body = "---\nsubject: Rye\n---\n# Rye\r\n\n<b>*It*</b>\x07\n\n"

    [made] = documents_of(subject(body), ["md"])

    assert made.content == b"---\nsubject: Rye\n---\n# Rye\n\n<b>*It*</b>\n"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "_.._etc_passwd.md"),
        ("con", "_con.md"),
        ("...", "file.md"),
        ("50% off: \u202edcab", "50% off_ dcab.md"),
        ("Brot für alle", "Brot für alle.md"),
    ],
)
def test_names_are_safe_to_save(title: str, name: str) -> None:
    [made] = documents_of(subject(title=title), ["md"])

    assert made.name == name


def test_the_longest_title_leaves_room_for_the_ending() -> None:
    [made] = documents_of(subject(title="ö" * 500), ["docx"])

    assert made.name.endswith("ö.docx")
    assert len(made.name.encode()) <= 200


def test_what_is_too_long_for_anybody_to_read_comes_as_markdown_alone() -> None:
    longest, longer = "a" * MAX_DRAFT_CHARACTERS, "a" * (MAX_DRAFT_CHARACTERS + 1)
    summary = "a b " * (MAX_PLAN_CHARACTERS // 4)

    assert [each.format for each in documents_of(subject(longest), ["md", "html"])] == [
        "md",
        "html",
    ]
    made = documents(subject(longer, plan={"executive_summary": summary}))
    assert [each.format for each in made] == ["md"]


def test_a_verdict_and_who_decided_stay_with_the_agency() -> None:
    made = subject()
    other = replace(made, verdict=None, plan=replace(made.plan, decided_by="Somebody else"))

    assert documents(other) == documents(made)


async def test_without_the_libraries_there_are_markdown_and_html(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    packager = BuiltInPackager([ThreadWorker()])

    packager.start()

    assert [each.format for each in await packager.documents(subject())] == ["md", "html"]
    assert ["aicmo[documents]" in message for message in caplog.messages] == [True]


class Counting(ThreadWorker):
    """A worker that counts what it's called for."""

    def __init__(self) -> None:
        self.calls = 0

    async def call(self, function: Callable[[], T]) -> T:
        self.calls += 1
        return await super().call(function)


async def test_one_worker_makes_all_documents_of_a_plan_and_others_those_of_others() -> None:
    workers = [Counting(), Counting()]
    packager = BuiltInPackager(workers)

    for number in range(5):
        await packager.documents(subject(f"Draft {number}."))
    assert sorted(worker.calls for worker in workers) == [0, 5]

    for number in range(20):
        await packager.documents(subject(plan={"strategy_id": f"plan-{number}"}))
    assert min(worker.calls for worker in workers) > 0


class Refusing(ThreadWorker):
    async def call(self, function: Callable[[], T]) -> T:
        raise DocumentFailed("no glyph")


async def test_a_document_that_can_not_be_made_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(Unavailable, match="couldn't be made"):
        await BuiltInPackager([Refusing()]).documents(subject())

    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "no documents for draft draft-1: no glyph",
    )
