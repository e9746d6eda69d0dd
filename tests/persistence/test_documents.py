"""Trusted documents: the same in memory and in databases."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.documents import RemoveDocuments, TrustedDocument, hash_of
from domain.errors import ValidationFailed
from repositories.unit_of_work import Repositories
from resolvers.documents.commands import register_documents, remove_documents
from tests import builders as build
from tests.support.sources import START

OTHER = "{ drafts { totalCount } }"


async def register(repositories: Repositories, application: str, *texts: str) -> int:
    command = build.register_documents(
        application=application, documents=tuple(build.new_document(text) for text in texts)
    )
    return await repositories.write(lambda unit: register_documents(unit, command))


async def remove(repositories: Repositories, application: str, *hashes: str) -> int:
    command = RemoveDocuments(application=application, hashes=hashes or None)
    return await repositories.write(lambda unit: remove_documents(unit, command))


async def text_of(repositories: Repositories, sha256: str) -> str | None:
    async with repositories.read(single_statement=True) as snapshot:
        return await snapshot.documents.text(sha256)


async def registered(
    repositories: Repositories, application: str | None = None
) -> Sequence[TrustedDocument]:
    async with repositories.read() as snapshot:
        return await snapshot.documents.of(application)


async def test_a_registered_document_is_found_by_its_hash(repositories: Repositories) -> None:
    assert await register(repositories, "web", build.DOCUMENT) == 1

    assert await text_of(repositories, hash_of(build.DOCUMENT)) == build.DOCUMENT
    assert await text_of(repositories, hash_of(OTHER)) is None
    [document] = await registered(repositories)
    assert document == build.trusted_document(created_at=document.created_at)
    assert document.created_at >= START


async def test_to_register_again_changes_nothing(repositories: Repositories) -> None:
    await register(repositories, "web", build.DOCUMENT)
    before = await registered(repositories)

    assert await register(repositories, "web", build.DOCUMENT, OTHER, OTHER) == 1

    assert [it for it in await registered(repositories) if it.text == build.DOCUMENT] == before


async def test_each_application_has_documents_of_its_own(repositories: Repositories) -> None:
    for application in ("web", "mobile", "Web"):
        assert await register(repositories, application, build.DOCUMENT) == 1

    assert await remove(repositories, "web") == 1

    assert [it.application for it in await registered(repositories)] == ["Web", "mobile"]
    assert await registered(repositories, "web") == []
    assert await text_of(repositories, hash_of(build.DOCUMENT)) == build.DOCUMENT


async def test_some_documents_of_an_application_are_removed(repositories: Repositories) -> None:
    await register(repositories, "web", build.DOCUMENT, OTHER)

    assert await remove(repositories, "web", hash_of(OTHER), "0" * 64) == 1

    assert [it.text for it in await registered(repositories, "web")] == [build.DOCUMENT]


async def test_they_come_by_application_and_hash(repositories: Repositories) -> None:
    for application in ("b", "a", "Z"):
        await register(repositories, application, OTHER, build.DOCUMENT)

    names = [(it.application, it.sha256) for it in await registered(repositories)]

    assert names == sorted(names)
    assert len(names) == 6


async def test_two_that_register_the_same_at_once_both_succeed(repositories: Repositories) -> None:
    counts = await asyncio.gather(
        *(register(repositories, "web", build.DOCUMENT, OTHER) for _ in range(4))
    )

    assert sum(counts) == 2


@pytest.mark.parametrize("application", ["", " web", "a\nb", "a\x00b", "x" * 300])
async def test_the_name_of_an_application_is_checked(
    repositories: Repositories, application: str
) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await register(repositories, application, build.DOCUMENT)

    assert [it.path for it in refused.value.violations] == [("application",)]


async def test_what_no_database_can_hold_is_not_there(repositories: Repositories) -> None:
    assert await text_of(repositories, "\x00") is None
    assert await registered(repositories, "\ud800") == []
    assert await repositories.write(lambda unit: unit.documents.remove("\x00", ["\x00"])) == 0


def test_equal_documents_have_equal_hashes_and_others_have_others() -> None:
    document = build.new_document()

    assert document.sha256 == replace(document, operations=()).sha256
    assert document.sha256 != build.new_document(f"{build.DOCUMENT} ").sha256
