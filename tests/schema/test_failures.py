"""Errors tell clients why an operation failed, and no internals of the server."""

import logging

import pytest

from domain.errors import TimedOut, Unavailable
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from tests import inputs
from tests.schema.types_under_test import CAMPAIGN, DRAFT, PACKAGE
from tests.support.graphql import InProcess, Json, mutation
from tests.support.interference import Interfered, Raising

SECRET = "password=hunter2"
REQUEST_ID = "request-of-the-test"


class Bug(Exception):
    """Nobody expected this."""


def with_error(api: InProcess, attribute: str, error: Exception) -> InProcess:
    """The API, over repositories of which one fails."""
    failing = Interfered(api.storage, attribute, lambda _: Raising(error))
    return InProcess(api.schema, failing, REQUEST_ID)


@pytest.fixture
def with_bug(api: InProcess) -> InProcess:
    """All reads and saves of packages fail."""
    return with_error(api, "delivery_packages", Bug(f"no connection to db.internal, {SECRET}"))


# Bugs


async def test_a_bug_is_told_by_its_request_id_and_without_details(with_bug: InProcess) -> None:
    error = await with_bug.fail('{ deliveryPackage(packageId: "p") { id } }')

    assert error == {
        "message": (
            f"Something went wrong on our side. Mention request {REQUEST_ID} when you report it."
        ),
        "path": ["deliveryPackage"],
        "locations": [{"line": 1, "column": 3}],
        "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": REQUEST_ID},
        "code": "INTERNAL_SERVER_ERROR",
    }


async def test_a_bug_is_logged_with_its_traceback_under_the_same_request_id(
    with_bug: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    await with_bug.fail('{ deliveryPackage(packageId: "p") { id } }')

    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.name == "aicmo.operations"
    assert REQUEST_ID in record.getMessage()
    assert record.exc_info is not None
    _, exception, traceback = record.exc_info
    assert isinstance(exception, Bug)
    assert SECRET in str(exception)
    assert traceback is not None


async def test_a_bug_in_one_field_leaves_the_others_their_responses(
    api: InProcess, with_bug: InProcess
) -> None:
    await DRAFT.put(api, "draft-1")

    response = await with_bug.send(
        '{ draft(draftId: "draft-1") { draftId } deliveryPackage(packageId: "p") { id } }'
    )

    assert response["data"] == {"draft": {"draftId": "draft-1"}, "deliveryPackage": None}
    assert len(response["errors"]) == 1


async def test_a_bug_below_what_is_never_null_is_masked_too(
    api: InProcess, with_bug: InProcess
) -> None:
    draft = await DRAFT.put(api, "draft-1")

    response = await with_bug.send(
        "query($id: ID!) { node(id: $id) { ... on Draft { deliveryPackages { nodes { id } } } } }",
        {"id": draft["id"]},
    )

    [error] = response["errors"]
    assert response["data"] == {"node": None}
    assert error["path"] == ["node", "deliveryPackages"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert SECRET not in str(response)


async def test_a_bug_in_a_mutation_leaves_its_siblings_what_they_did(
    api: InProcess, with_bug: InProcess
) -> None:
    response = await with_bug.send(
        """mutation($draft: SaveDraftInput!, $package: SaveDeliveryPackageInput!,
                    $campaign: SaveCampaignInput!) {
          saveDraft(input: $draft) { draft { draftId } errors { code } }
          saveDeliveryPackage(input: $package) { deliveryPackage { id } errors { code } }
          saveCampaign(input: $campaign) { campaign { campaignId } errors { code } }
        }""",
        {
            "draft": inputs.save_draft(),
            "package": inputs.save_package(),
            "campaign": inputs.save_campaign(),
        },
    )

    [error] = response["errors"]
    assert response["data"] == {
        "saveDraft": {"draft": {"draftId": "draft-1"}, "errors": []},
        "saveDeliveryPackage": None,
        "saveCampaign": {"campaign": {"campaignId": "campaign-1"}, "errors": []},
    }
    assert error["path"] == ["saveDeliveryPackage"]
    assert SECRET not in str(response)
    assert await DRAFT.get(api, "draft-1")
    assert await CAMPAIGN.get(api, "campaign-1")
    assert await PACKAGE.get(api, "package-1") is None


async def test_a_bug_in_what_is_read_after_a_save_does_not_undo_the_save(api: InProcess) -> None:
    with_bug = with_error(api, "drafts", Bug(SECRET))

    response = await with_bug.send(
        """mutation($input: SaveDeliveryPackageInput!) { saveDeliveryPackage(input: $input) {
          deliveryPackage { revision draft { id } } errors { code } } }""",
        {"input": inputs.save_package()},
    )

    assert response["data"]["saveDeliveryPackage"] == {
        "deliveryPackage": {"revision": 1, "draft": None},
        "errors": [],
    }
    assert response["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert await PACKAGE.get(api, "package-1")


# Storage that can't be reached now


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("The database can't be reached."), "UNAVAILABLE"),
        (TimedOut("The operation took too long."), "TIMEOUT"),
    ],
    ids=["unavailable", "too slow"],
)
async def test_storage_that_fails_for_now_is_no_bug(
    api: InProcess, error: Exception, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    failing = with_error(api, "delivery_packages", error)

    reading = await failing.fail('{ deliveryPackage(packageId: "p") { id } }')
    writing = await failing.fail(mutation("saveDeliveryPackage"), input=inputs.save_package())

    assert (reading["code"], reading["message"]) == (code, str(error))
    assert (writing["code"], writing["message"]) == (code, str(error))
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_mutation_that_storage_fails_is_null_and_no_payload(
    schema: CompiledSchema, storage: Storage
) -> None:
    failing = with_error(InProcess(schema, storage), "delivery_packages", Unavailable("Try again."))

    response = await failing.send(mutation("saveDeliveryPackage"), {"input": inputs.save_package()})

    assert response["data"] == {"saveDeliveryPackage": None}


# Requests that can't be answered

UNANSWERABLE: dict[str, tuple[str, Json | None, str | None, str]] = {
    "no GraphQL": ("what is this", None, None, "GRAPHQL_PARSE_FAILED"),
    "an unclosed brace": ("{ briefs { nodes { id } }", None, None, "GRAPHQL_PARSE_FAILED"),
    "only a comment": ("# nothing", None, None, "GRAPHQL_PARSE_FAILED"),
    "an unknown field": ("{ brief(briefId: 1) { nope } }", None, None, "GRAPHQL_VALIDATION_FAILED"),
    "an unknown argument": ("{ brief(id: 1) { id } }", None, None, "GRAPHQL_VALIDATION_FAILED"),
    "no argument": ("{ brief { id } }", None, None, "GRAPHQL_VALIDATION_FAILED"),
    "an unknown fragment": ("{ ...F }", None, None, "GRAPHQL_VALIDATION_FAILED"),
    "an endless fragment": (
        "{ ...F } fragment F on Query { ...F }",
        None,
        None,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "no variable": (
        "query($id: ID!) { brief(briefId: $id) { id } }",
        {},
        None,
        "BAD_USER_INPUT",
    ),
    "a wrong variable": (
        "query($first: Int) { briefs(first: $first) { nodes { id } } }",
        {"first": "two"},
        None,
        "BAD_USER_INPUT",
    ),
    "an unknown operation": ("query A { __typename }", None, "B", "BAD_USER_INPUT"),
    "several operations": (
        "query A { __typename } query B { __typename }",
        None,
        None,
        "BAD_USER_INPUT",
    ),
    "no operation": (
        "fragment F on Query { __typename }",
        None,
        None,
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "a hostile depth": ("{ a " * 5_000 + "}" * 5_000, None, None, "LIMIT_EXCEEDED"),
}


@pytest.mark.parametrize("what", UNANSWERABLE)
async def test_what_can_not_be_executed_is_refused_without_data(api: InProcess, what: str) -> None:
    query, variables, operation_name, code = UNANSWERABLE[what]

    response = await api.send(query, variables, operation_name)

    codes = {error["extensions"]["code"] for error in response["errors"]}
    assert codes == {code}
    assert "data" not in response


async def test_of_several_operations_the_named_one_is_run(api: InProcess) -> None:
    await DRAFT.put(api, "draft-1")
    document = (
        'query Read { draft(draftId: "draft-1") { draftId } } '
        'mutation Remove { deleteDraft(input: { draftId: "draft-1" }) { errors { code } } }'
    )

    read = await api.send(document, operation_name="Read")
    removed = await api.send(document, operation_name="Remove")

    assert read["data"] == {"draft": {"draftId": "draft-1"}}
    assert removed["data"] == {"deleteDraft": {"errors": []}}
    assert await DRAFT.get(api, "draft-1") is None


async def test_an_error_in_a_field_says_where(api: InProcess) -> None:
    error = await api.fail("{\n  b: briefs(first: -1) { nodes { id } }\n}")

    assert error["path"] == ["b"]
    assert error["locations"] == [{"line": 2, "column": 3}]
