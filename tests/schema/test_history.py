"""The log in the graph: all events, the history of each entity, and each entity as it was."""

from datetime import timedelta
from typing import Any

import pytest

from domain.callers import CallerKind
from repositories.drivers.engine import Database
from repositories.factory import PersistenceMode, create_storage
from repositories.unit_of_work import Storage
from schema.root import CompiledSchema
from tests import builders as build
from tests import inputs
from tests.schema.types_under_test import DRAFT, PACKAGE, TypeUnderTest, every_type
from tests.support.graphql import InProcess, Json
from tests.support.sources import SettableClock
from tests.support.statements import watched

EVENTS = """
query($first: Int, $after: String, $last: Int, $before: String, $filter: EventFilter) {
  events(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    edges { cursor node { cursor type key revisionBefore revisionAfter } }
    nodes { key }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


async def page(api: InProcess, **arguments: Any) -> Json:
    """A page of the log, in which all that is stored has its position."""
    await api.storage.sequence_events()
    found: Json = (await api.ask(EVENTS, **arguments))["events"]
    return found


def keys(page: Json) -> list[str]:
    assert [edge["node"]["key"] for edge in page["edges"]] == [it["key"] for it in page["nodes"]]
    return [node["key"] for node in page["nodes"]]


@pytest.fixture
async def five(api: InProcess) -> list[str]:
    """The keys of five packages, in the order in which they were saved."""
    return [(await PACKAGE.put(api, f"package-{it}"))["packageId"] for it in range(5)]


# All events


async def test_events_come_in_the_order_in_which_they_happened(
    api: InProcess, five: list[str]
) -> None:
    found = await page(api)

    assert keys(found) == five
    assert found["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": found["edges"][0]["cursor"],
        "endCursor": found["edges"][-1]["cursor"],
    }


async def test_an_event_s_cursor_is_that_of_its_edge(api: InProcess, five: list[str]) -> None:
    found = await page(api)

    assert [edge["cursor"] for edge in found["edges"]] == [
        edge["node"]["cursor"] for edge in found["edges"]
    ]


async def test_pages_follow_one_another_without_a_gap_or_a_repeat(
    api: InProcess, five: list[str]
) -> None:
    first = await page(api, first=2)
    second = await page(api, first=2, after=first["pageInfo"]["endCursor"])
    third = await page(api, first=2, after=second["pageInfo"]["endCursor"])

    assert [keys(each) for each in (first, second, third)] == [five[:2], five[2:4], five[4:]]
    assert [each["pageInfo"]["hasNextPage"] for each in (first, second, third)] == [
        True,
        True,
        False,
    ]
    assert second["pageInfo"]["hasPreviousPage"]


async def test_the_newest_are_read_from_the_end(api: InProcess, five: list[str]) -> None:
    newest = await page(api, last=2)
    older = await page(api, last=2, before=newest["pageInfo"]["startCursor"])

    assert [keys(newest), keys(older)] == [five[3:], five[1:3]]
    assert newest["pageInfo"]["hasPreviousPage"]
    assert not newest["pageInfo"]["hasNextPage"]
    assert older["pageInfo"]["hasNextPage"]


async def test_a_page_may_lie_between_two_cursors(api: InProcess, five: list[str]) -> None:
    edges = (await page(api))["edges"]
    bounds = {"after": edges[0]["cursor"], "before": edges[4]["cursor"]}

    assert keys(await page(api, **bounds)) == five[1:4]
    assert keys(await page(api, first=2, **bounds)) == five[1:3]
    assert keys(await page(api, last=2, **bounds)) == five[2:4]


async def test_what_happens_later_comes_after_the_last_cursor(
    api: InProcess, five: list[str]
) -> None:
    end = (await page(api))["pageInfo"]["endCursor"]
    assert keys(await page(api, after=end)) == []

    await api.do(PACKAGE.delete, PACKAGE.key_for_deleting(five[0]))

    [edge] = (await page(api, after=end))["edges"]
    assert edge["node"]["type"] == "DELIVERY_PACKAGE_DELETED"
    assert (edge["node"]["revisionBefore"], edge["node"]["revisionAfter"]) == (1, 0)


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"types": ["DRAFT_SAVED", "BRIEF_SUBMITTED"]}, ["brief", "draft"]),
        ({"entityTypes": ["DELIVERY_PACKAGE"]}, ["package", "package"]),
        ({"keys": ["draft", "package"]}, ["draft", "package", "package"]),
        ({"clientIds": ["acme"]}, ["brief"]),
        ({"entityTypes": ["DELIVERY_PACKAGE"], "types": ["DRAFT_SAVED"]}, []),
        ({"types": []}, []),
        ({"types": None}, ["brief", "draft", "package", "package"]),
        ({"callerKinds": ["OPERATOR"], "callerIds": ["local"]}, ["brief"]),
        ({"callerKinds": ["AGENT"]}, ["draft", "package"]),
        ({"callerIds": ["writer", "nobody"]}, ["draft", "package"]),
        ({"onBehalfOf": ["ada"]}, ["draft", "package"]),
        ({"callerKinds": ["AGENT"], "types": ["DRAFT_SAVED"]}, ["draft"]),
        ({"since": "2026-03-02T11:30:15.123456+01:00"}, ["package", "package"]),
        ({"until": "2026-03-02T10:30:15.123456Z"}, ["brief", "draft"]),
        ({"since": "2026-03-02T10:00:00Z", "until": "2026-03-02T11:00:00Z"}, ["package"]),
        ({"since": "2026-03-02T10:30:15.123456Z", "until": "2026-03-02T10:30:15.123456Z"}, []),
        ({"keys": ["package"], "since": "2026-03-02T11:00:00Z"}, ["package"]),
        (
            {"since": None, "until": None, "callerIds": None},
            ["brief", "draft", "package", "package"],
        ),
        ({}, ["brief", "draft", "package", "package"]),
    ],
)
async def test_events_are_filtered(
    schema: CompiledSchema,
    storage: Storage,
    clock: SettableClock,
    filter: Json,
    expected: list[str],
) -> None:
    """The second half of them is an hour later; an agent saved, and an operator began and ended."""
    saving = build.caller("save", kind=CallerKind.AGENT, id="writer", on_behalf_of="ada")
    deleting = build.caller("delete", kind=CallerKind.SYSTEM, id="cleaner")
    api, by_agent, by_system = (
        InProcess(schema, storage, caller=caller) for caller in (None, saving, deleting)
    )
    await api.do("submitIntake", inputs.submit_intake(briefId="brief", clientId="acme"))
    await DRAFT.put(by_agent, "draft")
    clock.move(hours=1)
    await PACKAGE.put(by_agent, "package")
    clock.move(hours=1)
    await by_system.do(PACKAGE.delete, PACKAGE.key_for_deleting("package"))

    assert keys(await page(api, filter=filter)) == expected
    assert keys(await page(api, last=10, filter=filter)) == expected


async def test_a_filter_of_too_many_keys_is_refused(api: InProcess) -> None:
    error = await api.fail(EVENTS, filter={"keys": ["key"] * 501})

    assert error["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith("filter.keys:")


async def test_a_filter_by_times_of_which_none_is_in_between_is_refused(api: InProcess) -> None:
    times = {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}

    error = await api.fail(EVENTS, filter=times)

    assert error["code"] == "BAD_USER_INPUT"
    assert error["message"] == "filter.until: must not be before `since`."


@pytest.mark.parametrize("argument", ["after", "before"])
async def test_a_cursor_of_another_list_is_refused(api: InProcess, argument: str) -> None:
    await PACKAGE.put(api)
    packages = await api.ask("{ deliveryPackages { pageInfo { endCursor } } }")
    foreign = packages["deliveryPackages"]["pageInfo"]["endCursor"]

    for cursor in (foreign, "garbage"):
        error = await api.fail(EVENTS, **{argument: cursor})

        assert error["code"] == "BAD_USER_INPUT"
        assert error["message"].startswith(f"{argument}:")


# What an event says


async def test_an_event_says_who_changed_what_when(
    schema: CompiledSchema, storage: Storage
) -> None:
    caller = build.caller("request-7", kind=CallerKind.SYSTEM, id="importer", on_behalf_of="ada")
    api = InProcess(schema, storage, caller=caller)
    await PACKAGE.put(api, "key")
    stored = await PACKAGE.put(api, "key", artifacts=[])
    await storage.sequence_events()

    data = await api.ask(
        """{ events(last: 1) { nodes {
            type entityType key revisionBefore revisionAfter clientId requestId occurredAt
            caller { kind callerId onBehalfOf } changedFields state
            entity { __typename id }
        } } }"""
    )

    [event] = data["events"]["nodes"]
    state = event.pop("state")
    assert {name: state[name] for name in ("packageId", "artifacts", "revision", "updatedAt")} == {
        "packageId": "key",
        "artifacts": [],
        "revision": 2,
        "updatedAt": stored["updatedAt"],
    }
    assert event == {
        "type": "DELIVERY_PACKAGE_SAVED",
        "entityType": "DELIVERY_PACKAGE",
        "key": "key",
        "revisionBefore": 1,
        "revisionAfter": 2,
        "clientId": None,
        "requestId": "request-7",
        "occurredAt": stored["updatedAt"],
        "caller": {"kind": "SYSTEM", "callerId": "importer", "onBehalfOf": "ada"},
        "changedFields": ["artifacts"],
        "entity": {"__typename": "DeliveryPackage", "id": stored["id"]},
    }


async def test_changes_are_told_by_their_paths(api: InProcess) -> None:
    for name in ("Old", "New"):
        artifact = inputs.artifact(name=name, url="https://files.example/first")
        await PACKAGE.put(api, "key", artifacts=[artifact, inputs.artifact()])

    data = await api.ask(
        """{ deliveryPackage(packageId: "key") {
            history(first: 1) { nodes { changes { path before after } } } } }"""
    )

    assert data["deliveryPackage"]["history"]["nodes"] == [
        {"changes": [{"path": ["artifacts", "0", "name"], "before": "Old", "after": "New"}]}
    ]


# Histories


@every_type
async def test_every_entity_has_its_history(api: InProcess, entity_type: TypeUnderTest) -> None:
    await entity_type.put(api)
    await entity_type.put(api, "other")
    await entity_type.put(api)
    await api.do(entity_type.delete, entity_type.key_for_deleting())
    await entity_type.put(api)

    data = await api.ask(
        f"""query($key: ID!) {{ it: {entity_type.name}({entity_type.key}: $key) {{
            history {{ nodes {{ key revisionBefore revisionAfter }} }} }} }}""",
        key="key",
    )

    assert data["it"]["history"]["nodes"] == [
        {"key": "key", "revisionBefore": before, "revisionAfter": after}
        for before, after in ((0, 3), (2, 0), (1, 2), (0, 1))
    ]


async def test_a_history_is_read_page_by_page(api: InProcess) -> None:
    for _ in range(5):
        await PACKAGE.put(api, "key")
    query = """query($after: String) { deliveryPackage(packageId: "key") {
        history(first: 2, after: $after) {
            nodes { revisionAfter } pageInfo { hasNextPage hasPreviousPage endCursor } } } }"""

    after, found = None, list[list[int]]()
    for _ in range(3):
        history = (await api.ask(query, after=after))["deliveryPackage"]["history"]
        found.append([node["revisionAfter"] for node in history["nodes"]])
        assert history["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = history["pageInfo"]["endCursor"]

    assert found == [[5, 4], [3, 2], [1]]
    assert history["pageInfo"]["hasNextPage"] is False


async def test_the_histories_of_a_list_take_one_statement(
    schema: CompiledSchema, database: Database
) -> None:
    api = InProcess(schema, create_storage(PersistenceMode.DB, database))
    query = """{ deliveryPackages(first: 100) { nodes {
        packageId history(first: 2) { nodes { key changes { path } entity { id } } }
        asOf(revision: 1) { revision artifacts { name } } } } }"""

    async def statements(count: int) -> int:
        for number in (*range(count), *range(count)):
            await PACKAGE.put(api, f"package-{number}")
        with watched(database) as ran:
            data = await api.ask(query)
        nodes = data["deliveryPackages"]["nodes"]
        assert len(nodes) == count
        assert all(
            {each["key"] for each in node["history"]["nodes"]} == {node["packageId"]}
            and node["asOf"]["revision"] == 1
            for node in nodes
        )
        return len(ran)

    assert await statements(1) == await statements(7)


# Entities as they were


@every_type
async def test_every_entity_is_there_as_it_was(
    api: InProcess, entity_type: TypeUnderTest, clock: SettableClock
) -> None:
    first = await entity_type.put(api)
    between = clock.now.isoformat()
    clock.move(hours=1)
    second = await entity_type.put(api)
    query = f"""query($key: ID!, $at: DateTime!) {{
      it: {entity_type.name}({entity_type.key}: $key) {{
        first: asOf(revision: 1) {{ {entity_type.fields} }}
        second: asOf(revision: 2) {{ {entity_type.fields} }}
        third: asOf(revision: 3) {{ id }}
        then: asOf(at: $at) {{ {entity_type.fields} }}
        long_ago: asOf(at: "1990-01-01T00:00:00Z") {{ id }} }} }}"""

    it = (await api.ask(query, key="key", at=between))["it"]

    assert it == {
        "first": first,
        "second": second,
        "third": None,
        "then": first,
        "long_ago": None,
    }


@pytest.mark.parametrize(
    "arguments", ["", '(revision: 1, at: "2026-01-01T00:00:00Z")', "(revision: null)"]
)
async def test_as_of_takes_a_revision_or_a_time(api: InProcess, arguments: str) -> None:
    await PACKAGE.put(api)

    response = await api.send(f"{{ deliveryPackages {{ nodes {{ asOf{arguments} {{ id }} }} }} }}")

    [error] = response["errors"]
    assert error["message"] == "revision, at: give one of them, and not both."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("revision", [0, -1])
async def test_a_revision_that_can_not_be_is_refused(api: InProcess, revision: int) -> None:
    await PACKAGE.put(api)

    response = await api.send(
        f"{{ deliveryPackages {{ nodes {{ asOf(revision: {revision}) {{ id }} }} }} }}"
    )

    [error] = response["errors"]
    assert error["message"] == f"revision: must be 1 or more, not {revision}."
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert response["data"] == {"deliveryPackages": {"nodes": [{"asOf": None}]}}


async def test_an_entity_is_in_the_future_as_it_is_now(api: InProcess) -> None:
    stored = await PACKAGE.put(api)

    data = await api.ask(
        '{ deliveryPackages { nodes { asOf(at: "9998-01-01T00:00:00Z") { updatedAt } } } }'
    )

    assert data["deliveryPackages"]["nodes"] == [{"asOf": {"updatedAt": stored["updatedAt"]}}]


async def test_what_was_removed_is_told_from_what_was_not_there(
    api: InProcess, clock: SettableClock
) -> None:
    begin = clock.now.isoformat()
    clock.move(hours=1)
    for key in ("old", "old", "once"):
        await PACKAGE.put(api, key)
    clock.move(days=3)
    await PACKAGE.put(api, "old")
    await api.storage.sequence_events()
    await api.storage.prune_events(timedelta(days=1))

    response = await api.send(
        """query($begin: DateTime!) {
          deliveryPackages(orderBy: { field: PACKAGE_ID, direction: ASC }) { nodes {
            first: asOf(revision: 1) { revision }
            second: asOf(revision: 2) { revision }
            fourth: asOf(revision: 4) { revision }
            begin: asOf(at: $begin) { revision }
            history { nodes { revisionAfter changes { path } changesKnown } }
          } }
        }""",
        {"begin": begin},
    )

    old, once = response["data"]["deliveryPackages"]["nodes"]
    assert [old[name] for name in ("first", "second", "fourth", "begin")] == [
        None,
        {"revision": 2},
        None,
        None,
    ]
    assert [once[name] for name in ("first", "second", "begin")] == [{"revision": 1}, None, None]
    assert {(*error["path"][2:],) for error in response["errors"]} == {(0, "first"), (0, "begin")}
    assert {error["extensions"]["code"] for error in response["errors"]} == {"STATE_EXPIRED"}
    assert old["history"]["nodes"] == [
        {"revisionAfter": 3, "changes": [], "changesKnown": True},
        {"revisionAfter": 2, "changes": [], "changesKnown": False},
    ]
    [saved] = once["history"]["nodes"]
    assert (bool(saved["changes"]), saved["changesKnown"]) == (True, True)
