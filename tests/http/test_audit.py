"""GraphQL over HTTP by its specification, as its reference implementation audits it."""

import pytest

from tests.support.servers import IN_MEMORY, running_server
from tests.tools.audit import REPORT, Audit, audits, report


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Audit]:
    log = tmp_path_factory.mktemp("audited") / "log"
    with running_server(IN_MEMORY, log) as server:
        return audits(server.graphql_url)


def test_everything_that_must_or_should_be_so_is_so(outcomes: list[Audit]) -> None:
    assert [audit for audit in outcomes if audit.status in ("warn", "error")] == []


def test_the_audits_are_all_there(outcomes: list[Audit]) -> None:
    assert len(outcomes) >= 61


def test_the_documentation_has_the_outcomes(outcomes: list[Audit]) -> None:
    assert REPORT.read_text("utf-8") == report(outcomes), "run: make audit"
