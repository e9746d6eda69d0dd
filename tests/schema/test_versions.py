"""The versions of a package: their lineage, whether it's stale, and what differs between two."""

from datetime import timedelta
from typing import Any, Final

import pytest

from domain.scopes import Scope
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.support.graphql import InProcess, Json
from tests.support.sources import SettableClock
from tests.support.statements import watched

LEVEL_BY_LEVEL: Final = "history(first: 1) { nodes { type } }"
"""A field that isn't rendered by storage, so that those beside it aren't either."""


async def save_chain(api: InProcess, key: str = "one") -> None:
    """A brief of the client with the key, and what leads to it, without a package."""
    await api.do("submitIntake", inputs.submit_intake(briefId=key, clientId=key))
    plan = inputs.save_plan(strategyId=key, briefId=key)
    await api.do("saveStrategyPlan", plan)
    await save_draft(api, key)
    await record(api, key)


async def save_draft(api: InProcess, key: str = "one") -> None:
    await api.do("saveDraft", inputs.save_draft(draftId=key, strategyId=key))


async def record(api: InProcess, key: str = "one", **changes: Any) -> None:
    result = inputs.record_result(resultId=f"{key}-result", draftId=key, **changes)
    await api.do("recordQcResult", result)


async def deliver(api: InProcess, *names: str, key: str = "one", **changes: Any) -> Json:
    given = {"artifacts": inputs.artifacts(*names), **changes}
    package = inputs.save_package(packageId=key, draftId=key, **given)
    saved: Json = await api.do("saveDeliveryPackage", package)
    return saved


async def stale(api: InProcess, beside: str = "") -> dict[str, bool]:
    """By the packages' keys."""
    found = await api.ask(
        f"{{ deliveryPackages(first: 50) {{ nodes {{ packageId isStale {beside} }} }} }}"
    )
    return {it["packageId"]: it["isStale"] for it in found["deliveryPackages"]["nodes"]}


# Lineage


LINEAGE: Final = """mutation($input: SaveDeliveryPackageInput!) {
  saveDeliveryPackage(input: $input) {
    deliveryPackage { revision isStale artifacts { name draftRevision qcResultId qcRevision } }
    errors { message path }
  }
}"""


async def test_the_answer_to_a_save_has_the_lineage(api: InProcess) -> None:
    await save_chain(api)
    artifacts = [
        inputs.artifact("new"),
        inputs.artifact("told", draftRevision=9, qcResultId="old", qcRevision=4),
    ]

    given = inputs.save_package(draftId="one", artifacts=artifacts)
    payload = (await api.ask(LINEAGE, input=given))["saveDeliveryPackage"]

    assert payload == {
        "deliveryPackage": {
            "revision": 1,
            "isStale": True,
            "artifacts": [
                {"name": "new", "draftRevision": 1, "qcResultId": "one-result", "qcRevision": 1},
                {"name": "told", "draftRevision": 9, "qcResultId": "old", "qcRevision": 4},
            ],
        },
        "errors": [],
    }


@pytest.mark.parametrize(
    ("told", "path", "message"),
    [
        ({"draftRevision": 0}, "draftRevision", "must be from 1 to 2,147,483,647"),
        ({"qcResultId": "r"}, "qcRevision", "must be given with `qcResultId`"),
        ({"qcRevision": 1}, "qcResultId", "must be given with `qcRevision`"),
        ({"qcResultId": " ", "qcRevision": 1}, "qcResultId", "must not be blank"),
        ({"qcResultId": "r", "qcRevision": -1}, "qcRevision", "must be from 1 to 2,147,483,647"),
    ],
)
async def test_a_lineage_that_makes_no_sense_is_refused(
    told: Json, path: str, message: str, api: InProcess
) -> None:
    given = inputs.save_package(artifacts=[inputs.artifact(), inputs.artifact("b", **told)])

    payload = (await api.ask(LINEAGE, input=given))["saveDeliveryPackage"]

    assert payload["deliveryPackage"] is None
    assert payload["errors"] == [
        {"message": f"{path}: {message}.", "path": ["artifacts", "1", path]}
    ]


# Stale packages


@pytest.mark.parametrize("beside", ["", LEVEL_BY_LEVEL], ids=["rendered", "level by level"])
async def test_a_package_is_stale_when_its_draft_or_the_verdict_moved_on(
    api: InProcess, beside: str
) -> None:
    for key in ("current", "drafted", "checked", "replaced", "deleted", "empty", "unchecked"):
        await save_chain(api, key)
        await deliver(api, *(() if key == "empty" else ("a", "b")), key=key)
    await deliver(api, "a", key="unknown")
    await api.do("deleteQcResult", {"resultId": "unchecked-result"})
    for key in ("drafted", "empty", "unknown", "deleted"):
        await save_draft(api, key)
    for key in ("checked", "unknown"):
        await record(api, key)
    await api.do("deleteDraft", {"draftId": "deleted"})
    again = inputs.record_result(resultId="another", draftId="replaced")
    await api.do("recordQcResult", again)

    assert await stale(api, beside) == {
        "current": False,
        "drafted": True,
        "checked": True,
        "replaced": True,
        "unchecked": True,
        "deleted": False,
        "empty": False,
        "unknown": False,
    }


async def test_a_package_that_is_made_anew_is_not_stale_any_more(api: InProcess) -> None:
    await save_chain(api)
    await deliver(api, "a", "b")
    await save_draft(api)
    half = await deliver(api, "a", "c")

    assert await stale(api) == {"one": True}
    assert (await deliver(api, "c", "d"))["revision"] == half["revision"] + 1
    assert await stale(api) == {"one": False}


async def test_packages_say_it_wherever_they_are_found(api: InProcess) -> None:
    await save_chain(api)
    await deliver(api, "a")
    await save_draft(api)
    query = """{
      deliveryPackage(packageId: "one") { isStale }
      draft(draftId: "one") { deliveryPackages { nodes { isStale } } }
      strategyPlan(strategyId: "one") {
        drafts { nodes { deliveryPackages(first: 1) { edges { cursor node { isStale } } } } }
      }
    }"""

    found = await api.ask(query)

    assert found["deliveryPackage"] == {"isStale": True}
    assert found["draft"]["deliveryPackages"]["nodes"] == [{"isStale": True}]
    [draft] = found["strategyPlan"]["drafts"]["nodes"]
    assert draft["deliveryPackages"]["edges"][0]["node"] == {"isStale": True}


@pytest.mark.parametrize("beside", ["", LEVEL_BY_LEVEL], ids=["rendered", "level by level"])
async def test_a_bound_caller_is_told_of_its_own(
    api: InProcess, schema: CompiledSchema, beside: str
) -> None:
    for key in ("one", "other"):
        await save_chain(api, key)
        await deliver(api, "a", key=key)
        await save_draft(api, key)
    caller = build.caller(id="portal", clients=frozenset({"one"}))
    portal = InProcess(schema, api.storage, caller=caller)

    assert await stale(portal, beside) == {"one": True}
    assert (await deliver(portal, "b"))["revision"] == 2
    assert await stale(portal, beside) == {"one": False}


async def test_however_many_packages_a_list_takes_one_statement(
    schema: CompiledSchema, database: Database
) -> None:
    api = InProcess(schema, create_storage(PersistenceMode.DB, database))
    for key in map(str, range(3)):
        await save_chain(api, key)
        await deliver(api, "a", key=key)

    with watched(database) as rendered:
        await stale(api)
    with watched(database) as level_by_level:
        await stale(api, LEVEL_BY_LEVEL)

    assert len(rendered) == 1
    # The page, the drafts, their results, the artifacts and the log.
    assert len(level_by_level) == 5


# Versions


VERSIONS: Final = """query($first: Int, $after: String) { deliveryPackage(packageId: "one") {
  versions(first: $first, after: $after) {
    edges { cursor node { revision } }
    nodes {
      revision savedAt savedBy { kind callerId } event { type revisionAfter }
      deliveryPackage { packageId revision isStale artifacts { name draftRevision } }
    }
    pageInfo { hasNextPage hasPreviousPage endCursor }
  }
} }"""


async def versions(api: InProcess, **arguments: Any) -> Json:
    found: Json = (await api.ask(VERSIONS, **arguments))["deliveryPackage"]["versions"]
    return found


async def test_every_version_that_went_out_is_kept_as_it_was(api: InProcess) -> None:
    await save_chain(api)
    await deliver(api, "a")
    await save_draft(api)
    await deliver(api, "a", "b")

    [second, first] = (await versions(api))["nodes"]

    assert first["deliveryPackage"] == {
        "packageId": "one",
        "revision": 1,
        "isStale": True,
        "artifacts": [{"name": "a", "draftRevision": 1}],
    }
    assert second["deliveryPackage"]["artifacts"] == [
        {"name": "a", "draftRevision": 1},
        {"name": "b", "draftRevision": 2},
    ]
    assert first["event"] == {"type": "DELIVERY_PACKAGE_SAVED", "revisionAfter": 1}
    assert first["savedBy"] == {"kind": "OPERATOR", "callerId": "local"}
    assert first["savedAt"] <= second["savedAt"]


async def test_versions_come_page_by_page_without_deletions(api: InProcess) -> None:
    await save_chain(api)
    for _ in range(2):
        await deliver(api, "a")
        await deliver(api, "b")
        await api.do("deleteDeliveryPackage", {"packageId": "one"})
    await deliver(api, "c")

    first = await versions(api, first=2)
    second = await versions(api, first=2, after=first["pageInfo"]["endCursor"])
    third = await versions(api, first=2, after=second["pageInfo"]["endCursor"])

    pages = [[edge["node"]["revision"] for edge in it["edges"]] for it in (first, second, third)]
    assert pages == [[5, 4], [3, 2], [1]]
    assert [it["pageInfo"]["hasNextPage"] for it in (first, second, third)] == [True, True, False]


async def test_versions_whose_events_were_removed_are_left_out(
    api: InProcess, clock: SettableClock
) -> None:
    for name in "ab":
        await deliver(api, name)
    clock.move(days=3)
    await deliver(api, "c")
    await api.storage.sequence_events()
    await api.storage.prune_events(timedelta(days=1))

    found = await versions(api)
    response = await api.send(
        """{ deliveryPackage(packageId: "one") {
          gone: diff(from: 1) { toRevision }
          there: diff(from: 2) { toRevision added { name } }
        } }"""
    )

    assert [it["revision"] for it in found["nodes"]] == [3, 2]
    assert response["data"]["deliveryPackage"] == {
        "gone": None,
        "there": {"toRevision": 3, "added": [{"name": "c"}]},
    }
    [error] = response["errors"]
    assert error["extensions"]["code"] == "STATE_EXPIRED"
    assert error["path"] == ["deliveryPackage", "gone"]


# Differences


DIFF: Final = """query($from: Int!, $to: Int) { deliveryPackage(packageId: "one") {
  diff(from: $from, to: $to) {
    fromRevision toRevision
    added { position name }
    removed { position name }
    replaced { before { name url } after { name url draftRevision } }
    moved { artifact { position name } fromPosition toPosition }
  }
} }"""


async def three_versions(api: InProcess) -> None:
    await save_chain(api)
    await deliver(api, "a", "b", "c")
    await save_draft(api)
    changed = [
        inputs.artifact("c"),
        inputs.artifact("b", url="s3://b"),
        inputs.artifact("a"),
        inputs.artifact("d"),
    ]
    await deliver(api, artifacts=changed)
    await deliver(api, artifacts=changed[1:])


async def diff(api: InProcess, **arguments: Any) -> Json:
    found: Json = (await api.ask(DIFF, **arguments))["deliveryPackage"]["diff"]
    return found


async def test_what_differs_between_two_versions(api: InProcess) -> None:
    await three_versions(api)

    assert await diff(api, **{"from": 1, "to": 2}) == {
        "fromRevision": 1,
        "toRevision": 2,
        "added": [{"position": 3, "name": "d"}],
        "removed": [],
        "replaced": [
            {
                "before": {"name": "b", "url": "https://files.example/b"},
                "after": {"name": "b", "url": "s3://b", "draftRevision": 2},
            }
        ],
        "moved": [
            {"artifact": {"position": 0, "name": "c"}, "fromPosition": 2, "toPosition": 0},
            {"artifact": {"position": 2, "name": "a"}, "fromPosition": 0, "toPosition": 2},
        ],
    }


async def test_left_out_the_second_version_is_the_package_s_own(api: InProcess) -> None:
    await three_versions(api)
    past = """{ deliveryPackage(packageId: "one") { asOf(revision: 2) {
      diff(from: 1) { fromRevision toRevision added { name } }
    } } }"""

    assert await diff(api, **{"from": 2}) == await diff(api, **{"from": 2, "to": 3})
    assert await diff(api, **{"from": 3}) == await diff(api, **{"from": 3, "to": 3})
    assert (await api.ask(past))["deliveryPackage"]["asOf"]["diff"] == {
        "fromRevision": 1,
        "toRevision": 2,
        "added": [{"name": "d"}],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"from": 0}, "from: must be 1 or more, not 0."),
        ({"from": 1, "to": -1}, "to: must be 1 or more, not -1."),
        ({"from": 4}, "from: the package never had the revision 4."),
        ({"from": 1, "to": 7}, "to: the package never had the revision 7."),
    ],
)
async def test_revisions_that_are_not_there_are_errors(
    arguments: Json, message: str, api: InProcess
) -> None:
    await three_versions(api)

    response = await api.send(DIFF, arguments)

    assert response["data"] == {"deliveryPackage": {"diff": None}}
    [error] = response["errors"]
    assert (error["message"], error["extensions"]["code"]) == (message, "BAD_USER_INPUT")


async def test_who_may_not_read_the_log_is_told_of_no_versions(
    api: InProcess, schema: CompiledSchema
) -> None:
    await three_versions(api)
    caller = build.caller(scopes=frozenset({Scope.DELIVERY_READ}))
    reader = InProcess(schema, api.storage, caller=caller)

    assert await stale(reader) == {"one": True}
    response = await reader.send(
        """{ deliveryPackage(packageId: "one") { isStale diff(from: 1) { toRevision } } }"""
    )
    assert response["data"]["deliveryPackage"] == {"isStale": True, "diff": None}
    assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]
